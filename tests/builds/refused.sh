#!/bin/sh
# refused.sh - builds that could not keep the promises end with a clear message.
# SPDX-License-Identifier: MIT
#
# usage: refused.sh SOURCE_ROOT
set -eu
root=$1
cc=${CC:-cc}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"

# A source of the library's own, compiled as its build compiles it.
compile() { # ARGUMENT...
    $cc -std=c11 -O1 -D_GNU_SOURCE -I"$root/include" -I"$root/src" "$@" \
        -include base/arithmetic.h -c "$root/src/random/floats.c" -o "$scratch/floats.o"
}

refuses() { # MESSAGE COMMAND...
    message=$1
    shift
    if "$@" >"$scratch/said" 2>&1; then
        echo "it was not refused: $*"
        return 1
    fi
    grep -q "$message" "$scratch/said" || {
        cat "$scratch/said"
        return 1
    }
}

arithmetic="would depend on the build: leave out -ffast-math"
point "without options it compiles" compile
point "-ffast-math" refuses "$arithmetic" compile -ffast-math
point "-Ofast" refuses "$arithmetic" compile -Ofast
point "-ffinite-math-only" refuses "$arithmetic" compile -ffinite-math-only

# 32 bit, for which no library need be there: Meson only compiles, the check comes first.
cat >"$scratch/small.ini" <<END
[binaries]
c = ['$cc', '-m32']
[properties]
needs_exe_wrapper = true
[host_machine]
system = 'linux'
cpu_family = 'x86'
cpu = 'i686'
endian = 'little'
END
case $($cc -dumpmachine) in
x86_64*)
    point "32 bit is refused at set-up" refuses "needs a 64-bit machine" \
        meson setup "$scratch/small" "$root" --cross-file "$scratch/small.ini"
    point "32 bit is refused by the compiler, too" refuses "needs a 64-bit machine" \
        $cc -m32 -fsyntax-only -include "$root/src/base/arithmetic.h" -x c /dev/null
    ;;
esac
finish
