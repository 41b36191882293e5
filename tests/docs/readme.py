#!/usr/bin/env python3
# readme.py - what README.md shows is so: its C compiles and runs, its commands say that.
# SPDX-License-Identifier: MIT
#
# usage: readme.py --root SOURCE --build BUILD [--cc COMPILER] [--sanitize WHICH]
#
# Programs are compiled by the line that the README gives for that, "cc NAME.c ...", against
# what is installed from the build; the programs of examples/ are, too, and must link.
#
# Blocks of C: all after the last line that is a lone brace goes into main(), where there
# are already an error, a pool and a stream; a block with a main() of its own stays as it
# is. Blocks called "console": what begins with "$ cadre" is run in the source folder and
# must print what stands below it. The block after a line <!-- differs --> is run, too, but
# may print something else: it depends on the machine. A block called "text" right behind
# one of C is what that prints.
import argparse
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
DIFFERS = "<!-- differs -->\n"
COMPILE = re.compile(r"^cc (\w+\.c)( [^#\n]*pkg-config[^#\n]*)", re.M)
HEAD = """#include <cadre/cadre.h>
#include <cadre/random.h>
#include <cadre/stream.h>
#include <cadre/stats.h>
#include <math.h>
#include <stdio.h>
"""
MAIN = """
int main(void)
{
    cadre_error err = { 0 };
    cadre_pool *pool = NULL;
    cadre_stream *s = NULL;
    cadre_record r = { 0 };
    (void)err, (void)pool, (void)s, (void)r;
"""
FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wno-unused-parameter"]


def program_of(text):
    if re.search(r"^int main\(", text, re.M):
        return text
    head, brace, body = text.rpartition("\n}\n")
    return HEAD + head + brace + MAIN + body + "    return 0;\n}\n"


class Readme:
    def __init__(self, options):
        self.options = options
        self.build = pathlib.Path(options.build).resolve()
        self.text = (pathlib.Path(options.root) / "README.md").read_text()
        self.points = 0
        self.environment = dict(os.environ, LC_ALL="C")
        for name in ("CADRE_WORKERS", "CADRE_BACKEND"):
            self.environment.pop(name, None)

    def point(self, name, problem=None):
        self.points += 1
        print(f"{'not ok' if problem else 'ok'} {self.points} - {name}")
        for line in (problem or "").splitlines():
            print("#", line)

    def run(self, command):
        """(what it printed, what went wrong or None)"""
        done = subprocess.run(command, cwd=self.options.root, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120)
        if done.returncode:
            return done.stdout, f"status {done.returncode}: {done.stderr}"
        return done.stdout, None

    def compare(self, name, command, expected):
        """expected None: whatever it prints"""
        printed, problem = self.run(command)
        if not problem and expected is not None and printed != expected:
            problem = f"printed:\n{printed}instead of:\n{expected}"
        self.point(name, problem)

    def install(self, folder):
        """What the build installs, for pkg-config and the loader to find."""
        self.run(["meson", "install", "-C", str(self.build), "--no-rebuild", "--quiet",
                  "--destdir", folder])
        pc = next(pathlib.Path(folder).rglob("cadre.pc")).parent
        self.environment.update(PKG_CONFIG_PATH=str(pc), PKG_CONFIG_SYSROOT_DIR=folder,
                                LD_LIBRARY_PATH=str(pc.parent))

    def compile(self, source, program, flags):
        """As the README says; what went wrong, or None."""
        line = COMPILE.search(self.text)
        if not line:
            return "the README has no line that compiles: cc NAME.c $(pkg-config ...)"
        rest = line.group(2)
        if re.search(r"cadre_(bootstrap|metric)|cadre/stats", source.read_text()):
            rest = rest.replace("--libs cadre)", "--libs cadre-stats)")
        sanitize = self.options.sanitize
        if sanitize not in ("", "none"):
            flags = flags + [f"-fsanitize={sanitize}"]
        command = " ".join([self.options.cc, *flags, shlex.quote(str(source)), "-o",
                            shlex.quote(str(program))]) + rest
        return self.run(["sh", "-c", command])[1]

    def check_c(self, number, text, expected):
        name = f"C block {number}"
        with tempfile.TemporaryDirectory() as folder:
            source, program = pathlib.Path(folder, "block.c"), pathlib.Path(folder, "block")
            source.write_text(program_of(text))
            problem = self.compile(source, program, FLAGS)
            if problem:
                self.point(name, problem)
            else:
                self.compare(name, [str(program)], expected)

    def check_examples(self):
        """Those that need cadre and the standard library alone, as the README's do."""
        for source in sorted((pathlib.Path(self.options.root) / "examples").glob("*.c")):
            if '#include "' not in source.read_text():
                with tempfile.TemporaryDirectory() as folder:
                    self.point(f"examples/{source.name} compiles by the README's line",
                               self.compile(source, folder + "/program", ["-std=c11"]))

    def check_console(self, text, differs):
        for command, printed in re.findall(r"^\$ (cadre .*)\n((?:(?!\$ ).*\n)*)", text, re.M):
            words = shlex.split(command)
            self.compare(command, [str(self.build / "cadre")] + words[1:],
                         None if differs else printed)

    def check(self):
        with tempfile.TemporaryDirectory() as folder:
            self.install(folder)
            self.check_blocks()
            self.check_examples()
        print(f"1..{self.points}")

    def check_blocks(self):
        blocks = list(BLOCK.finditer(self.text))
        kinds = [b.group(1) for b in blocks]
        programs = 0
        for i, block in enumerate(blocks):
            if kinds[i] == "c":
                programs += 1
                printed = kinds[i + 1 : i + 2] == ["text"]
                self.check_c(programs, block.group(2),
                             blocks[i + 1].group(2) if printed else None)
            elif kinds[i] == "console" and (self.build / "cadre").exists():
                self.check_console(block.group(2),
                                   self.text[: block.start()].endswith(DIFFERS))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--sanitize", default="none")
    readme = Readme(parser.parse_args())
    readme.check()
    sys.exit(0 if readme.points else 1)


main()
