#!/usr/bin/env python3
# options.py - set Meson's options in a build folder, where they are not set so.
# SPDX-License-Identifier: MIT
#
# usage: options.py BUILD NAME=VALUE...
#
# Meson itself would set up anew each time, which takes seconds.
import json
import pathlib
import subprocess
import sys


def main():
    build, wanted = sys.argv[1], dict(a.split("=", 1) for a in sys.argv[2:])
    path = pathlib.Path(build) / "meson-info" / "intro-buildoptions.json"
    now = {option["name"]: str(option["value"]) for option in json.loads(path.read_text())}
    differing = [f"-D{name}={value}" for name, value in wanted.items()
                 if now.get(name) != value]
    if differing:
        sys.exit(subprocess.run(["meson", "configure", build, *differing]).returncode)


main()
