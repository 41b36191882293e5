# __init__.pyi - types of the package cadre.
# SPDX-License-Identifier: MIT
import concurrent.futures
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, Protocol, TypeVar

import numpy
from numpy.typing import DTypeLike, NDArray

R = TypeVar("R")

Backend = Literal["auto", "serial", "threads", "processes", "mpi"] | str | None
OnError = Literal["raise", "return"]
Seed = int | Sequence[int] | numpy.random.SeedSequence | None


class _Updated(Protocol):
    def update(self, n: int, /) -> Any: ...


Progress = bool | _Updated | Callable[[int, int, float, float], Any] | None

__version__: str


class CadreError(Exception): ...


class TaskError(CadreError, RuntimeError):
    item: int | None
    type_name: str | None


class WorkerDied(TaskError):
    signal: int
    status: int
    pid: int
    peak_kib: int
    out_of_memory: bool


class TaskTimeout(TaskError, TimeoutError): ...
class DeadlinePassed(CadreError, TimeoutError): ...
class Cancelled(CadreError): ...


class WorkerTraceback(Exception):
    text: str


class Task:
    @property
    def index(self) -> int: ...
    @property
    def cancelled(self) -> bool: ...
    @property
    def rng(self) -> numpy.random.Generator: ...
    state: Any


def current_task() -> Task | None: ...


def map(fn: Callable[..., R], /, *iterables: Iterable[Any], out: NDArray[Any] | None = ...,
        dtype: DTypeLike | None = ..., workers: int | None = ..., backend: Backend = ...,
        chunk: int | None = ..., retries: int = ..., timeout: float | None = ...,
        deadline: float | None = ..., grace: float = ..., on_error: OnError = ...,
        progress: Progress = ..., seed: Seed = ..., min_items: int | None = ...,
        isolate: bool = ..., persistent: bool = ..., prefetch: int | None = ...,
        state: Callable[[], Any] | None = ..., keep_state: bool = ...,
        indexes: Iterable[int] | None = ...) -> list[R]: ...


def starmap(fn: Callable[..., R], items: Iterable[Iterable[Any]], /, *,
            out: NDArray[Any] | None = ..., dtype: DTypeLike | None = ...,
            workers: int | None = ..., backend: Backend = ..., chunk: int | None = ...,
            retries: int = ..., timeout: float | None = ..., deadline: float | None = ...,
            grace: float = ..., on_error: OnError = ..., progress: Progress = ...,
            seed: Seed = ..., min_items: int | None = ...,
            isolate: bool = ..., persistent: bool = ..., prefetch: int | None = ...,
            state: Callable[[], Any] | None = ..., keep_state: bool = ...,
            indexes: Iterable[int] | None = ...) -> list[R]: ...


def reduce(combine: Callable[[Any, Any], Any], items: Iterable[Any], /, *,
           initial: Any = ..., fn: Callable[[Any], Any] | None = ...,
           grain: int | None = ..., workers: int | None = ..., backend: Backend = ...,
           retries: int = ..., timeout: float | None = ..., deadline: float | None = ...,
           grace: float = ..., progress: Progress = ..., seed: Seed = ...,
           min_items: int | None = ...,
           isolate: bool = ..., persistent: bool = ..., prefetch: int | None = ...,
           state: Callable[[], Any] | None = ..., keep_state: bool = ...,
           indexes: Iterable[int] | None = ...) -> Any: ...


def imap(fn: Callable[..., R], /, *iterables: Iterable[Any], window: int | None = ...,
         memory_limit: int | None = ..., workers: int | None = ..., backend: Backend = ...,
         chunk: int | None = ..., retries: int = ..., timeout: float | None = ...,
         deadline: float | None = ..., grace: float = ..., on_error: OnError = ...,
         progress: Progress = ..., seed: Seed = ...,
         isolate: bool = ..., persistent: bool = ..., prefetch: int | None = ...,
         state: Callable[[], Any] | None = ..., keep_state: bool = ...,
         indexes: Iterable[int] | None = ...) -> Iterator[R]: ...


def imap_unordered(fn: Callable[..., R], /, *iterables: Iterable[Any],
                   window: int | None = ..., memory_limit: int | None = ...,
                   workers: int | None = ..., backend: Backend = ...,
                   chunk: int | None = ..., retries: int = ...,
                   timeout: float | None = ..., deadline: float | None = ...,
                   grace: float = ..., on_error: OnError = ..., progress: Progress = ...,
                   seed: Seed = ...,
                   isolate: bool = ..., persistent: bool = ..., prefetch: int | None = ...,
                   state: Callable[[], Any] | None = ..., keep_state: bool = ...,
                   indexes: Iterable[int] | None = ...) -> Iterator[R]: ...


def empty(shape: int | tuple[int, ...], dtype: DTypeLike = ...) -> NDArray[Any]: ...


def explain(fn: Callable[..., Any] | None = ..., items: Iterable[Any] | None = ..., *,
            workers: int | None = ..., backend: Backend = ..., min_items: int | None = ...,
            isolate: bool = ...) -> str: ...


def register_joblib() -> None: ...


class Pool(concurrent.futures.Executor):
    workers: int
    backend: str
    name: str

    def __init__(self, workers: int | None = ..., backend: Backend = ..., *,
                 chunk: int | None = ..., window: int | None = ...,
                 memory_limit: int | None = ..., retries: int = ...,
                 timeout: float | None = ..., deadline: float | None = ...,
                 grace: float = ..., on_error: OnError = ..., progress: Progress = ...,
                 seed: Seed = ..., min_items: int | None = ..., isolate: bool = ...,
                 persistent: bool = ..., prefetch: int | None = ...,
                 state: Callable[[], Any] | None = ..., keep_state: bool = ...,
                 name: str | None = ...) -> None: ...
    def starmap(self, fn: Callable[..., R], items: Iterable[Iterable[Any]]) -> list[R]: ...
    def reduce(self, combine: Callable[[Any, Any], Any], items: Iterable[Any], *,
               initial: Any = ..., fn: Callable[[Any], Any] | None = ...,
               grain: int | None = ...) -> Any: ...
    def imap(self, fn: Callable[..., R], *iterables: Iterable[Any]) -> Iterator[R]: ...
    def imap_unordered(self, fn: Callable[..., R],
                       *iterables: Iterable[Any]) -> Iterator[R]: ...
