"""CrossRouteLLM: the eight endpoints, decisions on answers, failover, copies and secrets."""

import copy
import json
import math
import pickle
from datetime import date

import pytest
from llama_index.core import PromptTemplate, Settings
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock, ThinkingBlock
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent
from llama_index.core.llms import MockLLM

from crossroute import Constraints, Decision, NoEligibleCandidateError, Price, Router
from crossroute.errors import UnprofiledCandidateError
from crossroute.routing.members import Ability
from llamaindex_crossroute import CrossRouteAnswerEvent, CrossRouteDecisionEvent, CrossRouteLLM
from tests.llamaindex_crossroute.fakes import (
    USAGE,
    BadRequestError,
    ChatFake,
    RateLimitError,
    TextFake,
    text_of,
    user,
)
from tests.support.routers import ARITHMETIC, CODE, STORY, make_router

KINDS = {ARITHMETIC: "large", CODE: "coder", STORY: "small"}


async def every_endpoint(llm, text):
    """What each of the eight endpoints answers to one text: endpoint -> responses."""
    messages = [user(text)]
    return {
        "chat": [llm.chat(messages)],
        "achat": [await llm.achat(messages)],
        "stream_chat": list(llm.stream_chat(messages)),
        "astream_chat": [chunk async for chunk in await llm.astream_chat(messages)],
        "complete": [llm.complete(text)],
        "acomplete": [await llm.acomplete(text)],
        "stream_complete": list(llm.stream_complete(text)),
        "astream_complete": [chunk async for chunk in await llm.astream_complete(text)],
    }


def test_base_llm_is_among_its_bases():
    assert BaseLLM.__name__ in [base.__name__ for base in CrossRouteLLM.__mro__]
    assert CrossRouteLLM.class_name() == "CrossRouteLLM"


@pytest.mark.parametrize("text", KINDS)
async def test_every_endpoint_routes_and_says_so(llm, router, text):
    chosen = router.subset(llm.llms).route(text).candidate
    assert chosen == KINDS[text], "the tiny router knows its three kinds of text"
    for endpoint, responses in (await every_endpoint(llm, text)).items():
        assert text_of(responses[-1]) == f"{chosen}: {text}", endpoint
        for response in responses:
            decision = Decision.model_validate(response.additional_kwargs["crossroute"])
            assert decision.candidate == chosen
            assert decision.actual_cost == pytest.approx(decision_cost(router, chosen)), endpoint


def decision_cost(router, name):
    return router.pool[name].price.cost(
        input_tokens=USAGE["prompt_tokens"], output_tokens=USAGE["completion_tokens"]
    )


async def test_raw_and_message_are_the_members(llm, members):
    alone = await every_endpoint(members["large"], ARITHMETIC)
    pooled = await every_endpoint(llm, ARITHMETIC)
    for endpoint, responses in alone.items():
        for before, after in zip(responses, pooled[endpoint], strict=True):
            assert type(after) is type(before)
            assert before.model_dump(exclude={"additional_kwargs"}) == after.model_dump(
                exclude={"additional_kwargs"}
            )
            assert "crossroute" not in str(before.raw) + str(getattr(after, "message", ""))


def test_arguments_reach_the_member_unchanged(llm, members):
    llm.chat([user(ARITHMETIC)], temperature=0.3, stop=["x"])
    messages, kwargs = members["large"].asked[-1]
    assert [m.content for m in messages] == [ARITHMETIC]
    assert kwargs == {"temperature": 0.3, "stop": ["x"]}


def test_the_dial_and_the_constraints_decide(router, members):
    cheapest = CrossRouteLLM(members, router, cost_preference=1).chat([user(ARITHMETIC)])
    assert cheapest.message.content.startswith("small")
    denied = CrossRouteLLM(members, router, constraints=Constraints(deny=frozenset({"large"})))
    assert not denied.complete(ARITHMETIC).text.startswith("large")
    rich = CrossRouteLLM(members, router, willingness_to_pay=1e6).complete(ARITHMETIC)
    assert rich.additional_kwargs["crossroute"]["cost_preference"] is None
    with pytest.raises(ValueError, match="less than or equal to 1"):
        CrossRouteLLM(members, router, cost_preference=2)


def test_what_contradicts_itself_is_refused_when_it_is_made(router, members):
    with pytest.raises(ValueError, match="cost_preference or willingness_to_pay, not both"):
        CrossRouteLLM(members, router, cost_preference=0.5, willingness_to_pay=0.01)
    with pytest.raises(ValueError, match="default 'huge' is not among the members 'small'"):
        CrossRouteLLM(members, router, default="huge")


def test_a_misspelt_argument_is_told_with_the_one_that_is_meant(router, members):
    with pytest.raises(
        TypeError, match=r"'cost_prefrence'. Did you mean 'cost_preference'\? Expected abilities,"
    ):
        CrossRouteLLM(members, router, cost_prefrence=0.5)


def test_a_copy_with_another_dial_shares_members_and_spend(llm):
    cheap = llm.model_copy(update={"cost_preference": 1.0})
    assert cheap.complete(ARITHMETIC).text.startswith("small")
    assert llm.complete(ARITHMETIC).text.startswith("large")
    assert llm.spend.total.calls == 2


def test_llms_of_a_list_go_by_the_names_of_their_models(router):
    listed = CrossRouteLLM([ChatFake("small"), ChatFake("large")], router)
    chosen = [listed.complete(t).additional_kwargs["crossroute"]["candidate"] for t in (STORY, ARITHMETIC)]
    assert chosen == ["small", "large"]
    with pytest.raises(ValueError, match="An object of type MockLLM has no model name"):
        CrossRouteLLM([MockLLM()], router)


def test_aliases_and_unknown_names(router):
    aliased = CrossRouteLLM({"lab/small": ChatFake("s"), "large": ChatFake("l")}, router)
    assert aliased.complete(STORY).additional_kwargs["crossroute"]["candidate"] == "lab/small"
    with pytest.raises(UnprofiledCandidateError, match="'gpt-9'"):
        CrossRouteLLM({"gpt-9": ChatFake("x")}, router).complete(STORY)
    with pytest.raises(ValueError, match="at least one model"):
        CrossRouteLLM({}, router)


def test_a_call_without_text_goes_to_the_default(router, members):
    image = ChatMessage(role="user", blocks=[ImageBlock(image=b"aGVsbG8=", image_mimetype="image/png")])
    with pytest.raises(NoEligibleCandidateError, match="lacks vision"):
        CrossRouteLLM(members, router).chat([image])
    stranger = members | {"camera": ChatFake("camera")}
    sees = {"camera": Ability(capabilities=frozenset({"vision"}))}
    response = CrossRouteLLM(stranger, router, default="camera", abilities=sees).chat([image])
    decision = Decision.model_validate(response.additional_kwargs["crossroute"])
    assert decision.candidate == "camera"
    assert math.isnan(decision.quality)
    with pytest.raises(NoEligibleCandidateError, match="'camera': lacks vision"):
        CrossRouteLLM(stranger, router, default="camera").chat([image])
    pool = CrossRouteLLM(stranger, router, default="camera", abilities={"large": sees["camera"]})
    assert pool.chat([image]).raw["by"] == "large"
    known = CrossRouteLLM(members | {"gpt-4o": ChatFake("gpt-4o")}, router, default="gpt-4o")
    assert known.chat([image]).raw["by"] == "gpt-4o", "the catalogue says that it sees"


def test_images_go_to_members_that_see(router, members):
    message = ChatMessage(role="user", blocks=[TextBlock(text=STORY), ImageBlock(image=b"aGVsbG8=")])
    with pytest.raises(NoEligibleCandidateError, match="lacks vision"):
        CrossRouteLLM(members, router).chat([message])
    sees = {"large": Ability(capabilities=frozenset({"vision"}))}
    assert CrossRouteLLM(members, router, abilities=sees).chat([message]).raw["by"] == "large"


def test_members_without_room_are_passed_over(router):
    members = {"small": ChatFake("small", window=1000), "large": ChatFake("large")}
    history = [user("word " * 2000), ChatMessage(role="assistant", content="Yes?"), user(STORY)]
    llm = CrossRouteLLM(members, router)
    assert llm.chat([user(STORY)]).raw["by"] == "small"
    assert llm.chat(history).raw["by"] == "large"


def test_prompts_are_cut_to_the_window_of_the_member_that_is_likely_to_answer(router):
    members = {"small": ChatFake("small", window=1000), "large": ChatFake("large", window=9000)}
    llm = CrossRouteLLM(members, router, cost_preference=1.0)
    assert llm.metadata.context_window == 1000
    llm.cost_preference = 0.0
    assert llm.metadata.context_window == 9000
    assert (
        CrossRouteLLM(members, router, constraints=Constraints(deny={"small"})).metadata.context_window
        == 9000
    )


def test_what_is_wrong_with_the_members_is_told_where_the_pool_is_made(router):
    with pytest.raises(UnprofiledCandidateError, match="no profile of 'gpt-9'"):
        CrossRouteLLM({"gpt-9": ChatFake("gpt-9")}, router)


def test_metadata_is_what_the_members_share(router):
    members = {"small": TextFake(name="small"), "large": ChatFake("large")}
    metadata = CrossRouteLLM(members, router, cost_preference=1.0).metadata
    assert metadata.context_window == 3900
    assert metadata.is_chat_model
    assert metadata.is_function_calling_model
    assert metadata.model_name == "CrossRoute(small, large)"
    assert not CrossRouteLLM({"small": members["small"]}, router).metadata.is_function_calling_model


async def test_transient_failures_go_on_to_the_next_best(router, members):
    members["large"]._script = lambda *_: RateLimitError("slow down")
    for endpoint, responses in (await every_endpoint(CrossRouteLLM(members, router), ARITHMETIC)).items():
        decision = Decision.model_validate(responses[-1].additional_kwargs["crossroute"])
        assert decision.candidate == "coder", endpoint
    assert decision.reasons, "it says why it was not the best"


def test_the_decision_names_the_member_that_failed(router, members):
    members["large"]._script = lambda *_: RateLimitError("slow down")
    response = CrossRouteLLM(members, router).chat([user(ARITHMETIC)])
    decision = Decision.model_validate(response.additional_kwargs["crossroute"])
    assert [str(failure) for failure in decision.failures] == ["large failed with RateLimitError 429"]
    assert decision.reasons == ("large failed",)


async def test_permanent_errors_are_raised_as_they_were(llm, members):
    error = BadRequestError("temperature must be in [0, 2]")
    members["large"]._script = lambda *_: error
    with pytest.raises(BadRequestError) as caught:
        llm.chat([user(ARITHMETIC)])
    assert caught.value is error
    with pytest.raises(BadRequestError):
        await llm.achat([user(ARITHMETIC)])
    with pytest.raises(BadRequestError):
        list(llm.stream_complete(ARITHMETIC))
    assert not members["coder"].asked


async def test_a_stream_that_breaks_raises_and_is_not_begun_anew(router, members):
    class Breaking(ChatFake):
        def _parts(self, messages, kwargs):
            yield from super()._parts(messages, kwargs)[:2]
            raise RateLimitError("cut")

    members["large"] = Breaking("large")
    chunks = []
    with pytest.raises(RateLimitError):
        list(map(chunks.append, CrossRouteLLM(members, router).stream_chat([user(ARITHMETIC)])))
    stream = await CrossRouteLLM(members, router).astream_chat([user(ARITHMETIC)])
    with pytest.raises(RateLimitError):
        await _gathered(stream, chunks)
    assert [chunk.additional_kwargs["crossroute"]["candidate"] for chunk in chunks] == ["large"] * 4


async def _gathered(stream, chunks):
    async for chunk in stream:
        chunks.append(chunk)


def test_one_event_a_call_and_tokens_count_once(router, members):
    counter = TokenCountingHandler(tokenizer=str.split)
    Settings.callback_manager = CallbackManager([counter])
    Settings.llm = CrossRouteLLM(members, router)
    Settings.llm.chat([user(ARITHMETIC)])
    Settings.llm.predict(PromptTemplate("{query_str}"), query_str=ARITHMETIC)
    list(Settings.llm.stream_chat([user(ARITHMETIC)]))
    assert len(counter.llm_token_counts) == 3
    assert counter.total_llm_token_count == 3 * USAGE["total_tokens"]


def test_settings_hand_the_callback_manager_on(router, members):
    manager = CallbackManager()
    members["small"].callback_manager = manager
    llm = CrossRouteLLM(members, router)
    assert members["small"].callback_manager is manager, "members keep theirs until another is given"
    Settings.callback_manager = other = CallbackManager()
    Settings.llm = llm
    assert Settings.llm.callback_manager is other
    assert all(member.callback_manager is other for member in members.values())
    members["small"].callback_manager = Settings.callback_manager = own = CallbackManager()
    Settings.llm = CrossRouteLLM(members, router)
    assert all(member.callback_manager is own for member in members.values()), (
        "also what the pool has already"
    )
    given = CallbackManager()
    assert CrossRouteLLM(members, router, callback_manager=given).llms["large"].callback_manager is given


async def test_events_tell_what_was_decided_and_what_it_took(llm, ear):
    await every_endpoint(llm, ARITHMETIC)
    llm.predict(PromptTemplate("Answer: {query_str}"), query_str=ARITHMETIC)
    decided, answered = ear.of(CrossRouteDecisionEvent), ear.of(CrossRouteAnswerEvent)
    assert len(decided) == len(answered) == 9
    assert {event.decision.candidate for event in decided + answered} == {"large"}
    assert all(event.usage.input_tokens == 1000 for event in answered)
    assert len(ear.of(LLMChatEndEvent)) == 5, "one a chat, one for predict"
    assert json.loads(decided[0].model_dump_json())["decision"]["candidate"] == "large"


def test_spend_adds_up_by_member(llm, router):
    llm.chat([user(ARITHMETIC)])
    llm.complete(STORY)
    spent = llm.spend.by_candidate
    assert spent["large"].cost == pytest.approx(decision_cost(router, "large"))
    assert spent["small"].usage.input_tokens == 1000
    assert llm.spend.total.calls == 2


def test_no_secret_leaves_with_the_pool(llm, folder, members):
    named = CrossRouteLLM(members, str(folder))
    for written in (
        repr(llm),
        str(llm.to_dict()),
        named.to_json(),
        str(llm.to_payload()),
        llm.model_dump_json(),
    ):
        assert "secret" not in written
        assert "sk-" not in written
    assert "small" in repr(llm)


def test_a_dict_gives_the_pool_back_with_members(folder, members):
    llm = CrossRouteLLM(members, folder, cost_preference=0.9, constraints=Constraints(max_cost=1))
    again = CrossRouteLLM.from_dict(llm.to_dict(), llms=members)
    assert again.constraints == llm.constraints
    assert again.complete(ARITHMETIC).text == llm.complete(ARITHMETIC).text


def test_a_dict_holds_what_was_stated_of_members(folder, members):
    stated = {
        "prices": {"large": Price(input=7, output=8, as_of=date(2026, 11, 1))},
        "abilities": {"small": Ability(capabilities=frozenset({"vision"}), context_window=9)},
        "constraints": Constraints(deny=frozenset({"coder"}), capabilities=frozenset({"vision"})),
    }
    llm = CrossRouteLLM(members, folder, **stated)
    for again in (
        CrossRouteLLM.from_dict(llm.to_dict(), llms=members),
        CrossRouteLLM.from_json(llm.to_json(), llms=members),
    ):
        assert {name: getattr(again, name) for name in stated} == stated


def test_a_router_in_memory_is_not_written_and_must_be_given_again(router, members):
    written = CrossRouteLLM(members, router).to_dict()
    assert written["router"] is None
    with pytest.raises(ValueError, match="router object is not serialized"):
        CrossRouteLLM.from_dict(written, llms=members)
    assert CrossRouteLLM.from_dict(written, llms=members, router=router).complete(STORY).text


ALTERED = {
    "llms": lambda: {"small": ChatFake("small")},
    "router": make_router,
    "default": lambda: "large",
    "sticky": lambda: False,
    "max_attempts": lambda: 1,
    "prices": lambda: {"large": Price(input=0, output=0)},
    "abilities": lambda: {"small": Ability(capabilities=frozenset({"tools", "vision"}))},
}


@pytest.mark.parametrize("field", ALTERED)
@pytest.mark.parametrize("how", ["copy", "assign"])
def test_what_is_altered_later_counts(router, members, field, how):
    llm = CrossRouteLLM(members, router)
    llm.complete(ARITHMETIC)
    value = ALTERED[field]()
    if how == "copy":
        altered = llm.model_copy(update={field: value})
    else:
        altered = llm
        setattr(altered, field, value)
    dispatcher = altered._routing.dispatcher
    seen = {
        "llms": lambda: dict.fromkeys(dispatcher.router.pool.names) == dict.fromkeys(value),
        "router": lambda: altered._routing.router is value,
        "default": lambda: dispatcher.default == value,
        "sticky": lambda: dispatcher.sticky is value,
        "max_attempts": lambda: dispatcher.max_attempts == value,
        "prices": lambda: dispatcher.price("large") == value["large"],
        "abilities": lambda: "vision" in dispatcher.router.pool["small"].capabilities,
    }
    assert seen[field]()
    assert altered.complete(ARITHMETIC).text.endswith(ARITHMETIC)
    assert altered.spend is llm.spend
    assert llm.spend.total.calls == 2
    assert altered._routing.dispatcher is dispatcher, "and is built once"


def test_what_was_learnt_of_log_probabilities_goes_on_with_the_same_members(llm):
    llm.complete(ARITHMETIC)
    before = llm._routing
    before.memory.logprobs.heard("small", speaks=False)
    llm.sticky = False
    assert llm._routing is not before
    assert llm._routing.memory.logprobs is before.memory.logprobs
    assert llm._routing.memory.logprobs.silent == {"small"}
    llm.llms = {**llm.llms, "small": ChatFake("small")}
    assert llm._routing.memory.logprobs is not before.memory.logprobs
    assert not llm._routing.memory.logprobs.silent


def test_a_copy_that_differs_in_no_part_shares_the_dispatcher(llm):
    copied = llm.model_copy(update={"cost_preference": 1.0, "prices": {}})
    assert copied._routing is llm._routing


def test_a_member_that_is_added_later_is_one(llm):
    assert llm.complete(STORY).raw["by"] == "small"
    llm.llms = {"coder": llm.llms["coder"], "large": llm.llms["large"]}
    assert llm.complete(STORY).raw["by"] != "small"
    llm.llms["small"] = ChatFake("small")
    assert llm.complete(STORY).raw["by"] == "small"


def test_pickles_and_copies_answer_as_before(folder, members, router):
    llm = CrossRouteLLM(members, folder, cost_preference=0.4)
    before = llm.complete(ARITHMETIC)
    for again in (pickled(llm), copy.deepcopy(llm), copy.copy(llm)):
        told = again.complete(ARITHMETIC).additional_kwargs["crossroute"]
        assert told["id"] > before.additional_kwargs["crossroute"]["id"], "another call, and later"
        ids = {"id": "", "decision_id": ""}
        assert told | ids == before.additional_kwargs["crossroute"] | ids
    in_memory = CrossRouteLLM(members, router)
    for again in (pickled(in_memory), copy.deepcopy(in_memory)):
        assert again.complete(STORY).text.startswith("small")


def pickled(llm):
    return pickle.loads(pickle.dumps(llm))  # noqa: S301 # our own


def test_a_router_that_is_not_there_is_told_where_the_pool_is_made(members, tmp_path):
    with pytest.raises(ValueError, match="not-there"):
        CrossRouteLLM(members, tmp_path / "not-there")


def test_a_pool_within_a_pool(router, members):
    inner = CrossRouteLLM({"small": members["small"], "coder": members["coder"]}, router)
    outer = CrossRouteLLM({"large": inner, "free": ChatFake("free")}, router, cost_preference=0)
    response = outer.chat([user(CODE)])
    assert response.message.content.startswith(("small", "coder"))
    assert response.additional_kwargs["crossroute"]["candidate"] == "large"
    assert isinstance(outer.router, Router)


def test_another_providers_reasoning_is_left_out(router, members):
    class Signing(ChatFake):
        @classmethod
        def class_name(cls):
            return "Signing"

    thought = ThinkingBlock(content="Hm.", additional_information={"signature": "xyz"})
    answer = ChatMessage(role="assistant", blocks=[thought, TextBlock(text="42")])
    llm = CrossRouteLLM(members | {"large": Signing("large", lambda *_: answer)}, router)
    said = llm.chat([user(ARITHMETIC)]).message
    llm.chat([user(ARITHMETIC), said, user(ARITHMETIC)])
    llm.chat([user(ARITHMETIC), said, user(STORY)])
    assert llm.llms["large"].asked[-1][0][1] == answer, "its own it reads"
    assert members["small"].asked[-1][0][1].blocks == [TextBlock(text="42")]
    llm.chat([user(STORY), ChatMessage(role="assistant", blocks=[thought, TextBlock(text="?")]), user(STORY)])
    assert thought in members["small"].asked[-1][0][1].blocks, "whose it is, is not known"


@pytest.mark.parametrize(
    ("method", "given", "told"),
    [
        ("complete", None, "A prompt must be a str, got NoneType"),
        ("stream_complete", 3, "A prompt must be a str, got int"),
        ("chat", "Who was Euler?", "Messages must be a list of ChatMessage, got str"),
        ("stream_chat", None, "Messages must be a list of ChatMessage, got NoneType"),
        ("chat", ["Who was Euler?"], "Message 0 must be a ChatMessage, got str"),
    ],
)
def test_what_is_no_prompt_or_no_messages_is_named(llm, method, given, told):
    with pytest.raises(TypeError, match=told):
        getattr(llm, method)(given)
