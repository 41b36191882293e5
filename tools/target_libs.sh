#!/bin/sh
# target_libs.sh - the libraries that the tests need, for a machine that has none of them.
# SPDX-License-Identifier: MIT
#
# usage: target_libs.sh COMPILER FOLDER
#
# Fetches Debian's sources of cmocka, jansson and libcsv, whose signatures apt-get checks,
# and builds static libraries of them into FOLDER. Installs nothing on this machine: the
# lists of source packages lie in FOLDER, too. Does nothing if FOLDER is complete.
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

with_cmake() { # NAME OPTION...
    name=$1
    shift
    cmake -S "$folder/$name" -B "$folder/$name/made" -DCMAKE_SYSTEM_NAME=Linux \
        -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
        -DCMAKE_INSTALL_PREFIX="$folder" -DCMAKE_INSTALL_LIBDIR=lib "$@"
    cmake --build "$folder/$name/made"
    cmake --install "$folder/$name/made"
}

build() {
    fetch cmocka jansson libcsv
    rm -f "$folder"/*.asc
    unpack cmocka && unpack jansson && unpack libcsv
    with_cmake cmocka -DWITH_STATIC_LIB=ON -DWITH_EXAMPLES=OFF -DUNIT_TESTING=OFF
    rm -f "$folder"/lib/libcmocka.so*
    mv "$folder/lib/libcmocka-static.a" "$folder/lib/libcmocka.a"
    sed -i 's/-I/-isystem /' "$folder/lib/pkgconfig/cmocka.pc"
    with_cmake jansson -DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON \
        -DJANSSON_EXAMPLES=OFF
    "$compiler" -O2 -fPIC -c "$folder/libcsv/libcsv.c" -o "$folder/libcsv/libcsv.o"
    rm -f "$folder/lib/libcsv.a"
    ar rc "$folder/lib/libcsv.a" "$folder/libcsv/libcsv.o"
    cp "$folder/libcsv/csv.h" "$folder/include/"
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
(set -e; build; link_kernel_headers) >"$log" 2>&1 &
if ! wait $!; then
    tail -n 40 "$log" >&2
    echo "target_libs.sh: cannot build them; the log is $log" >&2
    exit 1
fi
touch "$folder/complete"
