#!/usr/bin/env python3
# check_includes.py - who may include whom, and no circles.
# SPDX-License-Identifier: MIT
#
# usage: check_includes.py ROOT
#
# The folders of src/ are storeys: a file may include what is in its own folder and in
# the folders that its row names. CONTRIBUTING.md shows the same table.
import os
import pathlib
import re
import sys

BASE = ["base/"]
MACHINE = BASE + ["machine/"]
CODE = MACHINE + ["code/"]
MEMORY = MACHINE + ["memory/"]
BOARD = BASE + ["memory/", "core/board/"]
RUN = BOARD + ["machine/", "code/", "random/", "core/run/"]
WORK = RUN + ["core/work/"]
FAULT = RUN + ["core/fault/"]
LEASE = WORK + ["core/fault/", "core/lease/"]
PLAN = MACHINE + ["backends/table.h", "core/plan/"]
POOL = RUN + ["backends/table.h", "core/plan/", "core/pool/"]
CALLER = POOL + ["core/work/", "core/fault/", "core/lease/"]

# Folder: prefixes of the project's own headers that its files may include, beside the
# public ones that the row begins with. The longest folder that fits a path counts.
RULES = {
    "include/cadre": ["cadre/"],
    "src/base": ["cadre/cadre.h", "cadre/version.h"],
    "src/machine": ["cadre/cadre.h", *BASE],
    "src/memory": ["cadre/cadre.h", "cadre/pack.h", *MACHINE],
    "src/code": ["cadre/cadre.h", "cadre/worker.h", *MACHINE],
    "src/random": ["cadre/random.h", "cadre/version.h"],
    "src/core/board": ["cadre/", *BOARD],
    "src/core/run": ["cadre/", *RUN],
    "src/core/work": ["cadre/", *WORK],
    "src/core/fault": ["cadre/", *FAULT],
    "src/core/lease": ["cadre/", *LEASE],
    "src/core": ["cadre/", *LEASE],
    "src/backends": ["cadre/", *MEMORY, "code/", "backends/"],
    "src/core/plan": ["cadre/", *PLAN],
    "src/core/pool": ["cadre/", *POOL],
    "src/core/map": ["cadre/", *CALLER, "core/map/"],
    "src/core/stream": ["cadre/", *CALLER, "core/stream/"],
    "src/stats": ["cadre/"],
    "mpi": ["cadre/"],
    "plot": [],
    "cli": ["cadre/", "plot/"],
    "bindings/python": ["cadre/"],
    "examples": ["cadre/", "plot/"],
    "bench": ["cadre/"],
    "bench/simulator": ["cadre/", "dispatch.h", "nap.h"],
    "tests/contract": ["cadre/", "contract.h", "streams.h", "pipes.h", "watch.h"],
}
NOT_IN_PUBLIC_HEADERS = {"pthread.h", "mpi.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def rule_of(path):
    folder = path.parent
    while str(folder) not in (".", ""):
        if str(folder) in RULES:
            return str(folder), RULES[str(folder)]
        folder = folder.parent
    return None, None


def complaints(path):
    folder, allowed = rule_of(path)
    if folder is None:
        return
    own = folder.removeprefix("src/").removeprefix("include/") + "/"
    for bracket, name in INCLUDE.findall(path.read_text()):
        ours = bracket == '"' or name.startswith("cadre/")
        beside = (path.parent / name).exists()
        if folder == "include/cadre" and name in NOT_IN_PUBLIC_HEADERS and \
                path.name != name:
            yield f"{path}: a public header includes <{name}>"
        elif not ours or beside or name.startswith(own):
            continue
        elif not any(name.startswith(prefix) for prefix in allowed):
            yield f"{path}: {folder} may not include {name}"


def main():
    os.chdir(pathlib.Path(sys.argv[1]))
    files = [p for d in ("include", "src", "mpi", "plot", "cli", "bindings", "examples", "bench",
                             "tests")
             for p in sorted(pathlib.Path(d).rglob("*"))
             if p.suffix in (".c", ".h", ".cc", ".cpp", ".hpp")]
    found = [c for p in files for c in complaints(p)]
    print("\n".join(found) or f"{len(files)} files keep the include rule")
    sys.exit(1 if found or not files else 0)


main()
