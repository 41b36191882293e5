# _array.py - results that are written into an array, in place.
# SPDX-License-Identifier: MIT
"""out= and dtype= of map, and empty()."""
from . import _core

KINDS = {"float64": "d", "int64": "q"}


def empty(shape, dtype=float):
    """A NumPy array in memory that worker processes share: zeros, at first.

    What a function writes there, in any worker, the program sees. As ``out`` of map it
    takes results without a copy. The memory is freed with the last array on it.

    >>> import cadre
    >>> squares = cadre.empty((3, 2))
    >>> _ = cadre.map(lambda i: (i, i * i), range(3), out=squares)
    >>> squares.tolist()
    [[0.0, 0.0], [1.0, 1.0], [2.0, 4.0]]
    """
    import numpy  # slow, and not everybody has it
    dtype = numpy.dtype(dtype)
    if dtype.hasobject:
        raise TypeError(f"dtype {dtype} holds objects, which processes cannot share")
    shape = (shape,) if hasattr(shape, "__index__") else tuple(shape)
    count = 1
    for length in shape:
        count *= length.__index__()
    memory = _core.Shared(count * dtype.itemsize)
    return numpy.frombuffer(memory, dtype, count).reshape(shape)


def is_shared(array):
    """Whether worker processes write to the memory of the array itself."""
    while array is not None:
        if isinstance(array, _core.Shared):
            return True
        array = array.obj if isinstance(array, memoryview) else getattr(array, "base", None)
    return False


class Target:
    """Where the results of a map go that are no list."""

    def __init__(self, out, dtype, n, options):
        if out is not None and dtype is not None:
            raise ValueError("out and dtype both: an array has its type")
        if options.keep_going:
            raise ValueError('on_error="return" needs a list: an array has no place for '
                             "exceptions")
        if out is not None and not hasattr(out, "dtype"):
            raise TypeError(f"out is a {type(out).__name__}, expected a NumPy array")
        self.array = empty(n, dtype) if out is None else out
        if len(self.array) != n:
            raise ValueError(f"out has {len(self.array)} places for {n} results")
        private = options.backend in ("processes", "auto") and not is_shared(self.array)
        self.shared = empty(self.array.shape, self.array.dtype) if private else self.array
        plain = (self.shared.ndim == 1 and self.shared.flags.c_contiguous
                 and self.shared.dtype.isnative)
        self.kind = KINDS.get(self.shared.dtype.name, "") if plain else ""

    def finish(self):
        """The array, with the results in it."""
        if self.shared is not self.array:
            self.array[...] = self.shared
        return self.array
