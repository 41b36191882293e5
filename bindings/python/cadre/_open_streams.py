# _open_streams.py - streams that are left half way, and how they end.
# SPDX-License-Identifier: MIT
"""Streams that have not been closed."""
import atexit
import os
import weakref

from . import _state

_open = weakref.WeakKeyDictionary()  # {stream: what ends its state}
os.register_at_fork(after_in_child=_open.clear)


def add(stream, state):
    """A new one, and what this thread makes for its tasks."""
    _open[stream] = state


def close(stream):
    """End its workers, and what this thread has made for its tasks."""
    stream.close()
    _open.pop(stream, _state.NOTHING).end()


@atexit.register
def abandon_all():
    """End what is left half way, while threads can still have the interpreter: later, its
    workers would wait for that for ever, and whoever drops the stream for them."""
    for stream in list(_open):
        stream.abandon()
