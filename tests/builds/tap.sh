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

# within SECONDS COMMAND...: until it succeeds.
within() {
    until=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$until" ] || return 1
        sleep 0.1
    done
}

# No process has a command line like this, once those that were killed are gone.
none_is_left() { within 10 none_matches "$1"; }
none_matches() { ! pgrep -f "$1"; }

finish() {
    echo "1..$points"
    exit $((failures != 0))
}
