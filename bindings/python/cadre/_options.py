# _options.py - options of a call, checked and in the library's units.
# SPDX-License-Identifier: MIT
"""Options that map, starmap, reduce, imap, imap_unordered and Pool have in common."""
import functools
import logging
import os
import sys
from array import array

from . import _core

NAMES = {"serial": "serial", "sequential": "serial", "threads": "threads",
         "thread": "threads", "threading": "threads", "processes": "processes",
         "process": "processes", "multiprocessing": "processes", "loky": "processes",
         "mpi": "mpi", "auto": "auto"}


def check_function(fn):
    """A function or the like, and not the items."""
    if not callable(fn):
        raise TypeError(f"{fn!r} is not callable: the function comes first, then the items")


def milliseconds(name, seconds):
    """An option in seconds, for the library; None is none."""
    if seconds is None:
        return 0
    if not seconds > 0:
        raise ValueError(f"{name} is {seconds!r}, expected a positive number of seconds")
    return min(max(1, round(seconds * 1000)), 2**32 - 1)


def whole(name, value, least=0):
    """An option that is a count; None is the default."""
    if value is None:
        return 0
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is {value!r}, expected an integer")
    value = value.__index__()
    if value < least:
        raise ValueError(f"{name} is {value}, expected at least {least}")
    return value


def ascending(indexes):
    """An option that names items, ever higher, as the library takes it."""
    checked = array("Q")
    for index in indexes:
        if isinstance(index, bool) or not hasattr(index, "__index__"):
            raise TypeError(f"indexes: {index!r} is not an integer")
        index = index.__index__()
        if index < 0 or (checked and index <= checked[-1]):
            raise ValueError(f"indexes: {index} is negative" if index < 0 else
                             f"indexes: {index} comes after {checked[-1]}, expected ever "
                             "higher ones")
        checked.append(index)
    return checked


def seed_of(seed):
    """An option that random numbers are named by: what NumPy's SeedSequence takes, or one."""
    if seed is None or hasattr(seed, "generate_state"):
        return seed
    for number in seed if isinstance(seed, (list, tuple)) else (seed,):
        if isinstance(number, (float, str, bytes)) or hasattr(number, "bit_generator"):
            raise TypeError(f"seed is {seed!r}, expected an integer, a sequence of them or a "
                            "numpy.random.SeedSequence")
        if hasattr(number, "__index__") and number.__index__() < 0:
            raise ValueError(f"seed is {seed!r}, expected no negative number")
    return seed


def backend_name(backend):
    """One of serial, threads, processes, mpi and auto."""
    if backend is None:
        backend = os.environ.get("CADRE_BACKEND") or "auto"
    name = NAMES.get(backend.lower()) if isinstance(backend, str) else None
    if name is None:
        raise ValueError(f"no backend called {backend!r}; there are: auto, serial, "
                         "threads, processes, mpi")
    return name


class Bar:
    """A bar on a terminal, for progress=True."""

    def __init__(self, total):
        self.total = total
        self.shown = sys.stderr is not None and sys.stderr.isatty()

    def __call__(self, done, total, elapsed, left):
        if not self.shown:
            return
        total = total or self.total
        share = f"{done}/{total} {100 * done // total}%" if total else str(done)
        rest = f", {left:.0f} s left" if left >= 0 else ""
        sys.stderr.write(f"\r\x1b[K{share} in {elapsed:.0f} s{rest}")
        if total and done >= total:
            sys.stderr.write("\n")
        sys.stderr.flush()


def reporter(progress, total):
    """A function of done, total, elapsed and left, or None. Takes True, a function, or
    what has update(), as tqdm has."""
    if progress is None or progress is False:
        return None
    if progress is True:
        return Bar(total)
    if hasattr(progress, "update"):
        if total and not getattr(progress, "total", None):
            progress.total = total
        seen = [0]

        def update(done, _total, _elapsed, _left):
            progress.update(done - seen[0])
            seen[0] = done
        return update
    if callable(progress):
        return progress
    raise TypeError(f"progress is {progress!r}, expected True, a function of done, total, "
                    "elapsed and left, or something with update()")


@functools.cache
def tell_once(backend):
    """What asks for more than a thread can do runs without it, as it does for debugging."""
    logging.getLogger("cadre").warning(
        "timeout and retries are for worker processes, and nothing with backend %r: a thread "
        "cannot be ended", backend)


class Options:
    """The options of one call."""

    def __init__(self, workers=None, backend=None, chunk=None, window=None,
                 memory_limit=None, retries=0, timeout=None, deadline=None, grace=0.1,
                 on_error="raise", progress=None, seed=None, min_items=None,
                 isolate=False, persistent=False, prefetch=None, state=None,
                 keep_state=False, indexes=None):
        if on_error not in ("raise", "return"):
            raise ValueError(f'on_error is {on_error!r}, expected "raise" or "return"')
        if workers is not None and (isinstance(workers, bool)
                                    or not hasattr(workers, "__index__")):
            raise TypeError(f"workers is {workers!r}, expected an integer")
        self.backend = backend_name(backend)
        self.workers = 0 if workers is None else workers.__index__()
        self.chunk = whole("chunk", chunk)
        self.window = whole("window", window, 1)
        self.memory_limit = whole("memory_limit", memory_limit, 1)
        self.retries = whole("retries", retries)
        self.timeout_ms = milliseconds("timeout", timeout)
        self.deadline_ms = milliseconds("deadline", deadline)
        self.grace_ms = milliseconds("grace", grace)
        self.keep_going = on_error == "return"
        self.progress = progress
        self.seed = seed_of(seed)
        self.min_items = whole("min_items", min_items)
        self.isolate = bool(isolate)
        self.persistent = bool(persistent) or self.backend == "mpi"
        self.pools = None  # whose they are; None: the thread's
        self.prefetch = whole("prefetch", prefetch)
        if state is not None and not callable(state):
            raise TypeError(f"state is {state!r}, expected a function without arguments, "
                            "which each worker calls before its first task")
        self.indexes = None if indexes is None else ascending(indexes)
        self.state, self.keep_state = state, bool(keep_state)
        if self.keep_state and (state is None or not self.persistent):
            raise ValueError("keep_state is of the state that persistent workers have: it "
                             "needs state= and persistent=True")
        if self.persistent and self.backend == "auto":
            self.backend = "processes"
        if self.persistent and self.backend not in ("processes", "mpi"):
            raise ValueError(f"persistent workers are processes: not with backend "
                             f"{self.backend!r}")
        if self.backend == "auto" and (self.retries or self.timeout_ms or self.isolate):
            self.backend = "processes"  # only those can do it

        if self.backend in ("serial", "threads") and (self.retries or self.timeout_ms):
            tell_once(self.backend)

    def pool(self, backend=None):
        """A pool for this call alone; None runs in place."""
        backend = backend or self.backend
        if backend == "serial":
            return None
        if self.persistent:
            from . import _persistent  # few need it: `import cadre` is the faster
            return _persistent.pool(self)
        return _core.Pool(backend=backend, workers=self.workers, isolate=self.isolate,
                          oversubscribe=self.workers > 0)

    def job(self):
        """What _core.run and _core.Stream take."""
        return {"keep_going": self.keep_going, "retries": self.retries,
                "timeout_ms": self.timeout_ms, "deadline_ms": self.deadline_ms,
                "grace_ms": self.grace_ms, "chunk": self.chunk, "seed": self.seed,
                "prefetch": self.prefetch, "indexes": self.indexes}
