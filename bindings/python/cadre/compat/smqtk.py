# smqtk.py - the interface of smqtk_descriptors.utils.parallel, on cadre.
# SPDX-License-Identifier: MIT
"""parallel_map and its iterator, as SMQTK-Descriptors has them.

    >>> from cadre.compat.smqtk import parallel_map
    >>> list(parallel_map(lambda a, b: a + b, [1, 2, 3], [10, 20], fill_void=0))
    [11, 22, 3]

As there, inputs are read by a thread of their own, so that a result is given out as soon as it
is there, whatever the next item waits for. A single list, tuple or range needs none, nor does
an iterator of parallel_map whose first result was taken already: that is read where it was.

Better than there: the bound on items holds in order too; errors come after the results before
them; a killed process, SystemExit and what cannot be pickled are errors and no hang; after the
end there is StopIteration; iterators that are dropped end their workers; an unknown keyword is
a TypeError.
"""
import logging
import multiprocessing
import threading
import traceback
from itertools import zip_longest

from .. import _feed, _open_streams, _stream
from .._options import Options

__all__ = ["parallel_map", "ParallelResultsIterator"]

LOG_NAME = "smqtk_descriptors.utils.parallel"
_ABSENT = object()


def parallel_map(work_func, *sequences, fill_void=_ABSENT, ordered=True, buffer_factor=2.0,
                 cores=None, use_multiprocessing=False, heart_beat=0.001, name=None,
                 daemon=True):
    """An iterator over work_func of the elements of the sequences.

    fill_void
        stands in for elements of sequences that are shorter; without it the shortest ends
        all
    ordered
        in the order of the input, or as results come
    buffer_factor, cores
        how many items are underway at most: cores * (2 * buffer_factor + 1)
    use_multiprocessing
        worker processes, and not threads
    name, daemon
        of the thread that reads the sequences
    """
    if heart_beat <= 0:
        raise ValueError("heart_beat must be >0.")
    log = logging.getLogger(LOG_NAME + (f"[{name}]" if name else ""))
    if cores is None or cores <= 0:
        cores = multiprocessing.cpu_count()
        log.debug("Using all cores (%d)", cores)
    else:
        log.debug("Only using %d cores", cores)
    if ordered:
        log.debug("[PRI::%s] results in order", name)
    return ParallelResultsIterator(work_func, sequences, fill_void, ordered, buffer_factor,
                                   cores, use_multiprocessing, heart_beat, name, daemon)


def window_of(cores, buffer_factor):
    """Items that may be taken before the results are: two queues, and one a core."""
    queue = max(0, int(cores * buffer_factor))
    return 2 * queue + cores


class ParallelResultsIterator:
    """Results as they come. stop() ends it early; the end, and any error, stop it."""

    def __init__(self, work_func, sequences, fill_void, ordered, buffer_factor, cores,
                 is_multiprocessing, heart_beat, name, daemon):
        self.name, self.ordered, self.heart_beat = name, bool(ordered), heart_beat
        self.is_multiprocessing, self.daemon = bool(is_multiprocessing), daemon
        self.has_started_workers = self.has_cleaned_up = False
        self.workers = []
        self.stop_event = threading.Event()
        self._work_func, self._sequences, self._fill_void = work_func, sequences, fill_void
        self._cores, self._window = cores, window_of(cores, buffer_factor)
        self._stream = self._thread = self._feed = None

    def __iter__(self):
        return self

    def __next__(self):
        if not self.stopped() and not self.has_started_workers:
            self.start_workers()
        return self.results_q_get()

    next = __next__

    def __repr__(self):
        kind = type(self)
        return f"<{kind.__module__}.{kind.__qualname__}[{self.name}] at {id(self):#x}>"

    def start_workers(self):
        """Begin; the first next() does it."""
        self.has_started_workers = True
        self._thread = threading.get_ident()
        options = Options(self._cores, "processes" if self.is_multiprocessing else "threads",
                          window=self._window)
        items, star = self._items()
        self._stream = _stream.open_stream(self._logged(), items, star, options,
                                           options.pool(), not self.ordered,
                                           caller_waits=not self.is_multiprocessing)
        if self._feed is not None:
            self._stream.start()  # worker processes are forked before there is a thread more
            self._feed.start(self._stream)
        self.workers = [f"{self.name or 'worker'}-{k + 1}" for k in range(self._cores)]

    def _items(self):
        """(items, star). A list alone is there in worker processes."""
        sequences, star = self._sequences, len(self._sequences) > 1
        if not sequences:
            return iter(()), False
        if not star and type(sequences[0]) in (list, tuple, range):
            return _stream.sequence(sequences)
        items = self._read(sequences, self._fill_void)
        if not any(each.begun_here() for each in sequences
                   if isinstance(each, ParallelResultsIterator)):
            self._feed = items = _feed.Feed(items, self._window, self.name, self.daemon,
                                            lambda: end_all(sequences))
        return items, star

    def begun_here(self):
        """Whether this thread is the one that can take its results."""
        return self._thread == threading.get_ident()

    @staticmethod
    def _read(sequences, fill_void):
        try:
            if len(sequences) == 1:
                yield from sequences[0]
            elif fill_void is _ABSENT:
                yield from zip(*sequences)
            else:
                yield from zip_longest(*sequences, fillvalue=fill_void)
        except GeneratorExit:
            raise  # it is left behind
        except BaseException:
            logging.getLogger(LOG_NAME).warning("Caught exception in an input",
                                                exc_info=True)
            raise

    def _logged(self):
        work = self._work_func

        def call(*args):
            try:
                return work(*args)
            except BaseException:
                logging.getLogger(LOG_NAME).warning("Caught exception in work_func",
                                                    exc_info=True)
                raise
        return call

    def results_q_get(self):
        """The next result; StopIteration once stopped."""
        if self.stopped() or self._stream is None:
            self.stop()
            raise StopIteration
        try:
            result = next(self._stream)
            if self._feed is not None:
                self._feed.given()
            return result
        except StopIteration:
            self.stop()
            raise
        except BaseException as failure:
            text = str(failure.__cause__ or "".join(traceback.format_exception(failure)))
            logging.getLogger(LOG_NAME).warning("Received exception: %r\n%s", failure, text)
            self.stop()
            raise

    def stopped(self):
        """Whether it is over."""
        return self.stop_event.is_set()

    def stop(self):
        """Begin nothing more, and wait for what runs."""
        self.stop_event.set()
        self.clean_up()

    def clean_up(self):
        """Once, if it has begun: end the workers, and iterators that it is fed by. From
        another thread, only that nothing more begins: the rest is done at the next
        result that is asked for."""
        stream = self._stream
        if not self.has_started_workers or self.has_cleaned_up or stream is None:
            return
        if not self.begun_here():
            stream.stop()
            return
        self.has_cleaned_up = True
        if self._feed is not None:
            self._feed.stop()
        end_all(self._sequences)
        _open_streams.close(stream)


def end_all(sequences):
    """Stop those that are iterators of parallel_map, too."""
    for sequence in sequences:
        if isinstance(sequence, ParallelResultsIterator):
            sequence.stop()
