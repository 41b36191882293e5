# _auto.py - which workers pay: the first items are measured where they are.
# SPDX-License-Identifier: MIT
"""backend="auto"."""
import os
import time

from . import _core, _hooks

PROBE = 0.002    # seconds of work before anything is decided
SLICE = 0.02     # and between two decisions
WORTH = 0.02     # and from which on forking is thought of
SLOT = 2e-7      # what an item and a number cost that come from one process to another
STREAMED = 2e-6  # and what they cost beside, one by one, in a stream
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


def streamed(result):
    """The same for an item of a stream and its result."""
    cost = cost_of(result)
    return None if cost is None else STREAMED + cost


def resident():
    """Bytes of this process in memory: forking takes the longer the more there are."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0


_measured = {"seconds": None, "resident": 0}


def overhead(pool, worth):
    """Seconds that it takes to fork the pool's workers. It is measured, by a run of one
    task, when there is work of ten times what it takes on most machines, and again when
    the process has become twice as large."""
    if worth < WORTH:
        return WORTH
    size = resident()
    if _measured["seconds"] is None or size > 2 * _measured["resident"]:
        began = time.perf_counter()
        _hooks.flush()
        _core.run(pool, abs, (1,), 0, 1, [None], seed=None)
        _measured.update(seconds=time.perf_counter() - began, resident=size)
    return _measured["seconds"] * (1 + pool.workers) / 2


class Decision:
    """Whether workers pay, and why."""

    def __init__(self, each, left, travel, pool):
        self.each, self.left, self.travel = each, left, travel
        self.workers = pool.workers
        self.serial = each * left
        if self.workers < 2 or travel is None:
            self.pays = False
            return
        self.fork = overhead(pool, self.serial)
        self.parallel = self.fork + left * (1.05 * each / self.workers + travel)
        self.pays = self.parallel < 0.9 * self.serial

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
            decision = Decision(each, n - done, travel, pool)
            _hooks.logger.debug("map: %s", decision)
            if decision.pays:
                call.on(pool, done, n - done)
                return
        step = min(n - done, max(1, min(step * 2, int(SLICE / each) if each else step * 2)))
