# tap.sh - test points for the shell; to be sourced.
# SPDX-License-Identifier: MIT
points=0 failures=0

# point NAME COMMAND...: passes if the command does; what it printed explains a failure.
point() {
    points=$((points + 1))
    what=$1
    shift
    if "$@" >"$scratch/point.log" 2>&1; then
        echo "ok $points - $what"
    else
        failures=$((failures + 1))
        tail -n 40 "$scratch/point.log" | sed 's/^/# /'
        echo "not ok $points - $what"
    fi
}

# equal EXPECTED FOUND
equal() {
    [ "$1" = "$2" ] || {
        printf 'expected: %s\nfound:    %s\n' "$1" "$2"
        return 1
    }
}

finish() {
    echo "1..$points"
    exit $((failures != 0))
}
