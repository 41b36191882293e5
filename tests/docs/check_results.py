#!/usr/bin/env python3
# check_results.py - the keys that the program writes are those of its manual, and no others.
# SPDX-License-Identifier: MIT
#
# usage: check_results.py ROOT CADRE
#
# Runs that bring every option which has keys of its own; their JSON, at any depth, against what
# is marked as a variable in the pages on results and on curves. CSV must have no other columns.
import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import mdoc  # noqa: E402

PAGES = ("cadre-results", "cadre-roc")
LABEL = "-l malignant --score mean_radius"
RUNS = [
    f"bootstrap rows.csv {LABEL} --score flat -m roc_auc,f1 --null 0.4 --adjust holm --power 0.8",
    f"bootstrap rows.csv {LABEL} --by site --until-error 9 --weight w --stratify fold --explain",
    f"bootstrap rows.csv {LABEL} --cluster fold -m pearson,quantile --other w --level 0.3",
    f"bootstrap rows.csv {LABEL} --block fold",
    f"bootstrap rows.csv {LABEL} --validation more.csv -m f1",
    "bootstrap rows.csv -l site --score p_{} --macro -m ece_equal_width",
    "bootstrap rows.csv -l site --class s1 --score mean_radius --method delong",
    "compare rows.csv -l malignant -a mean_radius -b mean_texture --by site --explain",
    "compare rows.csv -l malignant -a mean_radius -b mean_texture --validation more.csv -m f1",
    f"roc rows.csv {LABEL} --points 5 --by site --select youden --explain",
]


def make_rows(root, folder):
    with open(root / "data" / "breast_cancer.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row.update(site=f"s{number % 2}", fold=number % 4, w=1 + number % 3, flat=1,
                   p_s0=number % 7 / 8, p_s1=number % 5 / 8)
    for name, part in ("rows.csv", rows[:300]), ("more.csv", rows[300:]):
        with open(folder / name, "w", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(part)


def run(program, arguments, form, folder):
    command = [program, *arguments.split(), "-f", form, "-n", "60"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def keys_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def written(program, folder):
    found = {}
    for arguments in RUNS:
        for key in keys_of(json.loads(run(program, arguments, "json", folder))):
            found.setdefault(key, f"JSON of cadre {arguments}")
        for key in next(csv.reader(io.StringIO(run(program, arguments, "csv", folder)))):
            found.setdefault(key, f"CSV of cadre {arguments}")
    return found


def documented(root):
    """What follows Va, alone on a line or as the names of an item."""
    for page in mdoc.pages(root, "1"):
        for line in page.lines if page.name in PAGES else ():
            names = line.words[2:] if line.words[:2] == ["It", "Va"] else ()
            for word in [*line.after("Va"), *names]:
                if word not in mdoc.PUNCTUATION:
                    yield word, page.at(line.number)


def main():
    root, program = pathlib.Path(sys.argv[1]), os.path.abspath(sys.argv[2])
    pages = dict(documented(root))
    with tempfile.TemporaryDirectory() as folder:
        make_rows(root, pathlib.Path(folder))
        found = written(program, folder)
    complaints = [f"{found[key]}: no page has {key}" for key in sorted(set(found) - set(pages))]
    complaints += [f"{pages[key]}: no run has {key}" for key in sorted(set(pages) - set(found))]
    print("\n".join(complaints) or f"{len(found)} keys are in the manual, and no others")
    sys.exit(1 if complaints else 0)


main()
