# _hooks.py - what the extension has Python do for it.
# SPDX-License-Identifier: MIT
"""Pickling, random generators, a worker's begin, the log."""
import gc
import io
import logging
import os
import pickle
import sys
import threading
import types

from . import _core, _errors

logger = logging.getLogger("cadre")


def _instead(thing):
    """What a function could return, or an iterator give, rather than that."""
    if isinstance(thing, types.GeneratorType):
        return "make a list of what it yields"
    if isinstance(thing, types.CoroutineType):
        return "run it to its end in the function, as by asyncio.run()"
    return "use plain data"


def dumps(thing):
    """The buffers that make up an object; the first is its pickle."""
    buffers = []
    try:
        data = pickle.dumps(thing, 5, buffer_callback=buffers.append)
    except Exception as failure:
        failure.add_note(
            f"an object of type {type(thing).__name__} has to travel between processes "
            f"and cannot be pickled: {_instead(thing)}, or use backend=\"threads\"")
        raise
    return [data, *(buffer.raw() for buffer in buffers)]


BY_VALUE = ("put it into a module that can be imported, or install cloudpickle (Debian: "
            "python3-cloudpickle), which sends it by value; forked workers, without "
            "persistent=True, need neither")


class _ByReference(pickle.Pickler):
    """Refuses what is in __main__: another process has another one."""

    def reducer_override(self, thing):
        if isinstance(thing, (types.FunctionType, type)) and thing.__module__ == "__main__":
            raise pickle.PicklingError(f"{thing.__qualname__} is in __main__")
        return NotImplemented


def _cloudpickle():
    try:
        import cloudpickle  # not everybody has it
    except ImportError:
        return None
    return cloudpickle


def dumps_clean(thing, of=None):
    """The same for a process that has not been forked from here: by reference, and by
    value through cloudpickle what cannot be imported there. `of` is what it is told by."""
    buffers, file = [], io.BytesIO()
    try:
        _ByReference(file, 5, buffer_callback=buffers.append).dump(thing)
        return [file.getvalue(), *(buffer.raw() for buffer in buffers)]
    except Exception as failure:
        cloudpickle, reason = _cloudpickle(), failure
    buffers = []
    try:
        if cloudpickle is None:
            raise reason
        data = cloudpickle.dumps(thing, 5, buffer_callback=buffers.append)
    except Exception as failure:
        by_name = cloudpickle is None and not isinstance(failure, TypeError)
        failure.add_note(f"{_errors.shorten(thing if of is None else of)} cannot go to or "
                         "from a persistent worker: "
                         + (BY_VALUE if by_name else
                            "open what it has in the function, or use forked workers, "
                            "without persistent=True"))
        raise
    return [data, *(buffer.raw() for buffer in buffers)]


def dumps_whole(thing):
    """The same in one piece."""
    cloudpickle = _cloudpickle()
    return cloudpickle.dumps(thing, 5) if cloudpickle else pickle.dumps(thing, 5)


def send_call(fn, seed):
    """What persistent workers get of a call: where modules are, and the function."""
    try:
        here = [os.getcwd()]
    except OSError:
        here = []  # the folder is gone, and no module is in it
    path = [part for entry in sys.path for part in ([entry] if entry else here)]
    return path, [bytes(part) for part in dumps_clean((fn, seed), fn)]


def receive_call(sent):
    """In a persistent worker: the function and the seed."""
    sys.path[:], parts = sent
    return loads(parts)


def loads(parts):
    """What dumps made those parts of."""
    try:
        return pickle.loads(parts[0], buffers=parts[1:])
    except Exception as failure:
        failure.add_note("an object has travelled between processes, and its pickle does not "
                         "make it again: see its class's __reduce__ or __setstate__")
        raise


def generator(seed, index):
    """Generator over SeedSequence(seed).spawn(n)[index]."""
    from numpy.random import PCG64, Generator, SeedSequence  # slow, and not all need it
    if not isinstance(seed, SeedSequence):
        seed = SeedSequence(0 if seed is None else seed)
    return Generator(PCG64(SeedSequence(seed.entropy, pool_size=seed.pool_size,
                                        spawn_key=(*seed.spawn_key, index))))


def flush():
    """Nothing that is in a buffer now is to be written by every worker."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass  # None, closed, or somebody's own


def worker_begin():
    """In a worker process: objects from before are neither collected nor moved, so that
    their pages stay shared; and each line that is printed is written at once."""
    gc.freeze()
    write_lines()


def write_lines():
    """Each line that is printed is written at once."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.reconfigure(line_buffering=True)
        except Exception:
            pass  # somebody's own


LEVELS = {0: logging.INFO, 1: logging.WARNING, 2: logging.DEBUG}


def log(level, text):
    """A line of the library's log. Other threads are worth a warning, once, if they are
    the program's: those of BLAS, OpenMP and Pool.submit see to forks themselves."""
    if "other thread" in text:
        level = 1 if program_has_threads() and not log.told else 2
        log.told = log.told or level == 1
    logger.log(LEVELS.get(level, logging.INFO), "%s", text)


log.told = False


def program_has_threads():
    """Whether there are threads but this one and cadre's own. Of those that Python did not
    start it keeps what it once knew of them, also when they have ended."""
    try:
        there = {int(name) for name in os.listdir("/proc/self/task")}
    except OSError:
        there = None
    return sum(not hasattr(thread, "cadre_dispatcher")
               and (there is None or thread.native_id in there)
               for thread in threading.enumerate()) > 1


class Absent:
    """In place of a class that is not there yet."""


def refresh():
    """NumPy's float has a form of its own, once NumPy is loaded."""
    numpy = sys.modules.get("numpy")
    real = getattr(numpy, "float64", None)
    if real is not None and refresh.known is not real:
        _core.register({"numpy_float": real})
        refresh.known = real


refresh.known = None

_core.register({"dumps": dumps, "dumps_clean": dumps_clean, "send_call": send_call,
                "receive_call": receive_call, "loads": loads, "numpy_float": Absent,
                "pack": _errors.pack, "unpack": _errors.unpack,
                "locate": _errors.locate, "failure": _errors.failure,
                "stopped": _errors.stopped,
                "generator": generator, "worker_begin": worker_begin, "log": log})
