# phylozoo.py - the interface of phylozoo.utils.parallel, on cadre.
# SPDX-License-Identifier: MIT
"""ParallelConfig and the three executors, as PhyloZoo has them.

    >>> from cadre.compat.phylozoo import ParallelConfig
    >>> executor = ParallelConfig(backend="multiprocessing", n_jobs=2).get_executor()
    >>> list(executor.starmap(pow, [(2, 3), (3, 2)]))
    [8, 9]

Better than there: the configuration's chunksize counts; a chunksize below 1 is refused; the
error is that of the lowest item; a killed worker is an error; threads take their input
within a window, so that an endless one will do; closures run in processes too.
"""
import builtins
import enum
import itertools
import os
from typing import Any, Callable, Iterable, Iterator, Protocol

from .. import _map, _stream
from .._options import Options, check_function

__all__ = ["ParallelBackend", "ParallelExecutor", "SequentialExecutor",
           "ThreadingExecutor", "MultiprocessingExecutor", "ParallelConfig",
           "PhyloZooError", "PhyloZooValueError"]


class PhyloZooError(Exception):
    """What PhyloZoo's errors derive from."""


class PhyloZooValueError(PhyloZooError, ValueError):
    """A value that cannot be right."""


class ParallelBackend(enum.Enum):
    """Kinds of workers."""
    SEQUENTIAL = "sequential"
    THREADING = "threading"
    MULTIPROCESSING = "multiprocessing"


class ParallelExecutor(Protocol):
    """What an executor does."""

    def map(self, func: Callable[..., Any], iterable: Iterable[Any],
            chunksize: int | None = None) -> Iterator[Any]: ...

    def starmap(self, func: Callable[..., Any], iterable: Iterable[Any],
                chunksize: int | None = None) -> Iterator[Any]: ...


def _jobs(n_jobs, automatic):
    if n_jobs is None or n_jobs == -1:
        return automatic
    if n_jobs < 1:
        raise PhyloZooValueError(f"n_jobs must be positive, or -1 for all; got {n_jobs}")
    return n_jobs


class _Executor:
    """With close() and `with`, of which neither is needed."""

    chunksize = None  # where a call has none

    def close(self):
        """Nothing: workers end with their call."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class SequentialExecutor(_Executor):
    """The builtin map and itertools.starmap."""

    def __init__(self, n_jobs=None):
        self.n_jobs = n_jobs

    def map(self, func, iterable, chunksize=None):
        """Lazy; chunksize is ignored."""
        return builtins.map(func, iterable)

    def starmap(self, func, iterable, chunksize=None):
        """Lazy; chunksize is ignored."""
        return itertools.starmap(func, iterable)


class ThreadingExecutor(_Executor):
    """Threads; one, unless told otherwise."""

    def __init__(self, n_jobs=None):
        self.n_jobs = _jobs(n_jobs, 1)

    def map(self, func, iterable, chunksize=None):
        """Results one by one; each error at its item."""
        return self._stream(func, iterable, False)

    def starmap(self, func, iterable, chunksize=None):
        """Results one by one; each error at its item."""
        return self._stream(func, iterable, True)

    def _stream(self, func, iterable, star):
        items, _ = _stream.sequence((iterable,))
        options = Options(self.n_jobs, "threads")
        stream = _stream.open_stream(func, items, star, options, options.pool(), False)
        stream.start()
        return _stream.drain(stream)


class MultiprocessingExecutor(_Executor):
    """Worker processes; as many as there are CPUs, unless told otherwise."""

    def __init__(self, n_jobs=None):
        self.n_jobs = _jobs(n_jobs, os.cpu_count() or 1)

    def map(self, func, iterable, chunksize=None):
        """Waits for all results, and raises here."""
        return iter(self._run(func, iterable, chunksize, _map.shaped))

    def starmap(self, func, iterable, chunksize=None):
        """Waits for all results, and raises here."""
        return iter(self._run(func, iterable, chunksize, _map.starred))

    def _run(self, func, iterable, chunksize, shape):
        if chunksize is None:
            chunksize = self.chunksize
        if chunksize is not None and chunksize < 1:
            raise PhyloZooValueError(f"chunksize must be positive; got {chunksize}")
        check_function(func)
        return _map.map_with(Options(self.n_jobs, "processes", chunksize), func,
                             (iterable,), shape=shape)


_EXECUTORS = {ParallelBackend.SEQUENTIAL: SequentialExecutor,
              ParallelBackend.THREADING: ThreadingExecutor,
              ParallelBackend.MULTIPROCESSING: MultiprocessingExecutor}


class ParallelConfig:
    """Which backend, how many jobs, how large the chunks."""

    def __init__(self, backend=ParallelBackend.SEQUENTIAL, n_jobs=None, chunksize=None):
        if isinstance(backend, str):
            try:
                backend = ParallelBackend(backend)
            except ValueError:
                known = ", ".join(repr(kind.value) for kind in ParallelBackend)
                raise PhyloZooValueError(
                    f"Unknown backend {backend!r}; there are: {known}") from None
        self.backend, self.n_jobs, self.chunksize = backend, n_jobs, chunksize

    def get_executor(self):
        """A new executor."""
        if not isinstance(self.backend, ParallelBackend):
            raise PhyloZooValueError(f"Unknown backend {self.backend!r}")
        executor = _EXECUTORS[self.backend](self.n_jobs)
        executor.chunksize = self.chunksize
        return executor

    def __repr__(self):
        backend = getattr(self.backend, "value", self.backend)
        return (f"ParallelConfig(backend={backend}, n_jobs={self.n_jobs}, "
                f"chunksize={self.chunksize})")
