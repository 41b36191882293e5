# worker.py - python -m cadre.worker: what a pool with persistent=True starts.
# SPDX-License-Identifier: MIT
"""The program of persistent workers: started by a pool, never by hand.

It imports cadre, and what functions and items need as they come; it has nothing of the
program that started it but the folder, the environment, and where modules are found.
"""
import os
import signal
import sys


def main():
    """Serve the pool that has started this process, until it is closed."""
    from cadre import _core, _hooks, _serving  # once it is known where modules are
    os.environ.pop("CADRE_WORKER", None)
    _serving.begin()
    _hooks.write_lines()
    _core.serve()


if __name__ == "__main__":
    # Ctrl-C reaches all of a terminal's processes, and ends the pool's program, which ends
    # this. A program that a task starts has it as usual.
    signal.signal(signal.SIGINT, lambda *_: None)
    # Run by its file, whose folder is no place for modules; but where the package is, is.
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0] or ".") == here:
        sys.path[0] = os.path.dirname(here)
    try:
        main()
    except ValueError as failure:
        sys.exit(f"cadre.worker: {failure}")
