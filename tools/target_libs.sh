#!/bin/sh
# target_libs.sh - the libraries that the tests need, for a machine that has none of them.
# SPDX-License-Identifier: MIT
#
# usage: target_libs.sh COMPILER FOLDER
#
# Fetches Debian's sources of cmocka, jansson and libcsv, whose signatures apt-get checks,
# and builds static libraries of them into FOLDER. Installs nothing on this machine: the
# lists of source packages lie in FOLDER, too. Does nothing if FOLDER is complete. Ends with
# status 75 if the sources cannot be fetched.
set -eu
compiler=$1 folder=$2
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
[ ! -f "$folder/complete" ] || exit 0
log=$folder/log

fetch() { # SOURCE_PACKAGE...
    apt=$folder/apt
    mkdir -p "$apt/parts" "$apt/lists/partial" "$apt/cache/archives/partial"
    for list in /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" >"$apt/parts/${list##*/}"
    done
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -f "$list" ] || sed -n 's/^deb /deb-src /p' "$list" >"$apt/parts/${list##*/}.list"
    done
    set -- -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/parts" \
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -- "$@"
    options=
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    shift
    # shellcheck disable=SC2086 # no option has a blank in it
    (cd "$folder" && apt-get $options update && apt-get $options source --download-only "$@")
    rm -rf "$apt"
}

unpack() { # NAME: its folder
    mkdir -p "$folder/$1"
    tar -xf "$folder/$1"_*.orig.tar.* -C "$folder/$1" --strip-components=1
}

# library NAME ARGUMENT...: compiles its sources, and makes an archive of them.
library() {
    name=$1
    shift
    mkdir -p "$folder/$name/made"
    (cd "$folder/$name/made" && "$compiler" -std=gnu11 -O2 -fPIC -D_GNU_SOURCE "$@" -c)
    ar rc "$folder/lib/lib$name.a" "$folder/$name"/made/*.o
}

pkg_config() { # NAME
    cat >"$folder/lib/pkgconfig/$1.pc" <<END
Name: $1
Description: $1, for the tests on another machine
Version: $(echo "$folder/$1"_*.orig.tar.* | sed 's/.*_//; s/[+.][a-z].*//')
Libs: -L$folder/lib -l$1
Cflags: -isystem $folder/include
END
}

# What their own configuration would find on any Linux.
build() {
    rm -rf "$folder"/*.asc "$folder"/*/made
    mkdir -p "$folder/lib/pkgconfig" "$folder/include"
    unpack cmocka
    library cmocka -I"$folder/cmocka/include" -DHAVE_MALLOC_H -DHAVE_INTTYPES_H \
        -DHAVE_SIGNAL_H -DHAVE_STRINGS_H -DHAVE_STRUCT_TIMESPEC -DHAVE_CLOCK_REALTIME \
        -DHAVE_GCC_THREAD_LOCAL_STORAGE -DHAVE_SIGLONGJMP -DHAVE_STRSIGNAL \
        "$folder/cmocka/src/cmocka.c"
    cp "$folder"/cmocka/include/cmocka*.h "$folder/include"
    pkg_config cmocka
    unpack jansson
    : >"$folder/include/jansson_private_config.h" # what it would say is given below
    sed 's/@json_inline@/inline/; s/@json_[a-z_]*@/1/' \
        "$folder/jansson/src/jansson_config.h.in" >"$folder/include/jansson_config.h"
    cp "$folder/jansson/src/jansson.h" "$folder/include"
    library jansson -I"$folder/include" -DHAVE_STDINT_H -DHAVE_LOCALE_H -DHAVE_SETLOCALE \
        -DINITIAL_HASHTABLE_ORDER=3 "$folder"/jansson/src/*.c
    pkg_config jansson
    unpack libcsv
    library csv -I"$folder/libcsv" "$folder/libcsv/libcsv.c"
    cp "$folder/libcsv/csv.h" "$folder/include"
}

# The kernel's headers, which Debian's musl does not bring.
link_kernel_headers() {
    mkdir -p "$folder/kernel"
    "$compiler" -E -include linux/futex.h -x c /dev/null >/dev/null 2>&1 && return
    ln -sfn /usr/include/linux "$folder/kernel/linux"
    ln -sfn /usr/include/asm-generic "$folder/kernel/asm-generic"
    ln -sfn "/usr/include/$(cc -print-multiarch)/asm" "$folder/kernel/asm"
}

echo "target_libs.sh: fetching and building cmocka, jansson and libcsv for $compiler"
# In the background, since set -e has no effect in the condition of an `if`.
(set -e; fetch cmocka jansson libcsv) >"$log" 2>&1 &
if ! wait $!; then
    tail -n 10 "$log" >&2
    exit 75
fi
(set -e; build; link_kernel_headers) >>"$log" 2>&1 &
if ! wait $!; then
    tail -n 40 "$log" >&2
    echo "target_libs.sh: cannot build them; the log is $log" >&2
    exit 1
fi
touch "$folder/complete"
