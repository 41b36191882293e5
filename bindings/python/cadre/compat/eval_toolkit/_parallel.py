# _parallel.py - the interface of eval_toolkit._parallel, on cadre.
# SPDX-License-Identifier: MIT
"""parallel_map with n_jobs, as eval-toolkit has it.

Better than there: whether the function can be pickled is seen without pickling the data that
a partial binds; n_jobs is capped at the CPUs that this process may use; the hint about a
sequential run is not used up while nobody listens.
"""
import logging
import os
import pickle

from ... import _core, _map
from ..._options import Options
from .. import _pickling

logger = logging.getLogger("eval_toolkit._parallel")

_GUIDANCE_EMITTED = False
GUIDANCE_ITEMS = 1000


def usable_cpus():
    """CPUs that this process may use, by affinity and cgroups."""
    return _core.Pool(backend="processes", ignore_environment=True).workers


def _sequential(fn, items, description):
    global _GUIDANCE_EMITTED
    if (len(items) >= GUIDANCE_ITEMS and not _GUIDANCE_EMITTED
            and logger.isEnabledFor(logging.INFO)):
        logger.info("%s: running %d items sequentially (n_jobs=1); n_jobs=-1 uses all cores",
                    description, len(items))
        _GUIDANCE_EMITTED = True
    return [fn(item) for item in items]


def _workers(n_jobs, description):
    usable = usable_cpus()
    if n_jobs == -1:
        return usable
    if n_jobs < 0:
        return max(1, usable + 1 + n_jobs)
    if n_jobs > usable or n_jobs > (os.cpu_count() or 1):
        logger.warning("%s: capping n_jobs from %d to %d", description, n_jobs, usable)
        return min(n_jobs, usable)
    return n_jobs


def check_jobs(n_jobs, description):
    """0 is refused."""
    if n_jobs == 0:
        raise ValueError(f"{description}: n_jobs=0 is not allowed; use 1 (sequential), "
                         "-1 (all cores), or a positive integer")


def require_picklable(functions, n_jobs, description):
    """Functions that workers could not have, were they started afresh, are refused."""
    for fn in functions:
        try:
            _pickling.check_function(fn)
        except (pickle.PicklingError, AttributeError, TypeError) as why:
            raise TypeError(f"{description}: the function is not picklable ({why}); with "
                            f"n_jobs={n_jobs} use a top-level function") from why


def run(fn, items, n_jobs, description):
    """parallel_map of a function and items that need not travel."""
    check_jobs(n_jobs, description)
    if n_jobs == 1:
        return _sequential(fn, items, description)
    return _map.run(fn, items, Options(_workers(n_jobs, description), "processes"))


def parallel_map(fn, items, *, n_jobs=1, description="work"):
    """[fn(item) for item in items], in n_jobs processes: the same list for any n_jobs.

    >>> from cadre.compat.eval_toolkit._parallel import parallel_map
    >>> parallel_map(abs, [-1, -2], n_jobs=-1)
    [1, 2]
    """
    check_jobs(n_jobs, description)
    items = items if isinstance(items, list) else list(items)
    if n_jobs != 1:
        require_picklable([fn], n_jobs, description)
        try:
            _pickling.check(items)
        except Exception as why:
            why.add_note(f"{description}: an item cannot be pickled")
            raise
    return run(fn, items, n_jobs, description)
