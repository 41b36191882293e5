#!/usr/bin/env python3
# readme.py - what README.md shows is so: its C compiles and runs, its commands say that.
# SPDX-License-Identifier: MIT
#
# usage: readme.py --root SOURCE --build BUILD [--cc COMPILER] [--sanitize WHICH]
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

    def check_c(self, number, text, expected):
        name = f"C block {number}"
        with tempfile.TemporaryDirectory() as folder:
            source, program = folder + "/block.c", folder + "/block"
            pathlib.Path(source).write_text(program_of(text))
            libraries = []
            for where, library in (("src/stats", "cadre-stats"), ("src", "cadre")):
                place = self.build / where
                libraries += [f"-L{place}", f"-l{library}", f"-Wl,-rpath,{place}"]
            sanitize = self.options.sanitize
            flags = [f"-fsanitize={sanitize}"] if sanitize not in ("", "none") else []
            _, problem = self.run(shlex.split(self.options.cc) + FLAGS + flags +
                                  [f"-I{self.options.root}/include", source, "-o", program] +
                                  libraries + ["-lm"])
            if problem:
                self.point(name, problem)
            else:
                self.compare(name, [program], expected)

    def check_console(self, text, differs):
        for command, printed in re.findall(r"^\$ (cadre .*)\n((?:(?!\$ ).*\n)*)", text, re.M):
            words = shlex.split(command)
            self.compare(command, [str(self.build / "cadre")] + words[1:],
                         None if differs else printed)

    def check(self):
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
        print(f"1..{self.points}")


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
