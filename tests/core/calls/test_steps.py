"""Steps: two drivers perform the same ones; streams are closed."""

import asyncio
import sys
import threading

import pytest

from crossroute.calls.background import ShadowCalls
from crossroute.calls.closing import aclosing, closing
from crossroute.calls.steps import Ask, Beside, Pause, Run, adrive, drive


class Closable:
    def __init__(self):
        self.closed = 0

    def close(self):
        self.closed += 1

    async def aclose(self):
        self.closed += 1


def test_a_stream_is_closed_where_it_can_be():
    stream = Closable()
    with closing(stream) as chunks:
        assert chunks is stream
    assert stream.closed == 1
    with closing([1, 2]) as chunks:
        assert list(chunks) == [1, 2]


def test_an_asynchronous_one_too():
    async def run():
        stream, bare = Closable(), object()
        async with aclosing(stream), aclosing(bare):
            pass
        return stream.closed

    assert asyncio.run(run()) == 1


def both(steps, do):
    """Perform the steps by either driver."""

    async def ado(subject):
        await asyncio.sleep(0)
        return do(subject)

    return [drive(steps(), do), asyncio.run(adrive(steps(), ado))]


def test_steps_beside_others_are_performed_likewise_and_nobody_waits_for_them():
    heard, calls = [], ShadowCalls(1.0)

    def steps(subject, over):
        def beside():
            heard.append((yield Ask(subject)))
            over.set()

        yield Beside(beside(), calls)
        return list(heard)

    over = threading.Event()
    waiting = threading.Event()

    def ask(subject):
        waiting.wait(10)
        return subject.upper()

    assert drive(steps("thread", over), ask) == []
    waiting.set()
    assert over.wait(10)

    async def run():
        async def ado(subject):
            return subject.upper()

        over = asyncio.Event()
        before = await adrive(steps("task", over), ado)
        await asyncio.wait_for(over.wait(), 10)
        return before

    assert asyncio.run(run()) == ["THREAD"]
    assert heard == ["THREAD", "TASK"]


def test_the_drivers_perform_each_kind_of_step():
    def steps():
        answer = yield Ask("question")
        yield Pause(0.0)
        return answer, (yield Run(sum, ([1, 2],)))

    assert both(steps, str.upper) == [("QUESTION", 3)] * 2


def test_an_error_arrives_where_the_step_was_yielded_and_its_with_blocks_end():
    ended = []

    def steps(passing):
        try:
            try:
                yield Ask(passing)
            finally:
                ended.append(passing)
        except ValueError as error:
            return str(error)

    def fail(passing):
        raise passing

    assert both(lambda: steps(ValueError("no")), fail) == ["no", "no"]
    for passing in (KeyboardInterrupt(), TypeError()):
        with pytest.raises(type(passing)):
            drive(steps(passing), fail)
    assert len(ended) == 4


def test_a_coroutine_function_is_run_by_the_asynchronous_driver_alone():
    async def check(query):
        return query

    def steps():
        return (yield Run(check, ("q",)))

    async def never(subject):
        raise AssertionError

    assert asyncio.run(adrive(steps(), never)) == "q"
    with pytest.raises(TypeError, match="asynchronous calls only"):
        drive(steps(), never)


def test_a_loop_is_told_of_no_stream_that_is_owned():
    async def numbers():
        for number in range(3):
            yield number

    async def run():
        told, before = [], sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=told.append)
        owned = numbers()
        async with aclosing(owned) as chunks:
            read = [chunk async for chunk in chunks]
        bare = numbers()
        await anext(bare)
        sys.set_asyncgen_hooks(*before)
        await bare.aclose()
        return read, told == [bare]

    assert asyncio.run(run()) == ([0, 1, 2], True)
