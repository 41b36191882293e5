# _errors.py - errors of tasks: how they travel, and what they say.
# SPDX-License-Identifier: MIT
"""Exceptions of cadre, and how those of tasks come from a worker to the caller."""
import pickle
import re
import traceback

__all__ = ["CadreError", "TaskError", "WorkerDied", "TaskTimeout", "DeadlinePassed",
           "Cancelled", "WorkerTraceback"]


class CadreError(Exception):
    """What all errors of cadre's own derive from."""


class TaskError(CadreError, RuntimeError):
    """A task failed with an exception that cannot travel; its text and traceback do.

    Attributes: ``item``, the item's index, or None where it belongs to none;
    ``type_name``, the name of the exception's class in the worker.
    """

    def __init__(self, message, item=None, type_name=None):
        super().__init__(message, item, type_name)
        self.item, self.type_name = item, type_name

    def __str__(self):
        return self.args[0]


class WorkerDied(TaskError):
    """A worker process died in a task.

    Attributes: ``item``; ``signal`` that killed it, or 0; ``status`` that it exited
    with; ``pid``; ``out_of_memory``, whether Linux killed it to get memory;
    ``peak_kib``, the most memory it had in use. The text ends with the last words
    that it wrote to standard error.
    """

    def __init__(self, message, item=None, signal=0, status=0, pid=0, flags=0, peak_kib=0):
        super().__init__(message, item)
        self.args = (message, item, signal, status, pid, flags, peak_kib)
        self.signal, self.status, self.pid, self.peak_kib = signal, status, pid, peak_kib
        self.out_of_memory = bool(flags & 2)


class TaskTimeout(TaskError, TimeoutError):
    """A task took longer than ``timeout``; its worker was ended."""

    def __init__(self, message, item=None):
        super().__init__(message, item)
        self.args = (message, item)


class DeadlinePassed(CadreError, TimeoutError):
    """The call as a whole took longer than ``deadline``."""


class Cancelled(CadreError):
    """The call was cancelled."""


class WorkerTraceback(Exception):
    """Where in the worker an exception was raised: the ``__cause__`` of that."""

    def __init__(self, text):
        super().__init__(text)
        self.text = text

    def __str__(self):
        return f'\n"""\n{self.text}"""'


class StopRaised(RuntimeError):
    """A function raised StopIteration, which is the ``__cause__``: raised by itself, it would
    end the loop over the results as if there were no more."""


def stopped(exception):
    """What a stream raises for that."""
    other = StopRaised("the function raised StopIteration")
    for note in getattr(exception, "__notes__", ()):
        other.add_note(note)
    other.cadre_item = getattr(exception, "cadre_item", None)
    other.__cause__ = exception
    return other


def shorten(item, most=200):
    """repr(item), but not longer than that, whatever it does."""
    try:
        text = repr(item)
    except Exception as failure:  # repr of a user's class may do anything
        text = f"<{type(item).__name__}, whose repr raised {type(failure).__name__}>"
    return text if len(text) <= most else text[:most - 3] + "..."


def locate(exception, index, item):
    """Say in the exception which item it is of: once, by whoever knew first."""
    if getattr(exception, "cadre_item", None) is not None:
        return
    exception.add_note(f"item {index}: {shorten(item)}")
    try:
        exception.cadre_item = index
    except AttributeError:
        pass  # a class with slots: the note says it


def dumps(exception):
    """An exception as bytes; persistent workers have another way."""
    return pickle.dumps(exception, 5)


def _travels(exception):
    """The exception as bytes, or None where it would not come out as itself."""
    try:
        packed = dumps(exception)
        same = pickle.loads(packed)
        return packed if type(same) is type(exception) else None
    except Exception:
        return None


def pack(exception, index, item):
    """In a worker: an exception as bytes."""
    text = "".join(traceback.format_exception(exception))
    locate(exception, index, item)
    kind = type(exception)
    try:
        words = str(exception)
    except Exception:
        words = "its text cannot be had"
    notes = [str(note) for note in getattr(exception, "__notes__", ())]
    return pickle.dumps((_travels(exception), f"{kind.__module__}.{kind.__qualname__}",
                         words, notes, text, getattr(exception, "cadre_item", index)), 5)


def unpack(packed):
    """In the caller: the exception; itself where it can be."""
    pickled, name, words, notes, text, index = pickle.loads(packed)
    exception = None
    if pickled is not None:
        try:
            exception = pickle.loads(pickled)
        except Exception:
            pass  # what it needs is not here: a module that the task imported
    if exception is None:
        exception = TaskError(f"{name.removeprefix('builtins.')}: {words}", index, name)
    for note in notes:
        if note not in getattr(exception, "__notes__", ()):
            exception.add_note(note)
    if exception.__cause__ is None:
        exception.__cause__ = WorkerTraceback(text)
    return exception


def _word(message, first):
    """The message, with its item counted from the beginning."""
    return re.sub(r"^item (\d+)", lambda m: f"item {int(m[1]) + first}", message)


def failure(code, sys, signal, item, pid, status, flags, peak_kib, message, first):
    """What is raised for a failure of the library's."""
    message = _word(message, first)
    if code == -5:
        return WorkerDied(message, item, signal, status, pid, flags, peak_kib)
    if code == -6:
        return DeadlinePassed(message) if item is None else TaskTimeout(message, item)
    if code == -7:
        return Cancelled(message)
    if code == -4:
        return TaskError(message, item)
    if code == -3:
        return OSError(sys, message)
    if code == -2:
        return MemoryError(message)
    if code in (-1, -12):
        return ValueError(message)
    return CadreError(message)
