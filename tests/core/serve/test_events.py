"""Server-sent events in bytes, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("starlette", reason="the extra `serve` is not installed")

import itertools

from crossroute.serve import events
from crossroute.serve.events import DONE, Event, EventReader, add_field, write_event

STREAM = (
    b": a comment\n\n"
    b'event: ping\ndata: {"n": 1}\n\n'
    b'data: {"a":\r\ndata: 2}\r\n\r\n'
    b"data:{}\rid: 7\r\r"
    b"data: [DONE]\n\n"
)
FOUND = [("", ""), ("ping", '{"n": 1}'), ("", '{"a":\n2}'), ("", "{}"), ("", DONE)]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_events_are_the_same_however_the_bytes_are_cut(places):
    cuts = [0, *sorted(places), len(STREAM)]
    reader = EventReader()
    found = [event for begin, end in itertools.pairwise(cuts) for event in reader.feed(STREAM[begin:end])]
    assert [(event.name, event.data) for event in found] == FOUND
    assert b"".join(event.raw for event in found) == STREAM
    assert list(reader.rest()) == []


def test_an_event_says_an_object_or_nothing():
    assert [Event(b"", name, data).json for name, data in FOUND] == [{}, {"n": 1}, {"a": 2}, {}, {}]
    with pytest.raises(ValueError, match="expected an object"):
        Event(b"", "", "[1]").json  # noqa: B018 - it is read


def test_a_last_event_without_a_blank_line_is_found_at_the_end():
    reader = EventReader()
    assert list(reader.feed(b"data: {}")) == []
    assert [event.data for event in reader.rest()] == ["{}"]
    assert list(reader.rest()) == []


def test_a_stream_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr(events, "LONGEST", 10)
    reader = EventReader()
    with pytest.raises(ValueError, match="an event of more than 10 bytes"):
        list(reader.feed(b"data: 0123456789"))


def test_what_is_written_is_read():
    written = write_event({"text": "é\n"}, "ping") + write_event(DONE)
    first, last = EventReader().feed(written)
    assert (first.name, first.json) == ("ping", {"text": "é\n"})
    assert last.data == DONE


def test_a_stamp_changes_nothing_else():
    [event] = EventReader().feed(b'event: ping\ndata: {"x": 1.50, "y": "\\u00e9"}\n\n')
    assert add_field(event, "told", [1]) == b'event: ping\ndata: {"x": 1.50, "y": "\\u00e9", "told": [1]}\n\n'
