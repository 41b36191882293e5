# cadre.fish - completion of cadre for fish; what there is, the program says itself.
# SPDX-License-Identifier: MIT

# Candidates for the word at the cursor, a tab and what each is.
function __cadre_complete
    set -l words (commandline -opc) # those before it; the first is the program
    set -l current (commandline -ct)
    set -l before ''
    set -l match (string match -r '^(--[^=]*=)(.*)$' -- $current)

    # Of --name=value fish completes all of the word.
    if set -q match[3]
        set before $match[2]
    end
    for line in ($words[1] --complete $words[2..-1] $current 2>/dev/null)
        if test "$line" = :files
            for path in (__fish_complete_path (string sub -s (math 1 + (string length -- "$before")) -- $current))
                printf '%s%s\n' $before $path
            end
        else
            printf '%s%s\n' $before $line
        end
    end
end

complete -c cadre -f -a '(__cadre_complete)'
