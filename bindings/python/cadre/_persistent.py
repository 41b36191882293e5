# _persistent.py - workers that are started once and stay: persistent=True.
# SPDX-License-Identifier: MIT
"""Pools of `python -m cadre.worker`."""
import atexit
import os
import subprocess
import sys
import threading

from . import _core, _hooks, _serving

WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")


class Pools(threading.local):
    """Those of a thread, by process and number of workers: open until it ends."""

    def __init__(self):
        self.open = {}


_pools = Pools()


def command():
    """What starts a worker. By its file: so it finds this very package."""
    return (sys.executable, *subprocess._args_from_interpreter_flags(), WORKER)


def among_ranks():
    """Whether the program's own ranks are its persistent workers: under an MPI launcher, where
    it has MPI, outside of tasks."""
    from . import _ranks  # few programs run on ranks
    if _core.current_task() is not None or not _ranks.there():
        return False
    try:
        return bool(_ranks.opener())
    except ImportError as why:
        _hooks.logger.warning("every rank runs all of the program, with workers of its own: "
                              "%s", why)
        return False


def pool(options):
    """The thread's pool for these options, started when it is first asked for. None in a
    worker: what it maps runs there."""
    if _serving.serving:
        return None
    if options.backend == "mpi" or among_ranks():
        from . import _ranks  # see among_ranks
        return _ranks.pool(options.workers)
    pools = (options.pools or _pools).open
    key = os.getpid(), options.workers
    if key not in pools:
        pools[key] = _core.Pool(backend="processes", workers=options.workers,
                                oversubscribe=options.workers > 0, worker_command=command())
    return pools[key]


@atexit.register
def close():
    """End the workers of this thread that belong to no Pool."""
    _pools.open.clear()
