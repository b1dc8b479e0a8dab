"""The tail of a stream: it counts what its chunks tell, and refuses an end that is none."""

import pytest

from crossroute import Price
from crossroute.calls.ledger import Ledger
from crossroute.calls.spend import Spend, Usage
from crossroute.calls.tail import Tail
from crossroute.errors import BrokenStreamError
from tests.support.escalating import decided


@pytest.fixture
def spend():
    return Spend()


@pytest.fixture
def tail(spend):
    ledger = Ledger(spend, lambda _: Price(input=1, output=1))
    return Tail(ledger.entry(decided()))


def test_chunks_pass_as_they_come_and_nothing_is_held(tail):
    with tail:
        assert list(tail.take("a")) == ["a"]
        assert tail.shows("a")
        tail.ending.note(telling=True, finished=True, reason="stop")
        tail.check(empty=False)
        assert list(tail.end()) == []


def test_a_stream_that_ends_is_counted_once(tail, spend):
    with tail:
        tail.entry.begun, tail.entry.usage = True, Usage(input_tokens=10, output_tokens=5)
        tail.check(empty=False)
    assert (spend.total.calls, spend.total.usage.output_tokens) == (1, 5)


def test_a_stream_of_nothing_is_refused_and_not_paid_for(tail, spend):
    with pytest.raises(BrokenStreamError), tail:
        tail.check(empty=True)
    assert spend.total.calls == 0


def test_a_cut_stream_that_told_its_tokens_is_refused_and_paid_for(tail, spend):
    tail.ending.note(telling=True, finished=False, reason=None)
    tail.entry.usage = Usage(input_tokens=10, output_tokens=5)
    with pytest.raises(BrokenStreamError), tail:
        tail.check(empty=False)
    assert spend.total.usage.input_tokens == 10


def test_what_frames_tell_of_tokens_and_cost_is_taken_where_chunks_told_none(tail, spend):
    def stream():
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.25}
        event = {"usage": usage, "type": "message_stop"}
        yield event

    chunks = stream()
    with tail:
        next(chunks)
        tail.entry.begun = True
        tail.opened.frames = [chunks.gi_frame]
        tail.check(empty=False)
    assert tail.entry.usage == Usage(input_tokens=10, output_tokens=5)
    assert spend.total.cost == 0.25
