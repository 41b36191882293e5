#!/bin/sh
# outside.sh - what is installed serves programs outside of the tree: by pkg-config and by
# CMake, in C and in C++, shared and static; and it runs from wherever it lies.
# SPDX-License-Identifier: MIT
#
# usage: outside.sh BUILD SOURCE_ROOT
set -eu
build=$1 root=$2
cc=${CC:-cc} cxx=${CXX:-c++}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"

DESTDIR=$scratch/root meson install -C "$build" --no-rebuild --quiet >/dev/null
# Nothing may be found by its old name, nor by luck.
mv "$scratch/root" "$scratch/moved"
pc=$(dirname "$(find "$scratch/moved" -name cadre.pc)")
libdir=$(dirname "$pc")
prefix=$scratch/moved$(PKG_CONFIG_PATH=$pc pkg-config --variable=prefix cadre)
export PKG_CONFIG_PATH="$pc" PKG_CONFIG_SYSROOT_DIR="$scratch/moved"
unset LD_LIBRARY_PATH CADRE_WORKERS CADRE_BACKEND || true

cp "$root/tests/builds/outside.c" "$scratch/outside.c"
cp "$root/tests/builds/outside.c" "$scratch/outside.cc"
cd "$scratch"

# A compiler's command; what it made must run and print this.
builds() {
    rm -f outside
    "$@" && equal "9 16 25" "$(LD_LIBRARY_PATH=$libdir ./outside)"
}

with_cmake() { # TARGET
    mkdir -p project && cp outside.c project/
    cat >project/CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.13)
project(outside C)
find_package(cadre 0.1 REQUIRED)
add_executable(outside outside.c)
target_link_libraries(outside PRIVATE $1)
END
    rm -rf made
    cmake -S project -B made -DCMAKE_PREFIX_PATH="$prefix" && cmake --build made &&
        equal "9 16 25" "$(made/outside)"
}

wrong_version() {
    sed -i 's/cadre 0.1/cadre 99.0/' project/CMakeLists.txt
    ! cmake -S project -B wrong -DCMAKE_PREFIX_PATH="$prefix"
}

if [ -e "$libdir/libcadre.so" ]; then
    # shellcheck disable=SC2046 # words are what we want
    point "C11" builds $cc -std=c11 -Wall -Wextra -Werror -pedantic outside.c -o outside \
        $(pkg-config --cflags --libs cadre)
    # shellcheck disable=SC2046
    point "C++17" builds $cxx -std=c++17 -Wall -Wextra -Werror -pedantic outside.cc \
        -o outside $(pkg-config --cflags --libs cadre)
    # shellcheck disable=SC2046
    point "a run path in the program" builds $cc outside.c -o outside \
        $(pkg-config --cflags --libs cadre) -Wl,-rpath,"$libdir"
    point "then it needs no LD_LIBRARY_PATH" equal "9 16 25" "$(./outside || true)"
    soname=$(objdump -p "$libdir/libcadre.so" | awk '/SONAME/ { print $2 }')
    point "the soname $soname is installed" test -e "$libdir/$soname"
fi
if [ -e "$libdir/libcadre.a" ]; then
    # shellcheck disable=SC2046
    point "C11, static" builds $cc -std=c11 outside.c -o outside \
        $(pkg-config --cflags cadre) "$libdir/libcadre.a" \
        $(pkg-config --static --libs-only-other cadre) -lm -pthread
fi
point "each header is installed" equal \
    "$(ls "$root/include/cadre")" "$(ls "$prefix/include/cadre")"
if [ -x "$prefix/bin/cadre" ]; then
    point "the program starts from where it lies" equal "cadre 0" \
        "$("$prefix/bin/cadre" --version 2>&1 | grep -o '^cadre [0-9]')"
fi
if [ -x "$prefix/libexec/cadre/cadre-plot" ]; then
    point "and finds what draws" "$prefix/bin/cadre" roc "$root/data/breast_cancer.csv" \
        --label malignant --score mean_radius -n 20 --plot drawn.svg -o /dev/null
    point "which draws" grep -q '</svg>' drawn.svg
fi
# Where each shell looks for completions; a build without the program has none.
for file in bash-completion/completions/cadre zsh/site-functions/_cadre \
    fish/vendor_completions.d/cadre.fish; do
    [ ! -x "$build/cadre" ] || point "$file is installed" test -f "$prefix/share/$file"
done
package=$(find "$scratch/moved" -name '_core.abi3.so')
if [ -n "$package" ]; then
    point "Python finds the package, and that the library" equal "[0, 1, 4]" \
        "$(PYTHONPATH=$(dirname "$(dirname "$package")") /usr/bin/python3 -c \
            'import cadre; print(cadre.map(lambda x: x * x, range(3), backend="processes"))' 2>&1)"
fi
if command -v cmake >/dev/null 2>&1; then
    point "CMake finds the library" with_cmake cadre::cadre
    point "CMake finds the statistics" with_cmake cadre::stats
    [ ! -e "$libdir/libcadre.a" ] ||
        point "CMake finds the static library" with_cmake cadre::cadre_static
    point "CMake refuses another version" wrong_version
fi
finish
