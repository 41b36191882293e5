# _explain.py - what would run, and why.
# SPDX-License-Identifier: MIT
"""explain."""
import time

from . import _auto
from ._map import Call, take
from ._options import Options


def explain(fn=None, items=None, *, workers=None, backend=None, min_items=None,
            isolate=False):
    """What map would use, one decision a line, with the figure that decided.

    Without fn and items it says what this machine allows. With them and backend="auto"
    it runs the first items, as map would, to say what that comes to.

    >>> import cadre
    >>> print(cadre.explain(backend="serial"))
    backend: serial (asked for)
    """
    options = Options(workers, backend, min_items=min_items, isolate=isolate)
    if options.backend == "serial":
        return "backend: serial (asked for)"
    if options.backend != "auto":
        return options.pool().explain().rstrip("\n")
    pool = options.pool("processes")
    lines = ["backend: auto: the first items run here, worker processes are forked when "
             "that pays", pool.explain().rstrip("\n")]
    if fn is not None and items is not None:
        lines.append("measured: " + measure(fn, take(items)[0], options, pool))
    return "\n".join(lines)


def measure(fn, items, options, pool):
    """What auto would decide for these, in words."""
    n, done, began = len(items), 0, time.perf_counter()
    call = Call(fn, items, options, False, [None] * n, None)
    spent = 0.0
    while done < n and spent < _auto.PROBE:
        call.on(None, done, 1)
        done += 1
        spent = time.perf_counter() - began
    if done == n:
        return f"serial: all {n} items took {spent * 1e3:.3g} ms here"
    travel = _auto.cost_of(call.results[done - 1])
    return str(_auto.Decision(spent / done, n - done, travel, pool))
