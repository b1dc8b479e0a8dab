"""A call that may be put to several members: every endpoint, what is kept, what is told, what goes wrong."""

import asyncio
import inspect
import json
import pickle
import threading

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent
from llama_index.core.tools import FunctionTool
from llama_index_instrumentation import get_dispatcher
from pydantic import BaseModel, ValidationError

from crossroute import Decision
from crossroute.calls.spend import Usage
from crossroute.escalation import Escalation
from llamaindex_crossroute import (
    CrossRouteAnswerEvent,
    CrossRouteDecisionEvent,
    CrossRouteLLM,
    CrossRouteSpendReport,
)
from tests.llamaindex_crossroute.fakes import (
    USAGE,
    BadRequestError,
    ChatFake,
    RateLimitError,
    by_large,
    text_of,
    tool_call,
    user,
)
from tests.support.routers import STORY

ONE_CALL = Usage(input_tokens=USAGE["prompt_tokens"], output_tokens=USAGE["completion_tokens"])
TWO_CALLS = ONE_CALL + ONE_CALL
COST = {"small": 0.00012, "large": 0.013}


class Song(BaseModel):
    """A song."""

    name: str


@pytest.fixture
def pool(router):
    """Two members: small begins, and only the large one is right."""
    members = {"small": ChatFake("small"), "large": ChatFake("large")}
    return CrossRouteLLM(members, router, escalate=Escalation(check=by_large, buffer_streams=True))


def say():
    return PromptTemplate("Say {query_str}")


def decision_of(response):
    return Decision.model_validate(response.additional_kwargs["crossroute"])


ENDPOINTS = {
    "chat": lambda llm: llm.chat([user(STORY)]),
    "achat": lambda llm: llm.achat([user(STORY)]),
    "complete": lambda llm: llm.complete(STORY),
    "acomplete": lambda llm: llm.acomplete(STORY),
    "chat_with_tools": lambda llm: llm.chat_with_tools([FunctionTool.from_defaults(now)], STORY),
    "achat_with_tools": lambda llm: llm.achat_with_tools([FunctionTool.from_defaults(now)], STORY),
}
STREAMS = {
    "stream_chat": lambda llm: llm.stream_chat([user(STORY)]),
    "astream_chat": lambda llm: llm.astream_chat([user(STORY)]),
    "stream_complete": lambda llm: llm.stream_complete(STORY),
    "astream_complete": lambda llm: llm.astream_complete(STORY),
    "stream_chat_with_tools": lambda llm: llm.stream_chat_with_tools(
        [FunctionTool.from_defaults(now)], STORY
    ),
    "astream_chat_with_tools": lambda llm: llm.astream_chat_with_tools(
        [FunctionTool.from_defaults(now)], STORY
    ),
}
TEXTS = {
    "predict": lambda llm: llm.predict(say(), query_str=STORY),
    "apredict": lambda llm: llm.apredict(say(), query_str=STORY),
    "stream": lambda llm: llm.stream(say(), query_str=STORY),
    "astream": lambda llm: llm.astream(say(), query_str=STORY),
}


def now(place: str = "here") -> str:
    """Say the time."""
    return f"noon {place}"


async def asked(ask, llm):
    """What an endpoint gives: a stream as the list of its chunks."""
    given = ask(llm)
    given = await given if inspect.isawaitable(given) and not inspect.isgenerator(given) else given
    if hasattr(given, "__aiter__"):
        return [chunk async for chunk in given]
    return list(given) if hasattr(given, "__next__") else given


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_a_doubtful_answer_is_put_to_another_member(pool, endpoint):
    response = await asked(ENDPOINTS[endpoint], pool)
    assert text_of(response) == f"large: {STORY}"
    assert response.raw["by"] == "large", "the member's own"
    decision = decision_of(response)
    assert decision.candidate == "large"
    assert [call.candidate for call in decision.calls] == ["small", "large"]
    assert [call.evidence.check for call in decision.calls] == [0.0, 1.0]
    assert [call.cost for call in decision.calls] == pytest.approx([COST["small"], COST["large"]])
    assert decision.actual_cost == pytest.approx(COST["small"] + COST["large"])
    assert response.additional_kwargs["crossroute"]["usage"] == TWO_CALLS.model_dump()
    assert pool.spend.total.usage == TWO_CALLS
    assert [len(member.asked) for member in pool.llms.values()] == [1, 1]


@pytest.mark.parametrize("endpoint", STREAMS)
async def test_a_buffered_stream_gives_the_chunks_of_the_answer_that_is_kept(pool, endpoint):
    chunks = await asked(STREAMS[endpoint], pool)
    assert text_of(chunks[-1]) == f"large: {STORY}"
    assert len(chunks) == len(f"large: {STORY}".split())
    assert "".join(chunk.delta for chunk in chunks) == f"large: {STORY}"
    for chunk in chunks:
        assert [call.candidate for call in decision_of(chunk).calls] == ["small", "large"]
    assert pool.spend.total.usage == TWO_CALLS


@pytest.mark.parametrize("endpoint", TEXTS)
async def test_text_is_looked_at_as_well(pool, ear, endpoint):
    given = await asked(TEXTS[endpoint], pool)
    assert "".join(given) == f"large: Say {STORY}"
    assert ear.of(CrossRouteAnswerEvent)[-1].usage == TWO_CALLS


async def test_an_answer_that_passes_is_kept(pool):
    pool.llms["small"]._script = lambda *_: "large, says small"
    response = await pool.achat([user(STORY)])
    assert [call.candidate for call in decision_of(response).calls] == ["small"]
    assert not pool.llms["large"].asked


@pytest.mark.parametrize("endpoint", STREAMS)
async def test_streams_are_not_escalated_unless_they_are_gathered(pool, endpoint):
    plain = pool.model_copy(update={"escalate": Escalation(check=by_large)})
    chunks = await asked(STREAMS[endpoint], plain)
    decision = decision_of(chunks[-1])
    assert decision.candidate == "small"
    assert decision.max_calls == 1
    assert decision.reasons == ("not escalated: the answer is streamed",)


@pytest.mark.parametrize("off", [None, False, Escalation(max_calls=1)])
async def test_off_is_as_before(pool, off):
    plain = pool.model_copy(update={"escalate": off})
    response = plain.chat([user(STORY)])
    stamp = response.additional_kwargs["crossroute"]
    assert stamp["candidate"] == "small"
    assert (stamp["max_calls"], stamp["calls"], stamp["reasons"]) == (1, [], [])
    assert "usage" not in stamp


def test_what_escalate_may_be(router):
    members = {"small": ChatFake("small")}
    for value in (True, False, None, "buffer", Escalation(max_calls=3)):
        llm = CrossRouteLLM(members, router, escalate=value)
        assert CrossRouteLLM.from_dict(llm.to_dict(), llms=members, router=router).escalate == value
        assert json.loads(llm.to_json())
    for value in ("yes", 1, "off"):
        with pytest.raises(ValidationError, match="escalate"):
            CrossRouteLLM(members, router, escalate=value)


class Keeper:
    """A check that knows a secret, as one with a client of its own does."""

    def __repr__(self):
        return "sk-very-secret-key"

    def check(self, query, answer):
        return 1.0


def test_a_check_stays_out_of_what_is_written(router):
    escalation = Escalation(check=Keeper().check, max_calls=3)
    llm = CrossRouteLLM({"small": ChatFake("small")}, router, escalate=escalation)
    for written in (str(llm.to_dict()), llm.to_json(), repr(llm), str(llm)):
        assert "sk-" not in written
    assert llm.to_dict()["escalate"] == {"max_calls": 3}


def test_a_pool_pickles_where_its_check_does(folder):
    members = {"small": ChatFake("small"), "large": ChatFake("large")}
    again = pickle.loads(pickle.dumps(CrossRouteLLM(members, folder, escalate=Escalation(check=by_large))))  # noqa: S301
    assert [call.candidate for call in decision_of(again.chat([user(STORY)])).calls] == ["small", "large"]
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(CrossRouteLLM(members, folder, escalate=Escalation(check=lambda *_: 1.0)))


async def test_every_call_is_an_event_of_its_own_under_one_span(pool, ear):
    debug = LlamaDebugHandler(print_trace_on_end=False)
    pool.callback_manager = CallbackManager([debug])
    await pool.achat([user(STORY)])
    pool.chat([user(STORY)])
    assert len(debug.get_llm_inputs_outputs()) == 4
    assert len(debug.get_events(CBEventType.LLM)) == 8
    assert [event.response.raw["by"] for event in ear.of(LLMChatEndEvent)] == ["small", "large"] * 2


async def test_member_spans_have_one_parent(pool, spans):
    await pool.achat([user(STORY)])
    pool.complete(STORY)
    for method, outer in (("achat", "CrossRouteLLM.achat"), ("complete", "CrossRouteLLM.complete")):
        mine = [span for span in spans if span.startswith(outer)]
        members = [parent for span, parent in spans.items() if span.startswith(f"ChatFake.{method}")]
        assert len(mine) == 1
        assert members == mine * 2


@pytest.fixture
def spans():
    """Span -> its parent, of all that begin during a test."""
    from llama_index_instrumentation.span_handlers import SimpleSpanHandler

    begun = {}

    class Watch(SimpleSpanHandler):
        def new_span(self, id_, bound_args, instance=None, parent_span_id=None, tags=None, **kwargs):
            begun[id_] = parent_span_id
            return super().new_span(id_, bound_args, instance, parent_span_id, tags, **kwargs)

    handler, root = Watch(), get_dispatcher()
    root.add_span_handler(handler)
    yield begun
    root.span_handlers.remove(handler)


async def test_events_tell_of_each_call_and_of_the_final_one(pool, ear):
    report, root = CrossRouteSpendReport(), get_dispatcher()
    root.add_event_handler(report)
    try:
        await pool.apredict(say(), query_str=STORY)
    finally:
        root.event_handlers.remove(report)
    decided, answered = ear.of(CrossRouteDecisionEvent), ear.of(CrossRouteAnswerEvent)
    assert [event.decision.candidate for event in decided] == ["small", "large"]
    told = [(event.decision.candidate, event.final, event.usage) for event in answered]
    assert told == [("small", False, ONE_CALL), ("large", False, ONE_CALL), ("large", True, TWO_CALLS)]
    assert [event.decision.actual_cost for event in answered] == pytest.approx(
        [COST["small"], COST["large"], COST["small"] + COST["large"]]
    )
    assert STORY not in "".join(event.decision.model_dump_json() for event in decided + answered)
    assert report.by_candidate == pool.spend.by_candidate
    assert report.total.calls == 2


async def test_a_failed_escalation_leaves_the_answer_in_hand(pool):
    for error in (RateLimitError("slow down"), BadRequestError("no"), ValueError("?")):
        pool.llms["large"]._script = lambda *_, error=error: error
        for endpoint in ("chat", "achat"):
            response = await asked(ENDPOINTS[endpoint], pool)
            assert text_of(response) == f"small: {STORY}"
            decision = decision_of(response)
            assert [failure.candidate for failure in decision.failures] == ["large"]
            assert [call.candidate for call in decision.calls] == ["small"]
            pool._routing.dispatcher.cooldowns.clear("large")


async def test_the_first_call_fails_over_and_raises_as_before(pool, ear):
    pool.llms["small"]._script = lambda *_: RateLimitError("slow down")
    response = await pool.achat([user(STORY)])
    decision = decision_of(response)
    assert decision.candidate == "large"
    assert [failure.candidate for failure in decision.failures] == ["small"]
    assert len(ear.of(CrossRouteDecisionEvent)) == 1, "a failover is the same call once more"
    error = BadRequestError("no")
    pool.llms["small"]._script = pool.llms["large"]._script = lambda *_: error
    with pytest.raises(BadRequestError) as caught:
        pool.chat([user(STORY)])
    assert caught.value is error


def test_a_budget_ends_it(pool):
    poor = pool.model_copy(update={"escalate": Escalation(check=by_large, max_cost=0.0002)})
    decision = decision_of(poor.chat([user(STORY)]))
    assert decision.candidate == "small"
    assert len(decision.calls) <= 1
    assert not pool.llms["large"].asked


async def test_checks_run_beside_the_event_loop_or_are_awaited(pool):
    threads = []

    def slow(query, answer):
        threads.append(threading.current_thread())
        assert query == STORY
        return 1.0

    async def awaited(query, answer):
        threads.append(threading.current_thread())
        return 1.0

    for check in (slow, awaited):
        await pool.model_copy(update={"escalate": Escalation(check=check)}).achat([user(STORY)])
    assert threads[0] is not threading.current_thread()
    assert threads[1] is threading.current_thread()


def test_a_check_that_raises_leaves_the_answer(pool):
    def broken(query, answer):
        raise RuntimeError("no judge today")

    response = pool.model_copy(update={"escalate": Escalation(check=broken)}).chat([user(STORY)])
    assert text_of(response).endswith(STORY)


async def test_a_check_that_fails_on_an_answer_tells_nothing_of_it(pool, ear):
    def number(query, answer):
        return float(answer)

    wary = pool.model_copy(update={"escalate": Escalation(check=number)})
    for endpoint in ("chat", "achat"):
        response = await asked(ENDPOINTS[endpoint], wary)
        failure = decision_of(response).failures[0]
        assert (failure.candidate, failure.error, failure.message) == ("check", "ValueError", "")
    events = ear.of(CrossRouteAnswerEvent) + ear.of(CrossRouteDecisionEvent)
    assert STORY not in "".join(event.decision.model_dump_json() for event in events)


# objects


def song(name="Ja", **more):
    return tool_call("Song", "1", **({"name": name} if name else {}), **more)


@pytest.mark.parametrize("endpoint", ["structured_predict", "astructured_predict", "as_structured_llm"])
async def test_an_object_that_does_not_fit_is_evidence(pool, ear, endpoint):
    trusting = pool.model_copy(update={"escalate": True})
    pool.llms["small"]._script = lambda *_: song(name=None)
    pool.llms["large"]._script = lambda *_: song("Nein")
    asks = {
        "structured_predict": lambda llm: llm.structured_predict(Song, say(), query_str=STORY),
        "astructured_predict": lambda llm: llm.astructured_predict(Song, say(), query_str=STORY),
        "as_structured_llm": lambda llm: llm.as_structured_llm(Song).chat([user(STORY)]).raw,
    }
    assert await asked(asks[endpoint], trusting) == Song(name="Nein")
    decision = ear.of(CrossRouteAnswerEvent)[-1].decision
    assert [call.candidate for call in decision.calls] == ["small", "large"]
    assert ["schema" in call.evidence.flaws for call in decision.calls] == [True, False]
    assert ear.of(CrossRouteAnswerEvent)[-1].usage == TWO_CALLS


@pytest.mark.parametrize("endpoint", ["structured_predict", "astructured_predict"])
async def test_the_members_error_is_raised_where_no_object_fits(pool, endpoint):
    trusting = pool.model_copy(update={"escalate": True})
    for member in pool.llms.values():
        member._script = lambda *_: song(name=None)
    ask = {
        "structured_predict": lambda llm: llm.structured_predict(Song, say(), query_str=STORY),
        "astructured_predict": lambda llm: llm.astructured_predict(Song, say(), query_str=STORY),
    }[endpoint]
    with pytest.raises(ValueError, match="Field required") as alone:
        await asked(ask, pool.llms["small"])
    with pytest.raises(ValueError, match="Field required") as pooled:
        await asked(ask, trusting)
    assert (type(pooled.value), str(pooled.value)) == (type(alone.value), str(alone.value))
    assert pool.spend.total.calls == 2


def test_an_error_before_any_answer_is_raised(pool):
    error = ValueError("the prompt is too long")
    pool.llms["small"]._script = lambda *_: error
    with pytest.raises(ValueError, match="too long") as caught:
        pool.structured_predict(Song, say(), query_str=STORY)
    assert caught.value is error
    assert not pool.llms["large"].asked


# tools


async def test_a_tool_call_that_does_not_fit_is_put_to_another_member(pool):
    trusting = pool.model_copy(update={"escalate": True})
    tool = FunctionTool.from_defaults(add)
    faults = (tool_call("add", "1", a="x"), tool_call("sub", "1", a=1, b=2))
    for fault in faults:
        pool.llms["small"]._script = lambda *_, fault=fault: fault
        pool.llms["large"]._script = lambda *_: tool_call("add", "2", a=1, b=2)
        response = await trusting.achat_with_tools([tool], STORY)
        assert trusting.get_tool_calls_from_response(response)[0].tool_kwargs == {"a": 1, "b": 2}
        assert [call.candidate for call in decision_of(response).calls] == ["small", "large"]


def test_a_tool_call_that_fits_is_kept_at_once(pool):
    pool.llms["small"]._script = lambda *_: tool_call("add", "1", a=1, b=2)
    response = pool.chat_with_tools([FunctionTool.from_defaults(add)], STORY)
    assert [call.candidate for call in decision_of(response).calls] == ["small"]


async def test_a_tool_turn_is_finished_by_the_model_that_began_it(pool):
    def script(messages, _):
        return "done" if messages[-1].role == "tool" else tool_call("add", "7", a=1, b=2)

    pool.llms["small"]._script = script
    output = await FunctionAgent(tools=[add], llm=pool).run(STORY)
    assert str(output) == "done"
    assert not pool.llms["large"].asked, "the check is not even asked"


def test_calls_that_run_tools_run_them_once(pool, ear):
    ran = []

    def note(text: str) -> str:
        """Note."""
        ran.append(text)
        return "noted"

    pool.llms["small"]._script = lambda *_: tool_call("note", "1", text="x")
    pool.predict_and_call([FunctionTool.from_defaults(note)], STORY)
    assert ran == ["x"]
    assert ear.of(CrossRouteAnswerEvent)[-1].decision.reasons == ("not escalated: the call runs tools",)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


# many at once


async def test_many_calls_at_once_keep_apart(router):
    members = {"small": ChatFake("small"), "large": ChatFake("large")}
    pool = CrossRouteLLM(members, router, escalate=Escalation(check=by_large))
    texts = [STORY.replace("12", str(number)) for number in range(100, 140)]
    answers = await asyncio.gather(*(pool.achat([user(text)]) for text in texts))
    for text, answer in zip(texts, answers, strict=True):
        assert answer.message.content == f"large: {text}"
        assert answer.additional_kwargs["crossroute"]["usage"] == TWO_CALLS.model_dump()
    assert pool.spend.total.calls == 80


def test_a_copy_may_differ(pool):
    plain = pool.model_copy(update={"escalate": False})
    assert decision_of(plain.chat([user(STORY)])).calls == ()
    assert len(decision_of(pool.chat([user(STORY)])).calls) == 2
