"""Labels: what is said of the calls within a block, and of no other."""

import asyncio
from threading import Thread

import pytest
from opentelemetry.sdk.trace import TracerProvider

from crossroute.traffic.labels import UNLABELLED, Labels, current_labels, labelled


def test_blocks_add_to_those_around_them_and_end():
    assert current_labels() == UNLABELLED
    with labelled(["a", "b"], conversation_id="c", run_id="r"):
        with labelled(["b", "d"], run_id="s", trace_id="t"):
            assert current_labels() == Labels(("a", "b", "d"), "c", "s", "t")
        assert current_labels() == Labels(("a", "b"), "c", "r")
    assert current_labels() == UNLABELLED


def test_a_block_that_fails_ends_as_well():
    with pytest.raises(KeyError), labelled(["a"]):
        raise KeyError
    assert current_labels() == UNLABELLED


def test_ids_of_any_kind_are_told_as_text():
    with labelled(conversation_id=7):
        assert current_labels().conversation_id == "7"


def test_another_thread_is_not_labelled():
    found = []
    with labelled(["a"]):
        thread = Thread(target=lambda: found.append(current_labels()))
        thread.start()
        thread.join()
    assert found == [UNLABELLED]


def test_tasks_are_labelled_apart():
    async def call(tag):
        with labelled([tag]):
            await asyncio.sleep(0)
            return current_labels().tags

    async def both():
        return await asyncio.gather(call("a"), call("b"))

    assert asyncio.run(both()) == [("a",), ("b",)]


def test_the_trace_is_open_telemetrys_unless_one_is_stated():
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("outer") as span:
        assert current_labels().trace_id == f"{span.get_span_context().trace_id:032x}"
        with labelled(trace_id="own"):
            assert current_labels().trace_id == "own"
    assert current_labels().trace_id is None
