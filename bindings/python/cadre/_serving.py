# _serving.py - whether this process is a persistent worker of another.
# SPDX-License-Identifier: MIT
"""What a persistent worker does otherwise than the program that has it."""
from . import _errors, _hooks

serving = False  # what this process maps runs in place
_dumps = _errors.dumps


def begin():
    """From here on it is one: its exceptions go to another program."""
    global serving
    serving, _errors.dumps = True, _hooks.dumps_whole


def end():
    """It is none."""
    global serving
    serving, _errors.dumps = False, _dumps
