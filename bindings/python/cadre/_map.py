# _map.py - map, starmap, reduce: all results at once.
# SPDX-License-Identifier: MIT
"""map, starmap and reduce."""
import copy
import sys
import time
from array import array

from . import _auto, _core, _errors, _hooks, _open_streams, _state, _stream
from ._array import Target
from ._options import Options, check_function, reporter, whole

_builtin_map = map


def take(iterable):
    """(items, failure): a sequence that tasks find by number, and what the iterable raised
    after those, or None."""
    if type(iterable) in (list, tuple, range):
        return iterable, None
    numpy = sys.modules.get("numpy")
    if numpy is not None and type(iterable) is numpy.ndarray and iterable.ndim > 0:
        return iterable, None
    items, iterator = [], iter(iterable)
    try:
        items.extend(iterator)
    except Exception as failure:
        return items, failure
    return items, None


def run(fn, items, options, star=False, pool=None, out=None):
    """The results of all items, in order."""
    n = len(items)
    results = [None] * n if out is None else None
    if n == 0:
        return results if out is None else out.array
    if options.persistent and pool is None and n >= options.min_items:
        run_persistent(Call(fn, items, options, star, results, out))
        return results if out is None else out.finish()
    fn, state = _state.of(fn, options)
    try:
        run_here(Call(fn, items, options, star, results, out), pool)
    finally:
        state.end()
    return results if out is None else out.finish()


def run_here(call, pool):
    """A map's tasks, in this process or in some that are forked from it."""
    options, n = call.options, call.n
    if pool is not None:
        call.on(pool, 0, n)
    elif options.backend == "auto":
        _auto.run(call)
    elif options.backend == "serial" or n < options.min_items:
        call.on(None, 0, n)
    else:
        call.on(options.pool(), 0, n)


def run_persistent(call):
    """A map's tasks on workers that stay: as a stream, whose results are put in place here."""
    stream = _stream.open_stream(call.fn, iter(call.items), call.job["star"], call.options,
                                 call.options.pool(), False, report=call.job.get("progress"))
    into = call.results if call.out is None else call.out.shared
    try:
        for index, result in enumerate(stream):
            into[index] = result
    except _errors.StopRaised as failure:  # a map's own loop is not the caller's
        raise failure.__cause__ from failure.__cause__.__cause__
    finally:
        _open_streams.close(stream)


class Call:
    """One call of map, which may be run in parts."""

    def __init__(self, fn, items, options, star, results, out):
        self.fn, self.items, self.options = fn, items, options
        self.results, self.out = results, out
        self.n = len(items)
        self.job = options.job()
        self.job["star"] = star
        self.began = time.monotonic()
        self.report = reporter(options.progress, self.n)
        if self.report:
            self.job["progress"] = self.tell
        if out is not None:
            self.job["out"], self.job["kind"] = out.shared, out.kind
        _hooks.refresh()

    def tell(self, done, _total, _elapsed, _left):
        elapsed = time.monotonic() - self.began
        left = elapsed / done * (self.n - done) if done else -1.0
        self.report(done, self.n, elapsed, left)

    def on(self, pool, first, count):
        """Tasks first .. first + count - 1 on that pool."""
        job = self.job
        if job["deadline_ms"] and first:
            spent = round((time.monotonic() - self.began) * 1000)
            job["deadline_ms"] = self.options.deadline_ms - spent
            if job["deadline_ms"] <= 0:
                raise _errors.DeadlinePassed("the deadline passed")
        if pool is not None:
            _hooks.flush()
        _core.run(pool, self.fn, self.items, first, count, self.results, **job)


def shaped(iterables):
    """(items, star, failure) of a function's iterables, as the builtin map has them."""
    if not iterables:
        raise TypeError("map needs a function and at least one iterable")
    if len(iterables) == 1:
        return (*take(iterables[0]), False)
    return (*take(zip(*iterables)), True)


def map(fn, /, *iterables, out=None, dtype=None, workers=None, backend=None, chunk=None,
        retries=0, timeout=None, deadline=None, grace=0.1, on_error="raise",
        progress=None, seed=None, min_items=None, isolate=False,
        persistent=False, prefetch=None, state=None, keep_state=False, indexes=None):
    """A list of fn(item) for each item, as the builtin map gives, on all cores.

    With several iterables, fn gets an argument from each, and the shortest ends it.
    Worker processes are forked from this one as it is: fn may be a lambda or a closure,
    items may be anything, and only results travel.

    out
        a NumPy array that the results are written into, instead of a list. In memory
        of cadre.empty() workers write it in place; the call returns it
    dtype
        instead, the type of a new array of one number a result
    workers
        how many: None for every CPU that this process may use, n, -1 for all, -2 for
        all but one
    backend
        "auto" (first items are measured here; workers come when that pays), "serial",
        "threads", "processes", "mpi" (the other ranks of a program that mpiexec has
        started; they are persistent workers)
    chunk
        items that are handed out together; found out by default
    retries
        how often an item is tried again whose worker process died
    timeout, deadline
        seconds for each item (in processes), and for the whole call
    grace
        seconds that tasks have to end by themselves before their processes are killed
    on_error
        "raise" the exception of the lowest item that failed, or "return" exceptions in
        place of results
    progress
        True for a bar on a terminal, a tqdm, or a function of done, total, elapsed, left
    seed
        of current_task().rng: an integer, a sequence of them, or a SeedSequence
    min_items
        fewer run serially
    isolate
        run nothing in this process, so that no crash can take it down
    persistent
        worker processes are not forked from this one but started clean, once, and stay
        for later calls of this thread. Items and results travel by pickle, and so does
        the function: by reference, or by value where cloudpickle is installed. In a
        program that mpiexec has started they are its other ranks
    prefetch
        the most items that a worker has at hand, with the one it is in
    state
        a function without arguments that each worker calls before its first task: a
        connection, a model, a plan. Tasks find what it returned in current_task().state;
        after the worker's last task its close() is called, if it has one
    keep_state
        persistent workers keep that for later calls with the same function, until they end
    indexes
        run only these items, ever higher; there is a result for each. They are known by
        their place among all: to seeds, current_task().index, errors and their notes. So
        what an earlier call has left out comes out as it would have there

    Raises the function's exception, with a note that names the item and, from a worker
    process, the traceback there as its cause; WorkerDied, TaskTimeout, DeadlinePassed.

    >>> import cadre
    >>> factor = 3
    >>> cadre.map(lambda x: factor * x, range(5))
    [0, 3, 6, 9, 12]
    >>> cadre.map(pow, [2, 3], [10, 4])
    [1024, 81]
    """
    check_function(fn)
    options = Options(workers, backend, chunk, None, None, retries, timeout, deadline,
                      grace, on_error, progress, seed, min_items, isolate, persistent,
                      prefetch, state, keep_state, indexes)
    return map_with(options, fn, iterables, out=out, dtype=dtype)


def map_with(options, fn, iterables, pool=None, out=None, dtype=None, shape=shaped):
    """map, once its options are read."""
    items, failure, star = shape(iterables)
    if options.indexes is not None:
        items, failure = chosen(items, failure, options.indexes)
    target = None
    if out is not None or dtype is not None:
        target = Target(out, dtype, len(items), options)
    results = run(fn, items, options, star, pool, target)
    if failure is not None:
        raise failure
    return results


def chosen(items, failure, indexes):
    """(items, failure): those of that index alone."""
    n = len(items)
    if failure is not None and (not indexes or indexes[-1] < n):
        failure = None  # it came after all that are asked for
    if failure is None and indexes and indexes[-1] >= n:
        raise ValueError(f"indexes: {indexes[-1]} is none of {n} items")
    return [items[index] for index in indexes if index < n], failure


def starmap(fn, items, /, *, out=None, dtype=None, workers=None, backend=None,
            chunk=None, retries=0, timeout=None, deadline=None, grace=0.1,
            on_error="raise", progress=None, seed=None, min_items=None, isolate=False,
            persistent=False, prefetch=None, state=None, keep_state=False, indexes=None):
    """A list of fn(*item) for each item. For options see map.

    >>> import cadre
    >>> cadre.starmap(divmod, [(7, 2), (9, 4)])
    [(3, 1), (2, 1)]
    """
    check_function(fn)
    options = Options(workers, backend, chunk, None, None, retries, timeout, deadline,
                      grace, on_error, progress, seed, min_items, isolate, persistent,
                      prefetch, state, keep_state, indexes)
    return map_with(options, fn, (items,), out=out, dtype=dtype, shape=starred)


def starred(iterables):
    """Items that are tuples of arguments already."""
    return (*take(iterables[0]), True)


_NOTHING = object()


def reduce(combine, items, /, *, initial=_NOTHING, fn=None, grain=None, workers=None,
           backend=None, retries=0, timeout=None, deadline=None, grace=0.1,
           progress=None, seed=None, min_items=None, isolate=False,
           persistent=False, prefetch=None, state=None, keep_state=False, indexes=None):
    """combine(combine(fn(a), fn(b)), fn(c)) and so on, in a tree.

    combine has to be associative, as far as you mind: the shape of the tree depends on
    the number of items and on grain alone, so that the same floating-point sum comes
    out of any workers. fn is applied to each item first, if it is given, and finds that
    item's index and random numbers in current_task(). grain is how many neighbours a task
    combines, one after another. With indexes, only these items are combined, as if there
    were no others; fn, errors and their notes know them by their place among all. For the
    other options see map. Without items, initial is the result, or there is a TypeError.

    >>> import cadre, operator
    >>> cadre.reduce(operator.add, range(101))
    5050
    >>> cadre.reduce(max, ["a", "ccc", "bb"], fn=len)
    3
    >>> cadre.reduce(operator.add, range(101), indexes=[1, 50, 100])
    151
    """
    check_function(combine)
    options = Options(workers, backend, None, None, None, retries, timeout, deadline,
                      grace, "raise", progress, seed, min_items, isolate, persistent,
                      prefetch, state, keep_state, indexes)
    return reduce_with(options, combine, items, initial, fn, grain)


def fold(combine, fn, items, first, end, indexes):
    """Neighbours combined, one after another. The task is at each of them in turn."""
    folded = _NOTHING
    for at in range(first, end):
        try:
            if fn is None:
                value = items[at]
            else:
                _core.task_at(indexes[at])
                value = fn(items[at])
            folded = value if folded is _NOTHING else combine(folded, value)
        except Exception as exception:
            _errors.locate(exception, indexes[at], items[at])
            raise
    return folded


def by_blocks(options, indexes, grain):
    """Options of tasks that each have a block of the items: known by the first of it."""
    options = copy.copy(options)
    options.indexes = array("Q", indexes[::grain])
    return options


def reduce_with(options, combine, items, initial=_NOTHING, fn=None, grain=None, pool=None):
    """reduce, once its options are read."""
    items, failure = take(items)
    indexes = options.indexes
    if indexes is None:
        indexes = range(len(items))
    else:
        items, failure = chosen(items, failure, indexes)
    n = len(items)
    grain = whole("grain", grain, 1) or max(1, -(-n // 1024))

    def block(first):
        return fold(combine, fn, items, first, min(first + grain, n), indexes)

    options = by_blocks(options, indexes[:n], grain)
    if options.persistent:  # each block travels with its items alone
        blocks = ((combine, fn, list(items[first:first + grain]), 0, min(grain, n - first),
                   indexes[first:first + grain]) for first in range(0, n, grain))
        work, tasks, star = fold, list(blocks), True
    else:
        work, tasks, star = block, range(0, n, grain), False
    try:
        parts = run(work, tasks, options, star, pool)
    except (_errors.WorkerDied, _errors.TaskTimeout) as failure:
        if grain > 1:
            failure.add_note(f"or one of the {grain - 1} after it: a task combines {grain}")
        raise
    if failure is not None:
        raise failure
    if initial is not _NOTHING:
        parts.insert(0, initial)
    if not parts:
        raise TypeError("reduce() of no items, without an initial value")
    while len(parts) > 1:
        pairs = [combine(parts[i], parts[i + 1]) for i in range(0, len(parts) - 1, 2)]
        parts = pairs + parts[len(parts) - len(parts) % 2:]
    return parts[0]
