# _pickling.py - would it pickle? Without making the pickle.
# SPDX-License-Identifier: MIT
"""Rules of other libraries that refuse what cannot be pickled."""
import functools
import pickle


class _Nowhere:
    def write(self, data):
        return len(data)


def check(thing):
    """Raise what pickling it raises. Large buffers are not looked at."""
    pickle.Pickler(_Nowhere(), 5, buffer_callback=lambda buffer: False).dump(thing)


def check_function(fn):
    """The same of a function: of what a partial or a method calls, not of its data."""
    while True:
        if isinstance(fn, functools.partial):
            fn = fn.func
        elif hasattr(fn, "__func__"):
            fn = fn.__func__
        else:
            break
    check(fn)
