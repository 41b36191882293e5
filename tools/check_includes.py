#!/usr/bin/env python3
# check_includes.py - who may include whom, as CONTRIBUTING.md says.
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys

# Folder: prefixes of the project's own headers that its files may include. A folder's
# own headers, by name alone or by its path, are always allowed.
RULES = {
    "include/cadre": ["cadre/"],
    "src/base": ["cadre/cadre.h", "cadre/version.h"],
    "src/random": ["cadre/random.h", "cadre/version.h"],
    "src/backends": ["cadre/", "base/"],
    "src/core": ["cadre/", "base/", "random/", "backends/table.h"],
    "src/stats": ["cadre/"],
    "cli": ["cadre/"],
    "examples": ["cadre/"],
    "bench": ["cadre/"],
    "tests/contract": ["cadre/", "contract.h"],
}
NOT_IN_PUBLIC_HEADERS = {"pthread.h", "mpi.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def rule_of(path):
    for folder, allowed in RULES.items():
        if str(path).startswith(folder + "/") or (
            folder == "tests/contract" and str(path).startswith(folder + "_")
        ):
            return folder, allowed
    return None, None


def complaints(path):
    folder, allowed = rule_of(path)
    if folder is None:
        return
    own = folder.removeprefix("src/").removeprefix("include/") + "/"
    for bracket, name in INCLUDE.findall(path.read_text()):
        ours = bracket == '"' or name.startswith("cadre/")
        beside = (path.parent / name).exists()
        if folder == "include/cadre" and name in NOT_IN_PUBLIC_HEADERS:
            yield f"{path}: a public header includes <{name}>"
        elif not ours or beside or name.startswith(own):
            continue
        elif not any(name.startswith(prefix) for prefix in allowed):
            yield f"{path}: {folder} may not include {name}"


def main():
    root = pathlib.Path(sys.argv[1])
    import os

    os.chdir(root)
    files = [p for d in ("include", "src", "cli", "examples", "bench", "tests")
             for p in sorted(pathlib.Path(d).rglob("*.[ch]"))]
    found = [c for p in files for c in complaints(p)]
    print("\n".join(found) or f"{len(files)} files keep the include rule")
    sys.exit(1 if found or not files else 0)


main()
