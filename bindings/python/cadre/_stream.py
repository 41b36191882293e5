# _stream.py - imap and imap_unordered: results one by one.
# SPDX-License-Identifier: MIT
"""imap and imap_unordered."""
import time
from itertools import islice

from . import _auto, _core, _hooks, _open_streams, _state
from ._options import Options, check_function, reporter


def sequence(iterables):
    """(items, star): a copy of a list or tuple, which the caller may change meanwhile, or
    an iterator."""
    if not iterables:
        raise TypeError("imap needs a function and at least one iterable")
    if len(iterables) > 1:
        return zip(*iterables), True
    items = iterables[0]
    if type(items) is list:
        return tuple(items), False
    return (items, False) if type(items) in (tuple, range) else (iter(items), False)


def chosen(items, indexes, by_number):
    """What a stream has of the items of those indexes: by number all of them, as it finds its
    own; else an iterator over the chosen ones."""
    if hasattr(items, "__next__"):
        return picked(items, indexes)
    if indexes and indexes[-1] >= len(items):
        raise ValueError(f"indexes: {indexes[-1]} is none of {len(items)} items")
    return items if by_number else (items[index] for index in indexes)


def picked(iterator, indexes):
    """Of what an iterator has, those of that index; nothing after the last is asked for."""
    last = -1
    for wanted in indexes:
        for item in iterator:
            last += 1
            if last == wanted:
                break
        else:
            raise ValueError(f"indexes: {wanted} is none of {last + 1} items")
        yield item


def window_of(options, workers):
    """How many items are held: by default enough for each worker, and not the more the
    slower the caller is."""
    return options.window or max(64, 16 * workers)


def open_stream(fn, items, star, options, pool, unordered, first=0, window=0,
                report=None, **more):
    """A stream over the items from number `first` on."""
    job = options.job()
    if report:
        job["progress"] = report
    if options.persistent:
        items = iter(items)
    _hooks.refresh()
    _hooks.flush()
    workers = pool.workers if pool is not None else 1
    fn, state = _state.of(fn, options)
    stream = _core.Stream(pool, fn, items, star=star, unordered=unordered, first=first,
                          window=window or window_of(options, workers),
                          memory_limit=options.memory_limit, **more, **job)
    _open_streams.add(stream, state)
    return stream


def size_of(options, items):
    """How many results there will be; 0 where that is not known."""
    if options.indexes is not None:
        return len(options.indexes)
    return len(items) if hasattr(items, "__len__") else 0


def teller(options, count):
    """What is told of progress: of `count` items, 0 if that is not known, from now on, in however
    many streams they are run. None: nobody asked."""
    report, began = reporter(options.progress, count), time.monotonic()

    def tell(done, total, _elapsed, _left):
        elapsed, total = time.monotonic() - began, count or total
        left = elapsed / done * (total - done) if done and total else -1.0
        report(done, total, elapsed, left)
    return tell if report else None


def measured(fn, items, star, options, unordered):
    """backend="auto": results of this process until it is known that workers pay. Each
    goes out before the next item is asked for."""
    by_number = not hasattr(items, "__next__")
    iterator, count = iter(items), size_of(options, items)
    if by_number and options.indexes is not None:
        iterator = chosen(items, options.indexes, False)
    nested = _core.current_task() is not None
    report = teller(options, count)
    here = open_stream(fn, iterator, star, options, None, unordered, window=1,
                       report=report)
    pool = None
    try:
        while True:
            try:
                result = next(here)
            except StopIteration:
                return
            yield result
            done = here.given
            if here.spent >= _auto.PROBE and not nested:
                pool = pool or options.pool("processes")
                left = count - done if by_number else 4 * done
                decision = _auto.Decision(here.spent / done, left,
                                          _auto.streamed(result), pool)
                _hooks.logger.debug("imap: %s", decision)
                if decision.pays:
                    break
            for result in islice(here, done - 1):
                yield result  # `yield from` would not look for signals and other threads
            del result
    finally:
        _open_streams.close(here)
    rest = items if by_number else iterator
    yield from drain(open_stream(fn, rest, star, options, pool, unordered, done,
                                 report=report))


def drain(stream):
    """The stream's results; its workers end with the generator."""
    try:
        for result in stream:
            yield result  # not `yield from`: see measured
    finally:
        _open_streams.close(stream)


def stream(options, fn, iterables, unordered, pool=None, star=False):
    """imap, once its options are read."""
    items, zipped = sequence(iterables)
    star = star or zipped
    if options.indexes is not None:
        items = chosen(items, options.indexes, not options.persistent)
    if pool is None and options.backend == "auto":
        return measured(fn, items, star, options, unordered)
    if pool is None:
        pool = options.pool()
    return drain(open_stream(fn, items, star, options, pool, unordered,
                             report=teller(options, size_of(options, items))))


def imap(fn, /, *iterables, window=None, memory_limit=None, workers=None, backend=None,
         chunk=None, retries=0, timeout=None, deadline=None, grace=0.1, on_error="raise",
         progress=None, seed=None, isolate=False, persistent=False, prefetch=None,
         state=None, keep_state=False, indexes=None):
    """An iterator over fn(item) for each item, in order, while others are at work.

    Items of a list, tuple or range are in the workers, which are forked at the first
    result that is asked for. Those of any other iterable are taken one by one, in the
    thread that asks for results, and travel to worker processes by pickle; an endless
    one will do. Where it is slow, results are given out first; but once it is asked, they
    wait until it has answered, or with window=1 it is asked when none is left.

    window
        how many items may be taken whose results have not been given out: a bound that
        holds also while a slow item keeps others waiting
    memory_limit
        bytes of items and results on their way; a single one may have a quarter
    indexes
        run only these items, ever higher; there is a result for each. They are known by
        their place among all, as in map: what an earlier run has left out comes out as it
        would have there. Items of an iterator that are not asked for are passed over, and
        nothing is taken after the last that is

    For the other options see map. When fn fails for an item, or the iterable raises,
    results before that come first. Closing the iterator, or dropping it, ends the
    workers. It belongs to the thread that asks first.

    >>> import cadre, itertools
    >>> squares = cadre.imap(lambda x: x * x, itertools.count())
    >>> [next(squares) for _ in range(4)]
    [0, 1, 4, 9]
    >>> squares.close()
    >>> list(cadre.imap(lambda x: x * x, itertools.count(), indexes=[2, 5]))
    [4, 25]
    """
    check_function(fn)
    options = Options(workers, backend, chunk, window, memory_limit, retries, timeout,
                      deadline, grace, on_error, progress, seed, None, isolate, persistent,
                      prefetch, state, keep_state, indexes)
    return stream(options, fn, iterables, False)


def imap_unordered(fn, /, *iterables, window=None, memory_limit=None, workers=None,
                   backend=None, chunk=None, retries=0, timeout=None, deadline=None,
                   grace=0.1, on_error="raise", progress=None, seed=None, isolate=False,
                   persistent=False, prefetch=None, state=None, keep_state=False,
                   indexes=None):
    """As imap, but each result comes as soon as it is there. The exception raised is that of
    the lowest item that failed all the same: from a failure on, only results below it come,
    and it comes after those.

    >>> import cadre
    >>> sorted(cadre.imap_unordered(abs, [-3, 1, -2]))
    [1, 2, 3]
    >>> sorted(cadre.imap_unordered(abs, [-3, 1, -2], indexes=[0, 2]))
    [2, 3]
    """
    check_function(fn)
    options = Options(workers, backend, chunk, window, memory_limit, retries, timeout,
                      deadline, grace, on_error, progress, seed, None, isolate, persistent,
                      prefetch, state, keep_state, indexes)
    return stream(options, fn, iterables, True)
