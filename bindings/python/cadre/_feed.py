# _feed.py - items that a thread of their own reads for a stream.
# SPDX-License-Identifier: MIT
"""Inputs that block, without what is ready having to wait for them.

A stream takes its items in the thread that asks it for results, and while that waits in the
iterator's next(), nobody is given anything. Here another thread waits there.
"""
import threading
import weakref
from collections import deque

from . import _core


class Feed:
    """An iterator for _core.Stream alone, which never waits: where it has no item yet it says
    _core.LATER, and wakes the stream when it has.

    items are read by a thread that begins with start() and ends with them, or soon after
    stop() or the stream's end; it never holds more than `most` whose results given() has not
    counted. Then it calls ended().
    """

    def __init__(self, items, most, name=None, daemon=True, ended=None):
        self._items, self._most, self._ended = items, most, ended
        self._stream = None
        self._condition = threading.Condition()
        # All of these under the condition.
        self._ready = deque()
        self._asked = self._given = 0
        self._waits = self._stopped = self._over = False
        self._failure = None
        self._thread = threading.Thread(target=self._read, name=name, daemon=daemon)
        self._thread.cadre_dispatcher = True  # no thread of the program's that forks are told of

    def __iter__(self):
        return self

    def __next__(self):
        with self._condition:
            if self._ready:
                return self._ready.popleft()
            if not self._over:
                return _core.LATER
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        raise StopIteration

    def start(self, stream):
        """Read for this stream, which it does not keep: when that is dropped, it ends."""
        self._stream = weakref.ref(stream, lambda _: self.stop())
        self._thread.start()

    def given(self):
        """A result was given out: there is room for another item."""
        with self._condition:
            self._given += 1
            if self._waits:
                self._condition.notify()

    def stop(self):
        """Ask for no more. An item that is waited for is waited for on."""
        with self._condition:
            self._stopped = True
            self._condition.notify()

    # ---- in the thread ----

    def _may_go_on(self):
        return (self._stopped or self._asked < self._given + self._most
                or not threading.main_thread().is_alive())

    def _has_room(self):
        """Wait until an item may be asked for; false: none is wanted any more. The program
        does not end before a thread that is no daemon: that looks whether it wants to."""
        often = None if self._thread.daemon else 1.0
        with self._condition:
            self._waits = True
            while not self._may_go_on():
                self._condition.wait(often)
            self._waits = False
            self._asked += 1
            return not self._stopped and self._asked <= self._given + self._most

    def _wake(self):
        stream = self._stream()
        if stream is not None:
            stream.wake()

    def _read(self):
        failure = None
        try:
            iterator = iter(self._items)
            while self._has_room():
                try:
                    item = next(iterator)
                except StopIteration:
                    break
                with self._condition:
                    self._ready.append(item)
                self._wake()
                del item
        except BaseException as raised:  # whatever it is, it is for who asks for results
            failure = raised
        with self._condition:
            self._failure, self._over = failure, True
        self._items = iterator = failure = None
        self._wake()
        if self._ended is not None:
            self._ended()
