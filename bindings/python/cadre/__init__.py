# __init__.py - one parallel map for Python.
# SPDX-License-Identifier: MIT
"""One parallel map, many ways to run it.

    >>> import cadre
    >>> cadre.map(lambda x: x * x, range(5))
    [0, 1, 4, 9, 16]

map, starmap and reduce give all results at once; imap and imap_unordered one by one,
from inputs of any length, in constant memory. A Pool keeps options together and is an
Executor of concurrent.futures.

Worker processes are forked from the program as it is when the call is made. So functions
may be lambdas and closures, items may be anything, nothing is imported again and no
``if __name__ == "__main__"`` is needed; results alone travel. What workers print comes out,
what they change stays with them. Results, and which error is raised, are those of the
plain loop, on any backend and with any number of workers.

In a task, current_task() has its index, whether it is still wanted, and random numbers of
its own, which depend on the seed and the index alone. Python's module random begins anew
in each worker; NumPy's global generator does not: every worker has a copy in the same
state, so draw from current_task().rng.

Functions that os.register_at_fork knows are called around each fork. Other threads of the
program are not in the workers; where there are any, the log "cadre" says so.
"""
from . import _core, _hooks  # noqa: F401
from ._core import current_task
from ._array import empty
from ._errors import (CadreError, Cancelled, DeadlinePassed, TaskError, TaskTimeout,
                      WorkerDied, WorkerTraceback)
from ._explain import explain
from ._joblib import register_joblib
from ._map import map, reduce, starmap
from ._pool import Pool
from ._stream import imap, imap_unordered

__version__ = "0.1.0"
__all__ = ["map", "starmap", "reduce", "imap", "imap_unordered", "Pool", "empty",
           "explain", "current_task", "register_joblib", "CadreError", "TaskError",
           "WorkerDied", "TaskTimeout", "DeadlinePassed", "Cancelled", "WorkerTraceback"]


def __getattr__(name):
    """cadre.stats, imported when it is first used: it needs NumPy."""
    if name == "stats":
        import importlib  # few need it: `import cadre` is the faster
        return importlib.import_module("cadre.stats")
    raise AttributeError(f"module 'cadre' has no attribute {name!r}")
