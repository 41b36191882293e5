#!/bin/sh
# check.sh - the tests with another compiler, C library or processor.
# SPDX-License-Identifier: MIT
#
# usage: check.sh clang|musl|aarch64
#
# clang, musl's C library, or aarch64 under qemu: unit tests, known answers, the contract on
# each backend with one number of workers, and same bytes. tools/left_out/ names what each
# leaves out, and why. Installs what it needs; where that cannot be had, it says so and counts
# one skipped test. Builds in build-WHICH, and ends with a line of counts.
set -eu
cd "$(dirname "$0")/.."
which=$1
skip() {
    echo "check-$which is left out: $1"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}
tools/setup.sh "$which" || skip "its packages cannot be installed here"
build=build-$which
ccache=$(command -v ccache >/dev/null 2>&1 && echo "'ccache', " || true)

# What Meson must know of another machine, and the libraries that the tests need there.
cross() { # COMPILER CPU
    status=0
    tools/target_libs.sh "$1" "$build-libs" || status=$?
    [ $status != 75 ] || skip "the sources of the libraries that tests need cannot be fetched"
    [ $status = 0 ] || exit $status
    cat >"$build-libs/cross.ini" <<END
[constants]
libs = '$PWD/$build-libs'
[binaries]
c = [$ccache'$1']
cpp = '/nonexistent' # none is for this machine
ar = 'ar'
strip = 'strip'
pkgconfig = 'pkg-config'
cmake = '/nonexistent'
[properties]
pkg_config_libdir = libs / 'lib/pkgconfig'
needs_exe_wrapper = false
[built-in options]
c_args = ['-isystem', libs / 'include', '-isystem', libs / 'kernel']
c_link_args = ['-L' + libs / 'lib', '-Wl,--build-id=sha1']
[host_machine]
system = 'linux'
cpu_family = '$2'
cpu = '$2'
endian = 'little'
END
}

case $which in
clang)
    mkdir -p build-clang-libs
    printf "[binaries]\nc = [%s'clang']\ncpp = [%s'clang++']\n" "$ccache" "$ccache" \
        >build-clang-libs/cross.ini
    set -- --native-file build-clang-libs/cross.ini
    ;;
musl)
    cross musl-gcc x86_64
    set -- --cross-file $build-libs/cross.ini -Dplot=disabled -Dgzip=disabled -Dhdf5=disabled
    ;;
aarch64)
    cross aarch64-linux-gnu-gcc aarch64
    sed -i "s|^ar = 'ar'|ar = 'aarch64-linux-gnu-ar'|; s|^strip = 'strip'|strip = 'aarch64-linux-gnu-strip'|
        s|^cmake = .*|&\nexe_wrapper = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu']|
        s|^needs_exe_wrapper = .*|needs_exe_wrapper = true|" $build-libs/cross.ini
    set -- --cross-file $build-libs/cross.ini -Dplot=disabled -Dgzip=disabled -Dhdf5=disabled
    # qemu can start no worker of aarch64: this machine's kernel does not know how
    export CADRE_TEST_WITHOUT=persistent
    ;;
*)
    echo "usage: check.sh clang|musl|aarch64" >&2
    exit 64
    ;;
esac

[ -f $build/build.ninja ] ||
    meson setup $build -Dtests=enabled -Dbench=disabled -Ddefault_library=both -Dpython=disabled \
        -Dhdf5=disabled -Doptimization=1 -Ddebug=false "$@" >/dev/null ||
    { tail -n 20 $build/meson-logs/meson-log.txt && exit 1; }
meson compile -C $build >$build/compile.log 2>&1 || { tail -n 60 $build/compile.log && exit 1; }
if grep -A 8 'warning:' $build/compile.log; then
    echo "check.sh: no warnings, please"
    exit 1
fi
exec tools/test.py $build --leave-out tools/left_out/$which --timeout-multiplier 4 \
    --suite unit --suite golden --suite contract --suite cli --no-suite slow --no-suite larger --no-suite docs
