# _ranks.py - the ranks of an MPI program as persistent workers: backend="mpi".
# SPDX-License-Identifier: MIT
"""Every rank runs the program up to its first map on ranks. There, rank 0 goes on, and the
others serve it until it ends; then they leave, by SystemExit."""
import atexit
import contextlib
import importlib
import os
import signal
import threading

from . import _core, _open_streams, _serving

_pools = {}  # {(process, thread, workers): pool}: open until the program ends


def there():
    """Whether a launcher has started this process as one of several ranks."""
    names = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"]
    if "PMIX_RANK" in os.environ:
        names += ["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"]
    counts = [os.environ.get(name, "") for name in names]
    return any(count.isdecimal() and int(count) > 1 for count in counts)


def opener():
    """What opens pools of ranks; ImportError where there is none."""
    try:
        return importlib.import_module("cadre._mpi").ranks
    except ModuleNotFoundError as why:
        raise ImportError(
            "backend \"mpi\" needs the extension cadre._mpi, which is not in "
            f"{os.path.dirname(__file__)}: what pip installs has none, as it is for one MPI "
            "alone. Install cadre from source by `make install`, where the headers of your "
            "MPI are (Debian: libopenmpi-dev or libmpich-dev)") from why
    except ImportError as why:
        raise ImportError(f"backend \"mpi\": the MPI that cadre was built with cannot be "
                          f"loaded: {why}") from why


def pool(workers):
    """This thread's pool of ranks. It does not return on ranks that serve."""
    key = os.getpid(), threading.get_ident(), workers
    if key not in _pools:
        _pools[key] = open_pool(workers)
    return _pools[key]


def open_pool(workers):
    """A pool of ranks, on rank 0. The others serve in it, and leave by SystemExit."""
    ranks = opener()
    if not there():
        raise ValueError("backend \"mpi\" needs several ranks: start the program by mpiexec "
                         "-n 4 python SCRIPT; persistent=True uses ranks where there are "
                         "some, and processes of this machine elsewhere")
    serves = False
    _serving.begin()  # until it is known
    try:
        with patient():
            return _core.Pool(backend="mpi", workers=workers, opener=ranks)
    except SystemExit:
        serves = True  # it was a worker, and what it maps yet runs in place
        raise
    finally:
        if not serves:
            _serving.end()


@contextlib.contextmanager
def patient():
    """Ctrl-C reaches every rank, and rank 0 ends the others: none is to end twice, the second
    time with a KeyboardInterrupt as it leaves. On rank 0 that comes when the pool is there."""
    told = []
    mine = (threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    if mine:
        signal.signal(signal.SIGINT, lambda *_: told.append(True))
    try:
        yield
    finally:
        if mine:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    if told:
        raise KeyboardInterrupt


@atexit.register
def close():
    """Let the other ranks go."""
    _open_streams.abandon_all()
    for key in list(_pools):
        if key[0] == os.getpid():
            _pools.pop(key).close()
