"""How a stream ends: by what its chunks say, and by what the frames saw that read it."""

from types import SimpleNamespace

import pytest

from crossroute.calls.closing import StreamResources, read_and_close
from crossroute.calls.ending import Ending


class ServerSentEvent:
    def __init__(self, data, event=None):
        self.data, self.event = data, event


def read(*events):
    """Return the frames of what read some events and dropped those behind the first."""

    def chunks():
        for event in events:
            if event is not events[0]:
                continue
            yield event

    opened = StreamResources()
    assert len(list(read_and_close((one for one in chunks()), opened))) == 1
    return opened.frames


def reason(told, **more):
    return {"choices": [{"index": 0, "delta": None, "finish_reason": told}], **more}


@pytest.mark.parametrize(
    ("last", "cut"),
    [
        (reason("stop"), False),
        (reason("length"), False),
        (reason("error"), True),
        (reason(None), True),
        (SimpleNamespace(choices=[SimpleNamespace(finish_reason="stop")]), False),
        ({"choices": [], "finish_reason": "stop"}, False),
        (ServerSentEvent("[DONE]"), False),
        (ServerSentEvent("{}", "message_stop"), False),
        (ServerSentEvent("{}", "ping"), True),
        ({"type": "message_stop"}, False),
        (SimpleNamespace(type="response.completed"), False),
        ({"data": "[DONE]"}, True),
        ("[DONE]", True),
        (None, True),
    ],
)
def test_what_was_dropped_last_tells_the_end(last, cut):
    ending = Ending(telling=True)
    assert ending.is_cut()
    assert ending.is_cut(read("word", last)) is cut


def test_what_a_chunk_says_comes_first():
    ending = Ending()
    assert not ending.is_cut()  # nobody knows
    ending.note(telling=True, finished=False, reason=None)
    assert ending.is_cut()
    ending.note(telling=True, finished=True, reason="stop")
    ending.note(telling=True, finished=False, reason=None)
    assert not ending.is_cut(read("word", reason("error")))
    ending.note(telling=True, finished=True, reason="ERROR")
    assert ending.is_cut()


@pytest.mark.parametrize(
    ("behind", "cut"), [([True], False), ([False, True], True), ([False, False], True), ([], True)]
)
def test_tokens_end_a_stream_that_come_once_and_behind_the_words(behind, cut):
    ending = Ending(telling=True)
    for one in behind:
        ending.count(behind=one)
    assert ending.is_cut() is cut
