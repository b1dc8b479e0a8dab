"""Escalation over real wire formats: log-probabilities asked for and read, or refused; schemas; streams."""

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

from crossroute import Decision
from crossroute.calls.spend import Usage
from llamaindex_crossroute import CrossRouteAnswerEvent, CrossRouteLLM
from tests.llamaindex_crossroute.fakes import user
from tests.support.routers import STORY
from tests.support.wire import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

GPT, LIKE = "gpt-4o", "qwen"
ONE_CALL = Usage(input_tokens=INPUT_TOKENS, output_tokens=OUTPUT_TOKENS, cached_input_tokens=CACHED_TOKENS)
ASKS_FOR_LOGPROBS = {"logprobs": True, "top_logprobs": 1}
UNSURE = (-3.0, -4.0, -2.0)


class Song(BaseModel):
    """A song."""

    name: str


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@pytest.fixture
def wired(server, router):
    """An OpenAI-like server, which begins, and OpenAI; streams are gathered."""
    common = {"api_base": server.openai, "api_key": "sk-secret", "max_retries": 0, "timeout": 5}
    pool = CrossRouteLLM(
        {
            "large": OpenAI(model=GPT, **common),
            "small": OpenAILike(model=LIKE, is_chat_model=True, is_function_calling_model=True, **common),
        },
        router,
        escalate="buffer",
    )
    before = {name: llm.to_dict() for name, llm in pool.llms.items()}
    yield pool
    assert {name: llm.to_dict() for name, llm in pool.llms.items()} == before, "the user's objects stay"
    for member in pool.llms.values():
        if member._client is not None:
            member._client.close()


@pytest.fixture
def willing(wired):
    """The same, willing to pay for the large one where the small one is unsure."""
    return wired.model_copy(update={"willingness_to_pay": 0.01})


def decision_of(response):
    return Decision.model_validate(response.additional_kwargs["crossroute"])


def sent(request):
    return {name: request.body[name] for name in ASKS_FOR_LOGPROBS if name in request.body}


def say():
    return PromptTemplate("{query_str}")


async def every_endpoint(llm):
    """The last response of each endpoint that gives one."""
    messages = [user(STORY)]
    tools = [FunctionTool.from_defaults(add)]
    yield "chat", lambda: llm.chat(messages)
    yield "achat", lambda: llm.achat(messages)
    yield "stream_chat", lambda: list(llm.stream_chat(messages))[-1]
    yield "complete", lambda: llm.complete(STORY)
    yield "acomplete", lambda: llm.acomplete(STORY)
    yield "stream_complete", lambda: list(llm.stream_complete(STORY))[-1]
    yield "chat_with_tools", lambda: llm.chat_with_tools(tools, STORY)
    yield "achat_with_tools", lambda: llm.achat_with_tools(tools, STORY)


async def test_unsure_answers_go_on_from_every_endpoint(willing, server):
    async for endpoint, ask in every_endpoint(willing):
        server.say(LIKE, "Foxes, no doubt", logprobs=UNSURE)
        server.say(GPT, "Owls, of course", logprobs=(-0.01, -0.01, -0.01))
        response = ask()
        response = await response if hasattr(response, "__await__") else response
        first, second = decision_of(response).calls
        assert (first.candidate, second.candidate) == ("small", "large"), endpoint
        assert first.evidence.mean_logprob == pytest.approx(-3.0), endpoint
        assert first.evidence.min_logprob == pytest.approx(-4.0), endpoint
        assert second.evidence.mean_logprob == pytest.approx(-0.01), endpoint
        assert first.posterior < first.prior
        assert first.posterior < second.posterior
        assert decision_of(response).candidate == "large", endpoint
        text = response.text if hasattr(response, "text") else response.message.content
        assert text.strip() == "Owls, of course", endpoint
    assert all(sent(request) == ASKS_FOR_LOGPROBS for request in server.requests)


async def test_predictions_are_judged_by_their_events(willing, server, ear):
    asks = {
        "predict": lambda: willing.predict(say(), query_str=STORY),
        "apredict": lambda: willing.apredict(say(), query_str=STORY),
        "stream": lambda: "".join(willing.stream(say(), query_str=STORY)),
    }
    for endpoint, ask in asks.items():
        server.say(LIKE, "Foxes, no doubt", logprobs=UNSURE)
        server.say(GPT, "Owls, of course")
        given = ask()
        given = await given if hasattr(given, "__await__") else given
        assert given.strip() == "Owls, of course", endpoint
        event = ear.of(CrossRouteAnswerEvent)[-1]
        assert event.decision.calls[0].evidence.mean_logprob == pytest.approx(-3.0), endpoint
        assert event.usage == (None if endpoint == "stream" else ONE_CALL + ONE_CALL), endpoint


async def test_astream_gathers_as_well(willing, server):
    server.say(LIKE, "Foxes, no doubt", logprobs=UNSURE)
    server.say(GPT, "Owls, of course")
    chunks = [chunk async for chunk in await willing.astream_chat([user(STORY)])]
    assert "".join(chunk.delta or "" for chunk in chunks).strip() == "Owls, of course"
    assert len({chunk.additional_kwargs["crossroute"]["candidate"] for chunk in chunks}) == 1


def test_sure_answers_are_kept(wired, server):
    server.say(LIKE, "Owls, of course", logprobs=(-0.001, -0.001, -0.001))
    response = wired.chat([user(STORY)])
    assert [call.candidate for call in decision_of(response).calls] == ["small"]
    assert decision_of(response).calls[0].posterior > decision_of(response).calls[0].prior


async def test_a_member_that_refuses_log_probabilities_is_asked_without_and_remembered(wired, server):
    server.behave(LIKE, *["no-logprobs"] * 4)
    assert wired.chat([user(STORY)]).message.content == f"I am {LIKE}"
    assert (await wired.achat([user(STORY)])).message.content == f"I am {LIKE}"
    assert [sent(request) for request in server.asked(LIKE)] == [ASKS_FOR_LOGPROBS, {}, {}]


async def test_a_member_that_refuses_log_probabilities_at_first_asynchronously(wired, server):
    server.behave(LIKE, *["no-logprobs"] * 4)
    await wired.achat([user(STORY)])
    wired.chat([user(STORY)])
    assert [sent(request) for request in server.asked(LIKE)] == [ASKS_FOR_LOGPROBS, {}, {}]


def test_a_bad_request_stays_one_and_is_not_remembered(wired, server):
    import openai

    server.behave(LIKE, 400, 400)
    with pytest.raises(openai.BadRequestError):
        wired.chat([user(STORY)])
    wired.chat([user(STORY)])
    assert sent(server.asked(LIKE)[-1]) == ASKS_FOR_LOGPROBS


@pytest.mark.parametrize("choice", [False, True])
def test_what_the_user_chose_stays(wired, server, choice):
    wired.chat([user(STORY)], logprobs=choice)
    assert sent(server.asked(LIKE)[-1]) == {"logprobs": choice}
    wired.llms["small"].logprobs = choice
    try:
        wired.chat([user(STORY)])
    finally:
        wired.llms["small"].logprobs = None
    assert server.asked(LIKE)[-1].body.get("top_logprobs", 0) == 0


def test_no_log_probabilities_are_asked_for_where_that_is_switched_off(wired, server):
    wired.model_copy(update={"escalate": None}).chat([user(STORY)])
    assert sent(server.requests[-1]) == {}


def test_members_keep_their_clients(wired, server):
    for _ in range(3):
        wired.chat([user(STORY)])
    client = wired.llms["small"]._client
    assert client is not None, "opened by the view, kept by the member"
    wired.chat([user(STORY)])
    assert wired.llms["small"]._client is client


def test_cut_off_and_empty_answers_are_put_to_another(wired, server):
    server.say(LIKE, "Once upon a", finish="length", logprobs=(-0.1, -0.1, -0.1))
    first = decision_of(wired.chat([user(STORY)])).calls[0]
    assert first.evidence.flaws == {"cut off"}
    server.say(LIKE, "", finish="stop")
    decision = decision_of(wired.chat([user(STORY)]))
    assert decision.calls[0].evidence.flaws == {"empty"}
    assert decision.candidate == "large"


async def test_structured_output_that_fails_is_evidence(wired, server, ear):
    for ask in (wired.structured_predict, wired.astructured_predict):
        server.say(LIKE, arguments='{"title": "Ja"}')
        song = ask(Song, say(), query_str=STORY)
        song = await song if hasattr(song, "__await__") else song
        assert song == Song(name="words")
        calls = ear.of(CrossRouteAnswerEvent)[-1].decision.calls
        assert [(call.candidate, "schema" in call.evidence.flaws) for call in calls] == [
            ("small", True),
            ("large", False),
        ]
    assert "response_format" in server.asked(GPT)[-1].body, "each in its own way"


def test_tool_calls_that_do_not_fit_go_on(wired, server):
    tools = [FunctionTool.from_defaults(add)]
    for fault in ({"arguments": '{"a": 1, "b"'}, {"arguments": '{"a": "x", "b": 2}'}, {"tool": "sub"}):
        server.say(LIKE, **fault)
        response = wired.chat_with_tools(tools, STORY)
        assert decision_of(response).calls[0].evidence.flaws == {"schema"}, fault
        assert wired.get_tool_calls_from_response(response)[0].tool_kwargs == {"a": 3, "b": 3}
    kept = wired.chat_with_tools(tools, STORY)
    assert [call.candidate for call in decision_of(kept).calls] == ["small"]


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_whatever_meets_the_second_call_the_first_answer_stays(willing, server, status):
    server.say(LIKE, "Foxes, no doubt", logprobs=UNSURE)
    server.behave(GPT, status, status)
    response = willing.chat([user(STORY)])
    assert response.message.content == "Foxes, no doubt"
    decision = decision_of(response)
    assert [(failure.candidate, failure.status) for failure in decision.failures] == [("large", status)]
    assert "sk-secret" not in decision.model_dump_json()
