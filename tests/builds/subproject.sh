#!/bin/sh
# subproject.sh - inside another Meson project cadre is its libraries and nothing else.
# SPDX-License-Identifier: MIT
#
# usage: subproject.sh SOURCE_ROOT
set -eu
root=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"

project=$scratch/project
mkdir -p "$project/subprojects"
ln -s "$root" "$project/subprojects/cadre"
cp "$root/tests/builds/outside.c" "$project/program.c"
cat >"$project/meson.build" <<'END'
project('user', 'c')
executable('program', 'program.c', install: true,
           dependencies: [dependency('cadre', fallback: 'cadre'),
                          dependency('cadre-stats', fallback: 'cadre')])
END
cd "$project"
# Not one that is installed on this machine.
unset PKG_CONFIG_PATH DESTDIR || true
set_up() { meson setup "$@" --wrap-mode=forcefallback --prefix="$scratch/nowhere" --libdir=lib; }

names() { # FOLDER QUERY: the names of targets, tests or installed files
    meson introspect "$1" "$2" | python3 -c '
import json, sys
found = json.load(sys.stdin)
print(*sorted(found.values() if isinstance(found, dict) else (x["name"] for x in found)))'
}

point "it sets up" set_up static -Ddefault_library=static
point "the targets are the libraries and the program" \
    equal "cadre cadre-stats cadre_callers program" "$(names static --targets)"
point "there are no tests" equal "" "$(names static --tests)"
point "of static libraries nothing is installed" \
    equal "$scratch/nowhere/bin/program" "$(names static --installed)"
point "it builds" meson compile -C static
point "the program runs" equal "9 16 25" "$(static/program)"
point "default_library=static is obeyed: there is no shared library" \
    equal "" "$(find static -name '*.so*')"

point "it sets up with shared libraries" set_up shared
point "there are no tests" equal "" "$(names shared --tests)"
point "it builds" meson compile -C shared
point "it installs" env DESTDIR="$scratch/root" meson install -C shared --no-rebuild --quiet
point "nothing but the program and the shared libraries is installed" \
    equal "bin/program lib/libcadre-stats.so lib/libcadre.so" "$(cd "$scratch/root$scratch/nowhere" &&
        find . ! -type d | sed 's|^\./||; s|\.so.*|.so|' | sort -u | tr '\n' ' ' | sed 's/ $//')"
finish
