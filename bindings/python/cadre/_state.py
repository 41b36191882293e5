# _state.py - state=: what each worker has for its tasks.
# SPDX-License-Identifier: MIT
"""What each worker makes before its first task, and ends after its last."""
import atexit
import os
import threading

from . import _core, _hooks

_states = threading.local()  # {key of a call: state} of this thread, by process
_kept = {}                   # {(process, pickled function): state} of persistent workers


def _of_thread():
    """Those that this thread of this process has made: what a fork brought are others'."""
    pid = os.getpid()
    if getattr(_states, "pid", None) != pid:
        _states.inherited = getattr(_states, "made", None)  # not ours to end
        _states.pid, _states.made = pid, {}
    return _states.made


def _end(state):
    close = getattr(state, "close", None)
    if close is None:
        return
    try:
        close()
    except Exception:
        _hooks.logger.warning("close() of a worker's state raised", exc_info=True)


def end_worker():
    """In a worker's own thread, after its last task."""
    states = _of_thread()
    while states:
        _end(states.popitem()[1])


def worker_end():
    """In a worker process, after its last task."""
    end_worker()
    _hooks.flush()


@atexit.register
def end_kept():
    """In a persistent worker, when it ends."""
    for pid, key in list(_kept):
        if pid == os.getpid():
            _end(_kept.pop((pid, key)))


class Stateful:
    """A function whose tasks find their worker's state."""

    def __init__(self, fn, make, kept):
        self.fn, self.make, self.kept = fn, make, kept
        self.key = object()

    def __reduce__(self):
        return Stateful, (self.fn, self.make, self.kept)

    def _state(self):
        states = _of_thread() if self.kept is None else _kept
        key = self.key if self.kept is None else (os.getpid(), self.kept)
        if key not in states:
            states[key] = self.make()
        return states[key]

    def __call__(self, *args, **kwargs):
        _core.current_task().state = self._state()
        return self.fn(*args, **kwargs)


class Here:
    """What the caller's thread makes for its own tasks. It has not the function: that may be
    what keeps a stream alive."""

    def __init__(self, key):
        self.key = key

    def end(self):
        """End it, if there is any."""
        if self.key is not None and self.key in (states := _of_thread()):
            _end(states.pop(self.key))


NOTHING = Here(None)


def of(fn, options):
    """(function to call, what to end here): with the options' state around it."""
    if options.state is None:
        return fn, NOTHING
    kept = None
    if options.keep_state:
        kept = b"".join(bytes(part) for part in _hooks.dumps_clean(options.state))
    stateful = Stateful(fn, options.state, kept)
    return stateful, Here(stateful.key)


_core.register({"thread_end": end_worker, "worker_end": worker_end})
