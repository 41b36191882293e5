# cadre.bash - completion of cadre for bash; what there is, the program says itself.
# SPDX-License-Identifier: MIT
_cadre()
{
    local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]} words=
    local command=${COMP_WORDS[1]} options
    options=$(cadre --dump-options)

    if ((COMP_CWORD == 1)) || [[ $COMP_CWORD == 2 && $command == help ]]; then
        words=$(cut -f1 <<<"$options" | sort -u)
        ((COMP_CWORD == 1)) && words+=" help --help --version"
    elif [[ $last == -* ]] && words=$(awk -F'\t' -v c="$command" -v o="$last" \
            '$1 == c && ($2 == o || "-" $3 == o) { print $4 }' <<<"$options") &&
            [[ $words == *'|'* ]]; then
        words=${words//|/ }
    elif [[ $word == -* ]]; then
        words=$(awk -F'\t' -v c="$command" '$1 == c { print $2 }' <<<"$options")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o filenames -F _cadre cadre
