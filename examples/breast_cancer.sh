#!/bin/sh
# breast_cancer.sh - the main job: which measurement tells malignant from benign, how surely?
# SPDX-License-Identifier: MIT
#
# usage: [BUILD=directory] examples/breast_cancer.sh
#
# Runs the program that was built in BUILD (default: build, beside this folder) on
# data/breast_cancer.csv, prints what comes out, and leaves plots and JSON in cadre-demo/
# in the current directory. Ends with status 1 if 1, 2 and 4 workers do not give the same
# bytes. Every command is shown as it could be typed in the project's folder.
set -eu
unset CDPATH
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build}
[ -x "$build/cadre" ] || build=$root/$build
[ -x "$build/cadre" ] || {
    echo "breast_cancer.sh: no program called cadre in ${BUILD:-$build}; make builds it" >&2
    exit 1
}
cadre=$(cd "$build" && pwd)/cadre

out=$(pwd)/cadre-demo
mkdir -p "$out"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$root"
out=${out#"$root"/}
data=data/breast_cancer.csv
first=mean_radius
second=mean_concave_points

# Say the command, then run it.
show() {
    echo
    echo "\$ cadre $*"
    "$cadre" "$@"
}

intervals() { # [option ...]
    "$cadre" bootstrap $data --label malignant --score all --method bca --resamples 10000 "$@"
}

difference() { # [option ...]
    "$cadre" compare $data --label malignant -a $first -b $second --resamples 10000 "$@"
}

echo "$("$cadre" --version | head -n 1): $(grep -c '^[01],' $data) patients, five measurements of each one's tumour."
echo "How well does each alone tell malignant (1) from benign (0), and how sure is that?"

echo
echo "1. What this machine offers, and what a job of 10 000 resamples would use:"
show explain --items 10000

echo
echo "2. The area under the ROC curve: the chance that a malignant tumour measures more"
echo "   than a benign one. 0.5 is a coin, 1 is perfect."
show bootstrap $data --label malignant --score all --method bca --resamples 10000

echo
echo "3. The intervals of $first and $second overlap. On resamples"
echo "   that both share, does 0 lie in the interval of their difference?"
show compare $data --label malignant -a $first -b $second --resamples 10000

intervals --format json --output "$out/auc.json"
difference --format json --output "$out/difference.json"
echo
echo "4. All digits, for programs to read:"
echo "   $out/auc.json  $out/difference.json"
if "$cadre" --version | grep -q '^plots: yes'; then
    for kind in svg png; do
        intervals --plot "$out/auc.$kind" >/dev/null
        difference --plot "$out/difference.$kind" >/dev/null
    done
    echo "   The intervals, and the distribution of the difference, as pictures:"
    echo "   $out/auc.png  $out/difference.png  (and .svg)"
fi

# The environment would win over --workers, and so is shut out here. More workers than
# CPUs are run, too; that as many run as are asked for, their plan says.
unset CADRE_WORKERS CADRE_BACKEND
run_with() { # workers
    workers=$1
    set -- --workers "$workers" --backend threads --oversubscribe
    intervals --format json "$@" >"$scratch/result.$workers"
    difference --format json "$@" >>"$scratch/result.$workers"
    "$cadre" explain "$@" >"$scratch/plan"
    grep -q "^workers:  $workers," "$scratch/plan" || {
        echo "breast_cancer.sh: the plan is not for $workers workers:" >&2
        cat "$scratch/plan" >&2
        exit 1
    }
}

echo
echo "5. The same with 1, 2 and 4 workers; SHA-256 of all digits of both results:"
for workers in 1 2 4; do
    run_with $workers
    printf '   %s  %s\n' "$workers" "$(sha256sum <"$scratch/result.$workers" | cut -d ' ' -f 1)"
done
cat "$out/auc.json" "$out/difference.json" >"$scratch/result.shown"
for other in 2 4 shown; do
    cmp "$scratch/result.1" "$scratch/result.$other" || {
        echo "   NOT the same bytes" >&2
        exit 1
    }
done
echo "   Same bytes."
