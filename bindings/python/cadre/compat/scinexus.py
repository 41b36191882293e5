# scinexus.py - the interface of scinexus.parallel, on cadre.
# SPDX-License-Identifier: MIT
"""imap, as_completed, map and the backends, as scinexus has them.

    >>> from cadre.compat import scinexus
    >>> scinexus.map(abs, [-1, 2, -3], max_workers=1)
    [1, 2, 3]

Both local backends are cadre's forked workers, so that closures run in either. Better than
there: inputs are read within a window, and not whole before the first result; an empty input is no error; results before a failure come first; as_completed stays
within a window; ranks outside of workers are 0; an unknown backend is a ValueError wherever it
is named. Under MPI, mpi4py's own executor does the work.
"""
import importlib
import itertools
import math
import multiprocessing
import os
import pathlib
import sys
import types
import warnings
from abc import ABC, abstractmethod

from .. import _core, _stream
from .._options import Options

BackendType = str


def _find_mpi():
    if os.environ.get("DONT_USE_MPI"):
        return None
    try:
        mpi = importlib.import_module("mpi4py.MPI")
    except ImportError:
        return None
    return mpi if _universe(mpi) != 1 else None


def _universe(mpi):
    """How many ranks there may be: what was promised, and never fewer than there are; but a
    universe of one is one, whatever else the launcher says."""
    promised = mpi.COMM_WORLD.Get_attr(mpi.UNIVERSE_SIZE)
    return 1 if promised == 1 else max(promised or 0, mpi.COMM_WORLD.Get_size())


MPI = _find_mpi()
USING_MPI = MPI is not None
SIZE = _universe(MPI) if USING_MPI else multiprocessing.cpu_count()


class PicklableAndCallable:
    """A function in an object; calls pass through."""

    def __init__(self, func):
        self.func = func

    def __call__(self, *args, **kwargs):
        return self.func(*args, **kwargs)


def get_default_chunksize(s, max_workers):
    """A quarter of each worker's share.

    >>> from cadre.compat import scinexus
    >>> scinexus.get_default_chunksize(range(17), 4)
    2
    """
    return math.ceil(len(s) / (4 * max_workers))


class Parallel(ABC):
    """What a backend does."""

    @abstractmethod
    def imap(self, f, s, max_workers=None, **kwargs):
        """Results in order."""

    @abstractmethod
    def as_completed(self, f, s, max_workers=None, **kwargs):
        """Results as they come."""

    @abstractmethod
    def is_master_process(self):
        """Whether this process is the one that asks."""

    @abstractmethod
    def get_rank(self):
        """0 in the master, 1 and up in workers."""

    @abstractmethod
    def get_size(self):
        """How many workers there can be."""


def _clamp_max_workers_local(max_workers):
    cpus = multiprocessing.cpu_count()
    return min(max_workers or cpus, cpus)


def _checked_max_workers(max_workers):
    cpus = multiprocessing.cpu_count()
    if max_workers and max_workers > cpus:
        raise ValueError(f"max_workers={max_workers} is more than the {cpus} CPUs")
    if max_workers and max_workers < 0:
        raise ValueError(f"max_workers={max_workers} is negative")
    return max_workers or cpus


class _Local(Parallel):
    """Worker processes on this machine."""

    def imap(self, f, s, max_workers=None, chunksize=None, **kwargs):
        workers = _checked_max_workers(max_workers)
        if not chunksize:
            sized = hasattr(s, "__len__") and len(s) > 0
            chunksize = get_default_chunksize(s, workers) if sized else 1
        yield from self._stream(f, s, workers, chunksize, False)

    def as_completed(self, f, s, max_workers=None, chunksize=None, **kwargs):
        yield from self._stream(f, s, _clamp_max_workers_local(max_workers), 1, True)

    @staticmethod
    def _stream(f, s, workers, chunksize, unordered):
        options = Options(workers, "processes", min(chunksize, 64))
        yield from _stream.stream(options, f, (s,), unordered)

    def is_master_process(self):
        return multiprocessing.parent_process() is None and _core.rank() == 0

    def get_rank(self):
        name = multiprocessing.current_process().name
        if name == "MainProcess":
            return _core.rank()
        number = name.rpartition("-")[2]
        return int(number) if number.isdigit() else _core.rank()

    def get_size(self):
        return multiprocessing.cpu_count()


class MultiprocessBackend(_Local):
    """Worker processes."""


class LokyBackend(_Local):
    """Worker processes, by the name of a library that is not needed for them."""

    def __init__(self):
        if sys.modules.get("loky", self) is None:
            raise ImportError("loky is blocked in sys.modules")


class MPIBackend(Parallel):
    """Other ranks, through mpi4py.futures: mpiexec -n 4 python -m mpi4py.futures script."""

    def __init__(self):
        if MPI is None:
            raise RuntimeError("Cannot use MPI: start the program by mpiexec -n 4 python -m "
                               "mpi4py.futures SCRIPT, with mpi4py installed")
        self._comm = MPI.COMM_WORLD
        self._size = _universe(MPI)

    def _workers(self, max_workers, if_serial):
        """How many; 0: the work is done here."""
        if self._size == 1:
            text = "Execution in serial: there is one MPI rank"
            if if_serial == "raise":
                raise RuntimeError(text)
            if if_serial == "warn":
                warnings.warn(text, UserWarning, stacklevel=4)
            return 0
        if max_workers and max_workers > self._size:
            warnings.warn(f"max_workers too large: {max_workers} of {self._size}",
                          UserWarning, stacklevel=4)
        return min(max_workers or self._size - 1, self._size - 1)

    def _run(self, f, s, max_workers, if_serial, chunksize, unordered):
        workers = self._workers(max_workers, if_serial)
        if not workers:
            yield from itertools.starmap(f, ((x,) for x in s))
            return
        if not chunksize:
            sized = hasattr(s, "__len__") and len(s) > 0
            chunksize = get_default_chunksize(s, workers) if sized else 1
        futures = importlib.import_module("mpi4py.futures")
        with futures.MPIPoolExecutor(max_workers=workers) as executor:
            yield from executor.map(f, s, chunksize=chunksize, unordered=unordered)

    def imap(self, f, s, max_workers=None, if_serial="raise", chunksize=None, **kwargs):
        yield from self._run(f, s, max_workers, if_serial, chunksize, False)

    def as_completed(self, f, s, max_workers=None, if_serial="raise", chunksize=None,
                     **kwargs):
        yield from self._run(f, s, max_workers, if_serial, 1, True)

    def is_master_process(self):
        return pathlib.Path(sys.argv[0]).name != "server.py" and self.get_rank() == 0

    def get_rank(self):
        return self._comm.Get_rank()

    def get_size(self):
        return self._size


BACKEND_TYPES = types.MappingProxyType({"multiprocess": MultiprocessBackend,
                                        "loky": LokyBackend, "mpi": MPIBackend})
_default = None
_mpi_backend = None


def _make(backend):
    if backend not in BACKEND_TYPES:
        raise ValueError(f"unknown backend {backend!r}; there are: "
                         + ", ".join(BACKEND_TYPES))
    if backend == "mpi" and MPI is None:
        raise ImportError("MPI cannot be used: start the program by mpiexec -n 4 python -m "
                          "mpi4py.futures SCRIPT, with mpi4py installed")
    return BACKEND_TYPES[backend]()


def set_parallel_backend(backend=None):
    """The default from now on: a name, a Parallel, or None for the usual one."""
    global _default
    _default = backend if backend is None or isinstance(backend, Parallel) else _make(backend)


def get_parallel_backend(backend=None):
    """The default, or a fresh one of that name.

    >>> from cadre.compat import scinexus
    >>> type(scinexus.get_parallel_backend()).__name__
    'MultiprocessBackend'
    """
    global _default
    if backend is not None:
        return _make(backend)
    if _default is None:
        _default = MPIBackend() if USING_MPI else MultiprocessBackend()
    return _default


def _effective_backend():
    global _mpi_backend
    if not USING_MPI:
        return get_parallel_backend()
    if _mpi_backend is None:
        _mpi_backend = MPIBackend()
    return _mpi_backend


def get_rank():
    """0 in the master, 1 and up in workers."""
    return _effective_backend().get_rank()


def get_size():
    """How many workers there can be."""
    return _effective_backend().get_size()


def is_master_process():
    """Whether this process is the one that asks."""
    return _effective_backend().is_master_process()


def _choose(use_mpi, if_serial):
    if_serial = if_serial.lower()
    if if_serial not in ("raise", "ignore", "warn"):
        raise ValueError(f"invalid choice {if_serial!r} for if_serial: raise, ignore, warn")
    if use_mpi:
        return MPIBackend(), {"if_serial": if_serial}
    return get_parallel_backend(), {}


def imap(f, s, max_workers=None, use_mpi=False, if_serial="raise", chunksize=None):
    """Results in order. Nothing happens before the first is asked for."""
    backend, more = _choose(use_mpi, if_serial)
    yield from backend.imap(f, s, max_workers=max_workers, chunksize=chunksize, **more)


def as_completed(f, s, max_workers=None, use_mpi=False, if_serial="raise", chunksize=None):
    """Results as they come. Nothing happens before the first is asked for."""
    backend, more = _choose(use_mpi, if_serial)
    yield from backend.as_completed(f, s, max_workers=max_workers, chunksize=chunksize,
                                    **more)


def map(f, s, max_workers=None, use_mpi=False, if_serial="raise", chunksize=None):
    """A list of the results."""
    return list(imap(f, s, max_workers, use_mpi, if_serial, chunksize))
