"""A pool within a pool: the outer one spends what the inner one says it spent, by whichever endpoint."""

import pytest
from llama_index.core import PromptTemplate
from pydantic import BaseModel

from crossroute.calls.spend import Usage
from crossroute.escalation import Escalation
from llamaindex_crossroute import CrossRouteAnswerEvent, CrossRouteLLM
from tests.llamaindex_crossroute.fakes import ChatFake, RateLimitError, user
from tests.support.routers import ARITHMETIC, STORY

QUESTION = PromptTemplate("{query_str}")


class Song(BaseModel):
    name: str


async def read(stream):
    return [chunk async for chunk in stream]


ENDPOINTS = {
    "chat": lambda llm: llm.chat([user(ARITHMETIC)]),
    "achat": lambda llm: llm.achat([user(ARITHMETIC)]),
    "complete": lambda llm: llm.complete(ARITHMETIC),
    "predict": lambda llm: llm.predict(QUESTION, query_str=ARITHMETIC),
    "apredict": lambda llm: llm.apredict(QUESTION, query_str=ARITHMETIC),
    "stream_chat": lambda llm: list(llm.stream_chat([user(ARITHMETIC)])),
    "stream": lambda llm: list(llm.stream(QUESTION, query_str=ARITHMETIC)),
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("inner_escalates", [None, "buffer"])
@pytest.mark.parametrize("outer_escalates", [None, "buffer"])
async def test_the_outer_spends_what_the_inner_spent(router, endpoint, inner_escalates, outer_escalates):
    members = {name: ChatFake(name) for name in ("small", "coder")}
    inner = CrossRouteLLM(members, router, escalate=inner_escalates)
    outer = CrossRouteLLM({"large": inner}, router, escalate=outer_escalates)
    answer = ENDPOINTS[endpoint](outer)
    if hasattr(answer, "__await__"):
        await answer
    spent = outer.spend.by_candidate["large"]
    assert spent.calls == 1
    assert spent.usage == inner.spend.total.usage
    assert spent.cost == pytest.approx(inner.spend.total.cost)
    assert spent.cost > 0


class Early(ChatFake):
    """Tells its tokens with each chunk."""

    def _parts(self, messages, kwargs):
        parts = super()._parts(messages, kwargs)
        return [part.model_copy(update={"raw": parts[-1].raw}) for part in parts]


@pytest.mark.parametrize("breaks_off", [False, True])
async def test_a_stream_too_also_where_its_reader_breaks_off(router, breaks_off):
    inner = CrossRouteLLM({"small": Early("small")}, router)
    outer = CrossRouteLLM({"large": inner}, router)
    stream = outer.stream_chat([user(ARITHMETIC)])
    awaited = await outer.astream_chat([user(ARITHMETIC)])
    if breaks_off:
        next(stream)
        stream.close()
        await anext(awaited)
        await awaited.aclose()
    else:
        list(stream)
        await read(awaited)
    spent = outer.spend.by_candidate["large"]
    assert (spent.calls, spent.usage) == (2, Usage(input_tokens=2000, output_tokens=200))
    assert spent.cost == pytest.approx(inner.spend.total.cost)


def test_an_outer_that_escalates_counts_the_inner_at_its_cost(router, ear):
    inner = CrossRouteLLM({"coder": ChatFake("coder")}, router)
    every = Escalation(check=lambda query, answer: 0.0)
    members = {"large": inner, "small": ChatFake("small")}
    outer = CrossRouteLLM(members, router, escalate=every, cost_preference=0)  # whatever another call costs
    answer = outer.chat([user(STORY)])  # at which small is good, too
    assert {name: spent.calls for name, spent in outer.spend.by_candidate.items()} == {"large": 1, "small": 1}
    assert outer.spend.by_candidate["large"].cost == pytest.approx(inner.spend.total.cost)
    told = answer.additional_kwargs["crossroute"]["actual_cost"]
    assert told == pytest.approx(outer.spend.total.cost)


def test_an_answer_that_the_inner_cannot_read_counts_in_both(router, ear):
    inner = CrossRouteLLM({"small": ChatFake("small", lambda *_: "no JSON", tools=False)}, router)
    outer = CrossRouteLLM({"large": inner}, router)
    with pytest.raises(ValueError, match="JSON"):
        outer.structured_predict(Song, QUESTION, query_str=ARITHMETIC)
    assert inner.spend.total == outer.spend.total
    assert inner.spend.total.calls == 1
    assert [event.nested for event in ear.of(CrossRouteAnswerEvent)] == [False, True]


def test_a_member_that_failed_in_the_inner_pool_costs_nothing(router):
    failing = ChatFake("coder", lambda *_: RateLimitError("slow"))
    inner = CrossRouteLLM({"coder": failing, "small": ChatFake("small")}, router)
    outer = CrossRouteLLM({"large": inner}, router)
    outer.predict(QUESTION, query_str=ARITHMETIC)
    assert outer.spend.total.usage == Usage(input_tokens=1000, output_tokens=100)
