#!/usr/bin/env python3
# check_circles.py - no circle of files in a library or a package.
# SPDX-License-Identifier: MIT
#
# usage: check_circles.py LIBRARY.a | PACKAGE
#
# In C, a file depends on another when it calls a function that the other defines, or takes
# its address: as the symbols of the static library have it. In Python, a module depends on
# those that it imports, in whichever function. A circle means that a function is in the
# wrong file.
import ast
import collections
import pathlib
import re
import subprocess
import sys

LINE = re.compile(r".*?\[(?:.*/)?(.+?)\.c\.o\]: (\S+) ([A-Za-z])")


def read_library(library):
    """{file: {other: [symbols]}} of one static library."""
    text = subprocess.run(["nm", "-A", "--format=posix", library], check=True,
                          capture_output=True, text=True).stdout
    defined, wanted = {}, collections.defaultdict(set)
    for match in map(LINE.match, text.splitlines()):
        if match and match[3] in "TDBRVW":
            defined[match[2]] = match[1]
        elif match and match[3] == "U":
            wanted[match[1]].add(match[2])
    edges = collections.defaultdict(lambda: collections.defaultdict(list))
    for file, symbols in wanted.items():
        for symbol in sorted(symbols & defined.keys()):
            if defined[symbol] != file:
                edges[file][defined[symbol]].append(symbol)
    return edges


def imports(tree, package):
    """(name, line) of each import in a module of that package: of modules, and of what they
    have. In whichever function it is, and by importlib, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) + 1 - node.level] if node.level else []
            base = ".".join([*base, node.module] if node.module else base)
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            yield from ((arg.value, node.lineno) for arg in node.args[:1]
                        if isinstance(arg, ast.Constant))


def module_of(name, modules):
    """The module that a name is, or is in; None for other packages. What a package has that is
    private and no module is an extension."""
    if name in modules:
        return name
    outer, _, inner = name.rpartition(".")
    package = any(module.startswith(outer + ".") for module in modules)
    return outer if outer in modules and not (package and inner.startswith("_")) else None


def read_package(folder):
    """{module: {other: [lines]}} of one package of Python, with those in it."""
    edges = collections.defaultdict(lambda: collections.defaultdict(list))
    modules = {}
    for path in sorted(folder.rglob("*.py")):
        *package, name = (folder.name, *path.relative_to(folder).with_suffix("").parts)
        full = ".".join(package if name == "__init__" else [*package, name])
        modules[full] = package, ast.parse(path.read_text())
    for module, (package, tree) in modules.items():
        for name, line in sorted(imports(tree, package)):
            other = module_of(name, modules)
            if other not in (None, module) and f"line {line}" not in edges[module][other]:
                edges[module][other].append(f"line {line}")
    return edges


def reachable(edges, start):
    seen, todo = set(), [start]
    while todo:
        for other in edges.get(todo.pop(), {}):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def circles(edges):
    """Sets of files that all depend on each other."""
    reach = {file: reachable(edges, file) for file in list(edges)}
    found = {frozenset(o for o in reach[f] if f in reach.get(o, ())) for f in reach
             if f in reach[f]}
    return sorted(sorted(circle) for circle in found)


def main():
    path = pathlib.Path(sys.argv[1])
    edges = read_package(path) if path.is_dir() else read_library(path)
    found = circles(edges)
    for circle in found:
        print(f"{len(circle)} files need each other: {' '.join(circle)}")
        for file in circle:
            for other in sorted(set(edges[file]) & set(circle)):
                print(f"    {file} -> {other}: {' '.join(edges[file][other])}")
    print(f"{len(found)} circles in {len(edges)} files")
    sys.exit(1 if found or not edges else 0)


main()
