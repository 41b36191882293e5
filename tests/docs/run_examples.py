#!/usr/bin/env python3
# run_examples.py - the programs in the manual compile without a warning, run, and print
# what the page says.
# SPDX-License-Identifier: MIT
#
# usage: run_examples.py ROOT --include FOLDER --library FOLDER... [--write FOLDER]
#            [--cxx "COMPILER [ARGUMENT...]"] [--flags=FLAGS] -- COMPILER [ARGUMENT...]
#
# Speaks TAP, a point for each program, in C++ if it includes <cadre/cadre.hpp>; those in C,
# and the examples, have to be C++17 too. --write leaves the programs and what they print
# in a folder, for whoever writes a page.
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import mdoc  # noqa: E402

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
LIBRARIES = ["-lcadre-stats", "-lcadre", "-lm", "-pthread"]
PATIENCE = 60  # seconds; a program takes a hundredth, but not under a sanitizer


# C11 alone: it has C's own atomics.
C_ONLY = {"cadre_backend"}


def is_cpp(program):
    return "<cadre/cadre.hpp>" in program.text


def compile_one(page, program, path, options):
    """The compiler's complaints then name the line of the page."""
    cpp = is_cpp(program)
    compiler = options.cxx.split() if cpp else options.compiler
    source = path.with_suffix(".cc" if cpp else ".c")
    source.write_text(f'#line {program.line + 1} "{page.shown}"\n{program.text}')
    paths = [f for folder in options.library for f in ("-L" + folder, "-Wl,-rpath," + folder)]
    return subprocess.run([*compiler, *options.flags.split(), "-std=c++17" if cpp else "-std=c11", *WARNINGS,
                           "-I" + options.include, str(source),
                           "-o", str(path), *paths, *LIBRARIES],
                          capture_output=True, text=True, timeout=PATIENCE)


def as_cpp(shown, line, text, options):
    """What C++ has against the program: fields out of order, pointers without a cast."""
    built = subprocess.run([*options.cxx.split(), "-x", "c++", "-std=c++17", "-Wall", "-Wextra",
                            "-Werror", "-Wno-missing-field-initializers", "-fsyntax-only",
                            "-I" + options.include, "-"],
                           input=f'#line {line + 1} "{shown}"\n{text}',
                           capture_output=True, text=True, timeout=PATIENCE)
    if built.returncode:
        yield "does not compile as C++17"
        yield from built.stderr.splitlines()


def run_one(program, path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CADRE_")}
    return subprocess.run([str(path)], input=program.stdin, capture_output=True, text=True,
                          timeout=PATIENCE, env={**environment, "LC_ALL": "C"})


def first_difference(expected, got):
    """The first line that differs, counted from 1, as it should be and as it is."""
    a, b = expected.splitlines(), got.splitlines()
    for i in range(max(len(a), len(b))):
        if a[i:i + 1] != b[i:i + 1]:
            return i + 1, (a[i:i + 1] or ["nothing"])[0], (b[i:i + 1] or ["nothing"])[0]
    return 0, expected, got


def complaints(page, program, path, options):
    built = compile_one(page, program, path, options)
    if built.returncode:
        yield "does not compile"
        yield from built.stderr.splitlines()
        return
    if options.cxx and page.name not in C_ONLY and not is_cpp(program):
        yield from as_cpp(page.shown, program.line, program.text, options)
    ran = run_one(program, path)
    if options.write:
        path.with_suffix(".out").write_text(ran.stdout)
    if ran.returncode:
        yield f"ends with status {ran.returncode}"
        yield from ran.stderr.splitlines()
    if program.stdout is None:
        yield "the page does not say what it prints"
    elif ran.stdout != program.stdout:
        line, expected, got = first_difference(program.stdout, ran.stdout)
        yield f"prints another line {line}: expected {expected!r}, got {got!r}"


def check(number, page, program, folder, options):
    if is_cpp(program) and not options.cxx:
        print(f"ok {number} - {page.at(program.line)} # SKIP no C++ compiler", flush=True)
        return True
    path = pathlib.Path(folder) / f"{page.name}-{program.line}"
    try:
        found = list(complaints(page, program, path, options))
    except subprocess.TimeoutExpired:
        found = [f"takes more than {PATIENCE} seconds"]
    for line in found:
        print(f"# {page.at(program.line)}: {line}")
    print(f"{'not ok' if found else 'ok'} {number} - {page.at(program.line)}", flush=True)
    return not found


def check_example(number, path, options):
    """The programs in examples/, which are built and run as C elsewhere."""
    found = list(as_cpp(path.name, 0, path.read_text(), options))
    for line in found:
        print(f"# {path.name}: {line}")
    print(f"{'not ok' if found else 'ok'} {number} - {path.name} as C++", flush=True)
    return not found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--include", required=True)
    parser.add_argument("--library", action="append", required=True)
    parser.add_argument("--write")
    parser.add_argument("--cxx", default="")
    parser.add_argument("--flags", default="")
    parser.add_argument("compiler", nargs="+")
    options = parser.parse_args()
    try:
        programs = [(page, program) for page in mdoc.pages(options.root.resolve(), "3")
                    for program in page.programs()]
    except mdoc.Broken as why:
        sys.exit(f"Bail out! {why}")
    examples = sorted((options.root.resolve() / "examples").glob("*.c")) if options.cxx else []
    print(f"1..{len(programs) + len(examples)}")
    with tempfile.TemporaryDirectory() as folder:
        passed = [check(number, page, program, options.write or folder, options)
                  for number, (page, program) in enumerate(programs, 1)]
    passed += [check_example(number, path, options)
               for number, path in enumerate(examples, len(programs) + 1)]
    sys.exit(0 if programs and all(passed) else 1)


main()
