# _pool.py - Pool: options kept together, and an Executor.
# SPDX-License-Identifier: MIT
"""Pool."""
import concurrent.futures
import threading
from collections import deque
from copy import copy

from . import _errors, _map, _open_streams, _stream
from ._options import Options, check_function, milliseconds

BATCH = 64  # submissions at most that one fork serves


class Pool(concurrent.futures.Executor):
    """Options kept together: with Pool(workers=2) as pool: pool.map(f, items).

    Takes the options of cadre.map, which hold for all its calls; submit, shutdown and
    the futures are those of concurrent.futures.

    map, starmap, reduce, imap, imap_unordered
        as the functions of that name, but for map, which gives an iterator as any
        Executor does, and has begun when it returns; list() makes a list of it
    submit
        a function and its arguments, which may be closures and open files: a worker
        process is forked for it, or for some that wait together. Only the result travels;
        with persistent=True all does
    shutdown
        waits for what was submitted; with cancel_futures=True, for what runs

    >>> import cadre
    >>> with cadre.Pool(workers=2, backend="processes") as pool:
    ...     future = pool.submit(pow, 2, 10)
    ...     list(pool.map(lambda x: x + 1, range(3))), future.result()
    ([1, 2, 3], 1024)
    """

    def __init__(self, workers=None, backend=None, *, chunk=None, window=None,
                 memory_limit=None, retries=0, timeout=None, deadline=None, grace=0.1,
                 on_error="raise", progress=None, seed=None, min_items=None,
                 isolate=False, persistent=False, prefetch=None, state=None,
                 keep_state=False, name=None):
        self._options = Options(workers, backend, chunk, window, memory_limit, retries,
                                timeout, deadline, grace, on_error, progress, seed,
                                min_items, isolate, persistent, prefetch, state,
                                keep_state)
        if persistent:
            from ._persistent import Pools  # few need it: `import cadre` is the faster
            self._options.pools = Pools()
        sizing = self._options.pool("processes" if self._options.backend == "auto" else None)
        self.workers = sizing.workers if sizing is not None else 1
        self.backend = self._options.backend
        self.name = name or "cadre"
        self._condition = threading.Condition()
        self._waiting = deque()   # (future, fn, args, kwargs); under the condition
        self._threads = []        # dispatchers; under the condition
        self._idle = 0            # how many of them wait; under the condition
        self._closed = False      # under the condition

    # ---- maps ----

    def _check_open(self):
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")

    def map(self, fn, *iterables, timeout=None, chunksize=1):
        """An iterator over the results, in order; the work has begun when this returns.
        Each result that is not there timeout seconds after the call is a TimeoutError."""
        self._check_open()
        check_function(fn)
        options = self._options
        if timeout is not None:
            options = self._with(deadline=timeout)
        items, star = _stream.sequence(iterables)
        backend = None if options.backend != "auto" else "processes"
        report = _stream.teller(options, _stream.size_of(options, items))
        stream = _stream.open_stream(fn, items, star, options, options.pool(backend), False,
                                     report=report)
        stream.start()
        return _drain_in_time(stream)

    def _with(self, deadline):
        options = copy(self._options)
        options.deadline_ms = milliseconds("timeout", deadline)
        return options

    def starmap(self, fn, items):
        """As cadre.starmap."""
        self._check_open()
        check_function(fn)
        return _map.map_with(self._options, fn, (items,), shape=_map.starred)

    def reduce(self, combine, items, **more):
        """As cadre.reduce; takes initial, fn and grain."""
        self._check_open()
        check_function(combine)
        return _map.reduce_with(self._options, combine, items, **more)

    def imap(self, fn, *iterables):
        """As cadre.imap."""
        self._check_open()
        check_function(fn)
        return _stream.stream(self._options, fn, iterables, False)

    def imap_unordered(self, fn, *iterables):
        """As cadre.imap_unordered."""
        self._check_open()
        check_function(fn)
        return _stream.stream(self._options, fn, iterables, True)

    # ---- submissions ----

    def submit(self, fn, /, *args, **kwargs):
        """A Future of fn(*args, **kwargs)."""
        future = concurrent.futures.Future()
        with self._condition:
            self._check_open()
            self._waiting.append((future, fn, args, kwargs))
            if self._idle:
                self._condition.notify()
            elif len(self._threads) < self.workers:
                self._start()
        return future

    def _start(self):
        thread = threading.Thread(target=self._dispatch, daemon=True,
                                  name=f"{self.name}-{len(self._threads) + 1}")
        thread.cadre_dispatcher = True
        self._threads.append(thread)
        thread.start()

    def _next_batch(self):
        """What one fork shall run: a share of what waits. Empty: nothing ever will."""
        with self._condition:
            while not self._waiting and not self._closed:
                self._idle += 1
                self._condition.wait()
                self._idle -= 1
            share = -(-len(self._waiting) // self.workers)
            batch = [self._waiting.popleft() for _ in range(min(share, BATCH))]
        return batch

    def _dispatch(self):
        while batch := self._next_batch():
            batch = [job for job in batch if job[0].set_running_or_notify_cancel()]
            if batch:
                self._perform(batch)
            del batch

    def _perform(self, batch):
        options = Options(1, "serial" if self.backend == "serial" else
                          "threads" if self.backend == "threads" else "processes",
                          retries=self._options.retries, on_error="return",
                          timeout=self._options.timeout_ms / 1000 or None,
                          grace=self._options.grace_ms / 1000, seed=self._options.seed,
                          persistent=self._options.persistent, state=self._options.state,
                          keep_state=self._options.keep_state)
        options.pools = self._options.pools
        done = 0
        try:
            for done, result in enumerate(_run_batch(batch, options), 1):
                _settle(batch[done - 1][0], result)
        except BaseException as failure:  # whatever it is, nobody waits for ever
            for future, *_ in batch[done:]:
                future.set_exception(failure)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Take no more; wait for what was submitted, unless wait is false."""
        with self._condition:
            self._closed = True
            cancelled = list(self._waiting) if cancel_futures else []
            if cancel_futures:
                self._waiting.clear()
            self._condition.notify_all()
            threads = list(self._threads)
        for future, *_ in cancelled:
            future.cancel()
            future.set_running_or_notify_cancel()
        if wait:
            for thread in threads:
                thread.join()
        if self._options.persistent:
            self._options.pools.open.clear()  # of this thread; the others' end with those


def _apply(fn, args, kwargs):
    """In a tuple, so that an exception may be a result."""
    return fn(*args, **kwargs), None


def _run_batch(batch, options):
    jobs = [job[1:] for job in batch]
    yield from _stream.stream(options, _apply, (jobs,), False, star=True)


def _settle(future, result):
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result[0])


def _drain_in_time(stream):
    try:
        yield from stream
    except _errors.DeadlinePassed as failure:
        raise TimeoutError(str(failure)) from None
    finally:
        _open_streams.close(stream)
