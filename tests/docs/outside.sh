#!/bin/sh
# outside.sh - programs outside of the tree build against the installed library, with
# what pkg-config says and nothing else: in C, in C++, shared and static.
# SPDX-License-Identifier: MIT
#
# usage: outside.sh BUILD SOURCE_ROOT
set -eu
build=$1 root=$2
cc=${CC:-cc} cxx=${CXX:-c++}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

DESTDIR=$dir/root meson install -C "$build" --no-rebuild --quiet >/dev/null
pc=$(dirname "$(find "$dir/root" -name cadre.pc)")
export PKG_CONFIG_PATH="$pc" PKG_CONFIG_SYSROOT_DIR="$dir/root"
LD_LIBRARY_PATH=$(dirname "$pc")
export LD_LIBRARY_PATH

cp "$root/tests/docs/outside.c" "$dir/outside.c"
cp "$root/tests/docs/outside.c" "$dir/outside.cc"
cd "$dir"
number=0
check() {
    number=$((number + 1))
    name=$1
    shift
    if "$@" >"$dir/log" 2>&1 && [ "$(./outside)" = "9 16 25" ]; then
        echo "ok $number - $name"
    else
        sed 's/^/# /' "$dir/log"
        echo "not ok $number - $name"
    fi
    rm -f outside
}

echo 1..6
# shellcheck disable=SC2046 # words are what we want
{
    check "C11" $cc -std=c11 -Wall -Wextra -Werror -pedantic outside.c -o outside \
        $(pkg-config --cflags --libs cadre)
    check "C++17" $cxx -std=c++17 -Wall -Wextra -Werror -pedantic outside.cc -o outside \
        $(pkg-config --cflags --libs cadre)
    check "C11, static" $cc -std=c11 outside.c -o outside $(pkg-config --cflags cadre) \
        "$LD_LIBRARY_PATH/libcadre.a" $(pkg-config --static --libs-only-other cadre) -lm -pthread
}
soname=$(objdump -p "$LD_LIBRARY_PATH/libcadre.so" | awk '/SONAME/ { print $2 }')
[ -e "$LD_LIBRARY_PATH/$soname" ] && echo "ok 4 - the soname $soname is installed" ||
    echo "not ok 4 - the soname $soname is installed"
for header in cadre random backend version; do
    [ -f "$dir/root$(pkg-config --variable=prefix cadre | sed "s|^$dir/root||")/include/cadre/$header.h" ] ||
        missing="${missing:-} $header.h"
done
[ -z "${missing:-}" ] && echo "ok 5 - headers are installed" || echo "not ok 5 - no$missing"

# Where each shell looks for completions; a build without the program has none.
share=$dir/root$(pkg-config --variable=prefix cadre | sed "s|^$dir/root||")/share
for file in bash-completion/completions/cadre zsh/site-functions/_cadre \
    fish/vendor_completions.d/cadre.fish; do
    [ ! -x "$build/cadre" ] || [ -f "$share/$file" ] || lacking="${lacking:-} $file"
done
[ -z "${lacking:-}" ] && echo "ok 6 - completions are installed" ||
    echo "not ok 6 - no$lacking"
