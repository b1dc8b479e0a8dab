"""Calls beside the request path: drawn by a share, bounded, and nobody hears of their errors."""

import asyncio
import pickle
import threading
from contextvars import ContextVar

import pytest

from crossroute.calls.background import (
    AT_ONCE,
    UNRETURNED,
    ShadowCalls,
    find_shadowed_choice,
    switch_to_shadow,
)
from tests.support.escalating import NAMES, decided


def test_a_shadowed_decision_tells_what_would_have_been_chosen():
    decision = decided()
    other = next(name for name in NAMES if name != decision.candidate)
    assert switch_to_shadow(decision, decision.candidate) is decision
    shadow = switch_to_shadow(decision, other)
    assert (shadow.candidate, shadow.max_calls) == (other, 1)
    assert find_shadowed_choice(shadow) == decision.candidate
    assert find_shadowed_choice(decision) is None


def test_a_share_of_what_was_kept_back_is_drawn(monkeypatch):
    decision = decided()
    other = next(name for name in NAMES if name != decision.candidate)
    shadow_calls = ShadowCalls(0.5)
    for place, drawn in ((0.49, True), (0.5, False)):
        monkeypatch.setattr("random.random", lambda place=place: place)
        found = shadow_calls.draw(switch_to_shadow(decision, other))
        assert (found is not None) is drawn
        if found is not None:
            assert found.candidate == decision.candidate
            assert UNRETURNED in found.reasons
    monkeypatch.setattr("random.random", lambda: 0.0)
    assert shadow_calls.draw(decision) is None  # nothing was kept from being chosen
    assert ShadowCalls(0.0).draw(switch_to_shadow(decision, other)) is None


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match=r"shadow_share must be in \[0, 1\]"):
        ShadowCalls(share)


def test_threads_are_bounded_and_errors_go_nowhere():
    shadow_calls, held, begun = ShadowCalls(1.0), threading.Event(), threading.Semaphore(0)

    def ask():
        begun.release()
        held.wait(10)
        raise RuntimeError

    for _ in range(AT_ONCE + 3):
        shadow_calls.run(ask)
    for _ in range(AT_ONCE):
        assert begun.acquire(timeout=10)
    running = [one for one in threading.enumerate() if one.name == "crossroute-shadow"]
    assert len(running) == AT_ONCE
    held.set()
    for one in running:
        one.join()
    shadow_calls.run(begun.release)  # there is room again
    assert begun.acquire(timeout=10)


def test_tasks_are_bounded_fail_alone_and_see_no_callers_context():
    said = ContextVar("said", default="nothing")
    found = []

    async def ask():
        found.append(said.get())
        await asyncio.sleep(0)
        raise RuntimeError

    async def caller():
        said.set("the caller's")
        shadow_calls = ShadowCalls(1.0)
        for _ in range(AT_ONCE + 3):
            shadow_calls.start(ask())
        await asyncio.sleep(0.01)
        shadow_calls.start(ask())
        await asyncio.sleep(0.01)

    asyncio.run(caller())
    assert found == ["nothing"] * (AT_ONCE + 1)


def test_a_copy_has_the_same_share():
    assert pickle.loads(pickle.dumps(ShadowCalls(0.25))).share == 0.25  # noqa: S301 - our own bytes
