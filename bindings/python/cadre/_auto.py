# _auto.py - which workers pay: the first items are measured where they are.
# SPDX-License-Identifier: MIT
"""backend="auto"."""
import os
import time

from . import _core, _hooks

PROBE = 0.002  # seconds of work before anything is decided
SLICE = 0.02   # and between two decisions
SLOT = 1e-7    # what a number costs that comes from a worker
SMALL = (float, int, bool, type(None))


def cost_of(result):
    """Seconds that such a result needs to come from another process; None: it cannot."""
    if type(result) in SMALL:
        return SLOT
    try:
        began = time.perf_counter()
        _core.copy(result)
        return SLOT + time.perf_counter() - began
    except Exception:
        return None


def overhead(workers):
    """Seconds that it takes to fork them, roughly, by how large this process is."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        resident = 1 << 28
    return 0.0015 + workers * (0.001 + resident / (1 << 30) * 0.03)


class Decision:
    """Whether workers pay, and why."""

    def __init__(self, each, left, travel, workers):
        self.each, self.left, self.travel, self.workers = each, left, travel, workers
        self.fork = overhead(workers)
        self.serial = each * left
        self.parallel = (None if travel is None else
                         self.fork + left * (1.05 * each / workers + travel))
        self.pays = (workers > 1 and travel is not None
                     and self.parallel < 0.9 * self.serial)

    def __str__(self):
        if self.workers < 2:
            return "serial: there is one CPU"
        if self.travel is None:
            return "serial: results cannot be pickled"
        return (f"{'processes' if self.pays else 'serial'}: {self.left} items of "
                f"{self.each * 1e6:.3g} us take {self.serial * 1e3:.3g} ms here, on "
                f"{self.workers} workers {self.parallel * 1e3:.3g} ms, of which forking "
                f"{self.fork * 1e3:.3g} ms and a result {self.travel * 1e6:.3g} us")


def sample(call, index):
    """The result of an item, as it was kept."""
    return 0.0 if call.results is None else call.results[index]


def run(call):
    """Run the call's tasks, here until it is known that workers pay."""
    n, done, spent, step = call.n, 0, 0.0, 1
    if _core.current_task() is not None or n < max(2, call.options.min_items):
        call.on(None, 0, n)
        return
    pool = None
    while done < n:
        began = time.perf_counter()
        call.on(None, done, step)
        took = time.perf_counter() - began
        done, spent = done + step, spent + took
        each = took / step
        if spent >= PROBE and done < n:
            pool = pool or call.options.pool("processes")
            travel = SLOT / 2 if call.out is not None else cost_of(sample(call, done - 1))
            decision = Decision(each, n - done, travel, pool.workers)
            _hooks.logger.debug("map: %s", decision)
            if decision.pays:
                call.on(pool, done, n - done)
                return
        step = min(n - done, max(1, min(step * 2, int(SLICE / each) if each else step * 2)))
