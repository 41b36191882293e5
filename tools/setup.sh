#!/bin/sh
# setup.sh - install the packages that a task needs and this machine lacks, by name.
# SPDX-License-Identifier: MIT
#
# usage: setup.sh [--look] [TASK...]
#
# Tasks: run (the default), test, bench, sanitize, clang, musl, aarch64, peers, or all:
# all. As root, or where sudo asks for no password, it says what it installs and does so.
# Otherwise, and with --look, it prints the line to type and stops. Where there is no
# apt-get it names what to provide, and goes on: what is missing then, the build says.
set -eu

# A package, and how to see that what it brings is there.
run_needs='
gcc            command gcc
meson          command meson
ninja-build    command ninja
pkg-config     command pkg-config
python3        command python3
libc6-dev      header stdio.h
libjansson-dev module jansson
libcsv-dev     header csv.h
libcairo2-dev  module cairo
libpango1.0-dev module pangocairo
zlib1g-dev     module zlib
libsqlite3-dev module sqlite3
fonts-dejavu-core   font DejaVuSans.ttf
fonts-wqy-microhei  font wqy-microhei.ttc
'
test_needs='
libcmocka-dev  module cmocka
libhdf5-dev    module hdf5
g++            command g++
clang-format   command clang-format
cmake          command cmake
mandoc         command mandoc
sqlite3        command sqlite3
parallel       command parallel
python3-dev    module python3
python3-numpy  python numpy
python3-hypothesis   python hypothesis
python3-cloudpickle  python cloudpickle
python3-mpi4py       python mpi4py
openmpi-bin    command mpiexec.openmpi
libopenmpi-dev module ompi-c
mpich          command mpiexec.mpich
libmpich-dev   module mpich
iproute2       file /usr/sbin/ip
procps         command ps
munge          file /usr/sbin/munged
slurmctld      file /usr/sbin/slurmctld
slurmd         file /usr/sbin/slurmd
slurm-client   command srun
libpmix2       file /usr/share/doc/libpmix2
'
clang_needs='
clang          command clang
'
sanitize_needs='
valgrind       command valgrind
python3-mesonpy  python mesonpy
python3-venv     python ensurepip
python3-pip      python pip
'
musl_needs='
musl-tools     command musl-gcc
xz-utils       command xz
'
aarch64_needs='
gcc-aarch64-linux-gnu  command aarch64-linux-gnu-gcc
libc6-dev-arm64-cross  file /usr/aarch64-linux-gnu/include/stdio.h
qemu-user              command qemu-aarch64
xz-utils               command xz
'
bench_needs='
libtbb-dev       module tbb
libhts-dev       module htslib
libglib2.0-dev   module glib-2.0
python3-numpy  python numpy
python3-sklearn  python sklearn
python3-joblib   python joblib
python3-scipy    python scipy
python3-mpi4py   python mpi4py
openmpi-bin      command mpiexec.openmpi
libopenmpi-dev   module ompi-c
r-base-core      command Rscript
r-cran-boot      file /usr/lib/R/library/boot
r-cran-proc      file /usr/lib/R/site-library/pROC
'

peers_needs='
python3-numpy    python numpy
python3-scipy    python scipy
python3-sklearn  python sklearn
r-base-core      command Rscript
r-cran-boot      file /usr/lib/R/library/boot
r-cran-proc      file /usr/lib/R/site-library/pROC
'

needs_of() {
    case $1 in
    run) echo "$run_needs" ;;
    test) echo "$run_needs$test_needs" ;;
    bench) echo "$run_needs$bench_needs" ;;
    sanitize) echo "$run_needs$test_needs$clang_needs$sanitize_needs" ;;
    clang) echo "$run_needs$test_needs$clang_needs" ;;
    musl) echo "$run_needs$test_needs$musl_needs" ;;
    peers) echo "$run_needs$peers_needs" ;;
    aarch64) echo "$run_needs$test_needs$aarch64_needs" ;;
    all)
        echo "$run_needs$test_needs$clang_needs$sanitize_needs$musl_needs$aarch64_needs"
        echo "$bench_needs$peers_needs"
        ;;
    *)
        echo "setup: no task called \"$1\"; there are: run, test, bench, sanitize, clang," \
            "musl, aarch64, peers, all" >&2
        exit 64
        ;;
    esac
}

there() {
    case $1 in
    command) command -v "$2" >/dev/null 2>&1 ;;
    module) pkg-config --exists "$2" 2>/dev/null ;;
    python) /usr/bin/python3 -c "import $2" 2>/dev/null ;;
    font) find /usr/share/fonts /usr/local/share/fonts -name "$2" 2>/dev/null | grep -q . ;;
    file) [ -e "$2" ] ;;
    header) echo "#include <$2>" | ${CC:-cc} -E - >/dev/null 2>&1 ;;
    esac
}

missing() {
    echo "$1" | sort -u | while read -r package kind name; do
        [ -z "$package" ] || there "$kind" "$name" || printf ' %s' "$package"
    done
}

look=false
[ "${1:-}" != --look ] || { look=true && shift; }
[ $# -gt 0 ] || set -- run
wanted=
for task in "$@"; do
    wanted="$wanted
$(needs_of "$task")"
done
packages=$(missing "$wanted")
[ -n "$packages" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: this system has no apt-get; for everything, install what provides:$packages" >&2
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root=sudo
else
    as_root='sudo '
fi
if $look || [ "$as_root" = 'sudo ' ]; then
    echo "setup: missing packages; type:  ${as_root}apt-get install -y$packages" >&2
    exit 1
fi
echo "setup: installing, with apt-get:$packages"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends $packages >/dev/null
