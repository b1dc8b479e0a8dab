"""Steps: what a call does, written once for synchronous and asynchronous callers.

A generator yields a step wherever it waits: for a model, for a pause, for work that would block an event loop. A
driver, synchronous or asynchronous, performs each step and sends its result, or throws its error, into the generator.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeVar

from crossroute.calls.background import ShadowCalls

T = TypeVar("T")


class Ask(NamedTuple):
    """Wait for a model's answer: the driver calls its function with the subject."""

    subject: Any


class Run(NamedTuple):
    """Wait for a function; an asynchronous driver awaits it, or runs it in a thread."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


class Pause(NamedTuple):
    """Wait for some seconds."""

    seconds: float


class Beside(NamedTuple):
    """Begin further steps, and do not wait for them: in a thread, or in a task of the running event loop."""

    steps: Generator[Any, Any, Any]
    calls: ShadowCalls


Step: TypeAlias = Ask | Run | Pause | Beside
Steps: TypeAlias = Generator[Step, Any, T]
"""The steps of something that returns a T in the end."""


def ask(subject: Any) -> Steps[Any]:
    """Return the single step of asking the subject."""
    return (yield Ask(subject))


def drive(steps: Steps[T], do: Callable[[Any], Any]) -> T:
    """Perform the steps and return what they return."""
    proceed: Callable[[], Step] = partial(next, steps)
    try:
        while True:
            step = proceed()
            try:
                proceed = partial(steps.send, _performed(step, do))
            except BaseException as error:
                proceed = partial(steps.throw, error)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        del proceed  # it may hold an error, and the error's traceback this frame


async def adrive(steps: Steps[T], do: Callable[[Any], Awaitable[Any]]) -> T:
    """Perform the steps, awaited, and return what they return."""
    proceed: Callable[[], Step] = partial(next, steps)
    try:
        while True:
            step = proceed()
            try:
                proceed = partial(steps.send, await _aperformed(step, do))
            except BaseException as error:
                proceed = partial(steps.throw, error)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        del proceed


def _performed(step: Step, do: Callable[[Any], Any]) -> Any:
    if isinstance(step, Ask):
        return do(step.subject)
    if isinstance(step, Pause):
        return time.sleep(step.seconds)
    if isinstance(step, Beside):
        return step.calls.run(partial(drive, step.steps, do))
    result = step.function(*step.arguments)
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise TypeError("A check or judge that is a coroutine function serves asynchronous calls only.")
    return result


async def _aperformed(step: Step, do: Callable[[Any], Awaitable[Any]]) -> Any:
    if isinstance(step, Ask):
        return await do(step.subject)
    if isinstance(step, Pause):
        return await asyncio.sleep(step.seconds)
    if isinstance(step, Beside):
        return step.calls.start(adrive(step.steps, do))
    if inspect.iscoroutinefunction(step.function):
        return await step.function(*step.arguments)
    result = await asyncio.to_thread(step.function, *step.arguments)
    return await result if inspect.isawaitable(result) else result
