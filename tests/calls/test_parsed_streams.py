"""Streams that are parsed as they come: structured output, of which chunks show no message."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, TypedDict

import httpx
import pytest
from langchain_core.exceptions import OutputParserException
from llama_index.core import PromptTemplate
from pydantic import BaseModel, ValidationError

from crossroute import Router
from crossroute.errors import BrokenStreamError
from tests.support.faulty import OPENING, STREAM, LangChain, LlamaIndex, chunk, whole
from tests.support.routers import STORY

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
"""OpenAI's client parses into a class that LangChain's then copies."""

DONE = STREAM[-1]


def written(text: str) -> list[str]:
    return [OPENING, *(chunk({"content": part}) for part in parts(text))]


def called(text: str, tool: str = "City") -> list[str]:
    opening = {"index": 0, "id": "1", "function": {"name": tool, "arguments": ""}}
    calls = [opening, *({"index": 0, "function": {"arguments": part}} for part in parts(text))]
    return [chunk({"tool_calls": [call]}) for call in calls]


def parts(text: str) -> list[str]:
    return [text[place : place + 5] for place in range(0, len(text), 5)]


TEXT = '{"name": "Oslo", "size": 3}'
WRITTEN = written(TEXT)
EVENTS = {"json_schema": WRITTEN, "json_mode": WRITTEN, "function_calling": called(TEXT)}

PROSE, MISTYPED, HALF = "I am well", '{"name": "Oslo", "size": "many"}', '{"name": "Osl'


class City(BaseModel):
    """A city."""

    name: str
    size: int


class Village(BaseModel):
    """A village."""

    name: str
    size: int = 0


class Town(TypedDict):
    """A town."""

    name: str
    size: int


@pytest.fixture
def pool(router: Router, server: Any, client: httpx.Client) -> LangChain:
    server.asked.clear()
    return LangChain(router, server.url, client)


@pytest.fixture(params=[False, True], ids=["stream", "astream"])
def parsed(request: pytest.FixtureRequest, pool: LangChain) -> Any:
    """A function: a schema and a method -> what was parsed of the stream."""

    def chunks(schema: Any, method: str) -> list[Any]:
        model = pool.pool.with_structured_output(schema, method=method)
        said = f"In JSON: {STORY}"

        async def awaited() -> list[Any]:
            async with pool.awaited:
                return [one async for one in model.astream(said)]

        return asyncio.run(awaited()) if request.param else list(model.stream(said))

    return chunks


@pytest.mark.parametrize("end", [[chunk({}, "stop"), DONE], [chunk({}, "stop")], [DONE]])
@pytest.mark.parametrize("method", EVENTS)
def test_a_whole_stream_is_parsed_by_the_member_that_began_it(parsed, server, pool, method, end):
    server.answer = [*EVENTS[method], *end]
    assert parsed(City, method)[-1] == City(name="Oslo", size=3)
    assert server.asked == ["bad"]
    assert pool.pool.spend.total.calls == 1


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_a_whole_stream_is_parsed_as_it_comes(parsed, server, method):
    server.answer = [*WRITTEN, chunk({}, "stop"), DONE]
    assert parsed(Town, method)[-1] == {"name": "Oslo", "size": 3}
    assert server.asked == ["bad"]


@pytest.mark.parametrize("end", [[], [chunk({}, "error"), DONE]])
@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_a_stream_is_cut_that_breaks_off_while_it_is_parsed(parsed, server, method, end):
    server.answer = [*WRITTEN, *end]
    with pytest.raises(BrokenStreamError):
        parsed(Town, method)


def test_a_stream_that_failed_is_cut_though_all_of_it_was_parsed(parsed, server):
    server.answer = [*WRITTEN, chunk({}, "error"), DONE]
    with pytest.raises(BrokenStreamError):
        parsed(City, "json_schema")


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_what_a_filter_kept_back_is_raised_at_once_and_was_paid_for(parsed, server, pool, method):
    server.answer = [OPENING, chunk({}, "content_filter"), DONE]
    with pytest.raises(Exception, match="content filter"):
        parsed(City, method)
    assert server.asked == ["bad"]
    assert (pool.pool.spend.total.calls, pool.pool.spend.total.unknown) == (1, 1)


@pytest.mark.parametrize("method", EVENTS)
@pytest.mark.parametrize("past_filters", [False, True])
def test_so_is_one_that_was_not_streamed_unless_filters_are_to_be_passed(server, pool, method, past_filters):
    message = {"role": "assistant", "content": ""}
    kept_back = whole(choices=[{"index": 0, "message": message, "finish_reason": "content_filter"}])
    server.answer = (200, "application/json", kept_back)
    model = pool.pool.model_copy(update={"past_filters": past_filters})
    with suppress(Exception):  # the good one writes no JSON
        model.with_structured_output(City, method=method).invoke(f"In JSON: {STORY}")
    assert server.asked == (["bad", "good"] if past_filters else ["bad"])


@pytest.mark.parametrize("text", [PROSE, MISTYPED, HALF, "null", "[1]"])
@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_what_does_not_fit_is_paid_for_and_sent_on_as_by_invoke(parsed, server, pool, method, text):
    server.answer = [*written(text), chunk({}, "stop"), DONE]
    with pytest.raises((OutputParserException, ValueError)) as raised:  # the good one writes no JSON
        parsed(City, method)
    assert server.asked == ["bad", "good"]
    assert (pool.pool.spend.total.calls, pool.pool.spend.total.unknown) == (2, 2)
    assert [failure.transient for failure in raised.value.crossroute_failures] == [False, False]


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_so_is_prose_in_place_of_a_mapping(parsed, server, pool, method):
    server.answer = [*written(PROSE), chunk({}, "stop"), DONE]
    with pytest.raises(OutputParserException):
        parsed(Town, method)
    assert (server.asked, pool.pool.spend.total.calls) == (["bad", "good"], 2)


def test_so_are_arguments_of_the_wrong_type(parsed, server, pool):
    server.answer = [*called(MISTYPED), chunk({}, "stop"), DONE]
    assert parsed(City, "function_calling") == []  # the good one calls no tool, of which `invoke` makes None
    assert (server.asked, pool.pool.spend.total.calls) == (["bad", "good"], 2)


def test_what_fits_in_part_alone_is_no_whole_answer(parsed, server, pool):
    server.answer = [*called(MISTYPED, "Village"), chunk({}, "stop"), DONE]
    with pytest.raises(ValidationError):
        parsed(Village, "function_calling")
    assert (server.asked, pool.pool.spend.total.calls) == (["bad"], 1)


def test_a_client_that_streams_within_pays_for_what_does_not_fit(server, pool):
    server.answer = [*written(PROSE), chunk({}, "stop"), DONE]
    small = pool.pool.models["small"].model_copy(update={"streaming": True})
    model = pool.pool.model_copy(update={"models": {**pool.pool.models, "small": small}})
    with pytest.raises(ValidationError):
        model.with_structured_output(City, method="json_schema").invoke(f"In JSON: {STORY}")
    assert (server.asked, model.spend.total.calls) == (["bad", "good"], 2)


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("text", [PROSE, "null", HALF])
def test_llamaindexs_streams_are_held_to_their_class(router, server, client, text, awaited):
    server.answer, server.asked = [*written(text), chunk({}, "stop"), DONE], []
    llm = LlamaIndex(router, server.url, client)
    prompt = PromptTemplate(STORY)

    async def cities() -> list[Any]:
        async with llm.awaited:
            return [city async for city in await llm.pool.astream_structured_predict(City, prompt)]

    with pytest.raises(ValidationError):
        asyncio.run(cities()) if awaited else list(llm.pool.stream_structured_predict(City, prompt))
    assert server.asked == (["bad"] if text == HALF else ["bad", "good"])  # of half a city its name was shown
    assert llm.pool.spend.total.calls == len(server.asked)


def test_garbled_events_are_no_answer_that_was_paid_for(server, pool):
    server.answer = [OPENING, 'data: {"id": "x", "choi\n\n', DONE]
    decision = list(pool.begin())[-1].response_metadata["crossroute"]
    assert [failure["transient"] for failure in decision["failures"]] == [True]
    assert (server.asked, pool.pool.spend.total.calls) == (["bad", "good"], 1)


def test_the_next_member_answers_where_nothing_could_be_parsed_before_a_stream_broke_off(parsed, server):
    server.answer = WRITTEN[:1]
    assert parsed(Town, "function_calling") == []  # the good one writes no JSON
    assert server.asked == ["bad", "good"]
