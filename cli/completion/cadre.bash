# cadre.bash - completion of cadre for bash; what there is, the program says itself.
# SPDX-License-Identifier: MIT

# Words as the program gets them, in `words`: bash takes --name=value apart at the equals
# sign, and leaves quotes and backslashes in.
_cadre_words()
{
    local word glue=
    words=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ $word == = && ${words[-1]-} == --* ]]; then
            words[-1]+==
            glue=1
            continue
        fi
        word=${word//[\"\'\\]/}
        word=${word/#\~\//$HOME/}
        if [[ $glue ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        glue=
    done
}

_cadre()
{
    local words candidate current lines=() files=
    _cadre_words
    current=${words[-1]-}
    [[ $current == --*=* ]] && current=${current#*=}
    COMPREPLY=()
    mapfile -t lines < <("${COMP_WORDS[0]/#\~\//$HOME/}" --complete "${words[@]}" 2>/dev/null)
    for candidate in "${lines[@]}"; do
        if [[ $candidate == :files ]]; then
            files=1
            continue
        fi
        candidate=${candidate%%$'\t'*}
        [[ $candidate == "$current"* ]] || continue
        printf -v candidate %q "$candidate"
        COMPREPLY+=("${candidate//\\,/,}") # a comma needs no backslash
    done
    if [[ $files ]]; then
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null # outside of a completion there is none
    fi
}
complete -F _cadre cadre
