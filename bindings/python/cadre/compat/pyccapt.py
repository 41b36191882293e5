# pyccapt.py - the interface of pyccapt.calibration.core.parallel, on cadre.
# SPDX-License-Identifier: MIT
"""parallel_map, describe_runtime_choice and ParallelConfig, as PyCCAPT has them.

    >>> from cadre.compat.pyccapt import ParallelConfig, parallel_map
    >>> parallel_map(abs, [-1, 2, -3], config=ParallelConfig(backend="serial"))
    [1, 2, 3]

Better than there: closures run in processes too where the backend is not asked for by name;
an exception of the function is never taken for one of pickling, so that nothing runs twice.
"""
import os
from dataclasses import dataclass

from .. import _map
from .._options import Options
from . import _pickling

__all__ = ["parallel_map", "describe_runtime_choice", "ParallelConfig", "WORKERS_ENV_VAR",
           "BACKEND_ENV_VAR", "DEFAULT_THREAD_MIN_ITEMS", "DEFAULT_PROCESS_MIN_ITEMS",
           "DEFAULT_MAX_AUTO_WORKERS"]

WORKERS_ENV_VAR = "PYCCAPT_PARALLEL_WORKERS"
BACKEND_ENV_VAR = "PYCCAPT_PARALLEL_BACKEND"
DEFAULT_THREAD_MIN_ITEMS = 32
DEFAULT_PROCESS_MIN_ITEMS = 200
DEFAULT_MAX_AUTO_WORKERS = 8
BACKENDS = ("auto", "thread", "process", "serial")


@dataclass(frozen=True)
class ParallelConfig:
    """How to run: how many workers, which backend, from how many items on."""
    workers: int | None = None
    backend: str = "auto"
    min_items: int | None = None


@dataclass(frozen=True)
class _Plan:
    backend: str
    workers: int
    by_name: bool  # "process" was asked for


def _workers_asked(config):
    try:
        return max(0, int(os.environ[WORKERS_ENV_VAR]))
    except (KeyError, ValueError):
        return config.workers


def _backend_asked(config):
    text = os.environ.get(BACKEND_ENV_VAR, "").strip().lower()
    return text if text in BACKENDS else config.backend


def _automatic_workers():
    count = getattr(os, "process_cpu_count", os.cpu_count)() or 2
    return max(1, min(DEFAULT_MAX_AUTO_WORKERS, count - 1))


def _plan(config, n_items, gil_releasing):
    config = config or ParallelConfig()
    workers, asked = _workers_asked(config), _backend_asked(config)
    if asked == "serial" or (workers is not None and workers <= 1):
        return _Plan("serial", 1, False)
    if workers is None:
        workers = _automatic_workers()
    backend = asked
    if asked == "auto":
        backend = "thread" if gil_releasing else "process"
    elif asked != "process":
        backend = "thread"
    threshold = config.min_items
    if threshold is None:
        threshold = (DEFAULT_THREAD_MIN_ITEMS if backend == "thread"
                     else DEFAULT_PROCESS_MIN_ITEMS)
    if n_items < threshold:
        return _Plan("serial", 1, False)
    return _Plan(backend, min(workers, n_items), asked == "process")


def parallel_map(fn, items, *, config=None, gil_releasing=True, chunksize=None):
    """[fn(item) for item in items], on threads, in processes or right here.

    >>> from cadre.compat.pyccapt import parallel_map
    >>> parallel_map(lambda x: 2 * x, range(4))
    [0, 2, 4, 6]
    """
    items = list(items)
    if not items:
        return []
    plan = _plan(config, len(items), gil_releasing)
    if plan.backend == "serial":
        return [fn(item) for item in items]
    if plan.backend == "thread":
        return _map.run(fn, items, Options(plan.workers, "threads"))
    if chunksize is not None and chunksize < 1:
        raise ValueError("chunksize must be >= 1.")
    if plan.by_name:
        _pickling.check(fn)
        _pickling.check(items)
    chunk = chunksize or max(1, len(items) // (4 * plan.workers))
    return _map.run(fn, items, Options(plan.workers, "processes", chunk))


def describe_runtime_choice(cfg, n_items, gil_releasing):
    """What parallel_map would use: backend, workers, and what decided it.

    >>> from cadre.compat.pyccapt import describe_runtime_choice
    >>> describe_runtime_choice(None, 4, True)["backend"]
    'serial'
    """
    plan = _plan(cfg, n_items, gil_releasing)
    return {"backend": plan.backend, "workers": plan.workers, "n_items": n_items,
            "gil_releasing": gil_releasing,
            "workers_env": os.environ.get(WORKERS_ENV_VAR),
            "backend_env": os.environ.get(BACKEND_ENV_VAR)}
