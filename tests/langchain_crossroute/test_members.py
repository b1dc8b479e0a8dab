"""Member: chat models bare, wrapped or by name, and what is known of them."""

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda

from langchain_crossroute.members import Member
from tests.langchain_crossroute.fakes import ChatFake

FAKE = ChatFake(model_name="a")


@pytest.mark.parametrize(
    "given",
    [
        FAKE,
        FAKE.bind(stop=["x"]),
        FAKE.with_config(tags=["t"]).with_retry(),
        FAKE.with_retry().with_fallbacks([ChatFake(model_name="b")]),
    ],
)
def test_the_chat_model_is_found_in_its_wrapping(given):
    member = Member.of("a", given)
    assert member.model.model_name == member.model_name == "a"
    assert member.runnable.invoke("Hello").text == "I am a"
    bound = member.change(lambda model: model.bind(model="changed"))
    assert bound.invoke("Hello").text == "I am changed"
    assert member.runnable.invoke("Hello").text == "I am a"


def test_a_member_that_falls_back_on_another_provider_answers_in_two_formats():
    other = ChatFake(kind="anthropic-chat")
    assert Member.of("a", FAKE.with_fallbacks([FAKE.bind(stop=["x"])])).providers == {"fake"}
    assert Member.of("a", FAKE.with_fallbacks([other]).with_config(tags=["t"])).providers == {
        "fake",
        "anthropic",
    }


def test_a_name_makes_a_model(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    member = Member.of("a", "openai:gpt-5-mini")
    assert (member.provider, member.model_name) == ("openai", "gpt-5-mini")
    assert {"tools", "structured_output", "vision"} <= member.ability.capabilities


@pytest.mark.parametrize("given", [7, RunnableLambda(str), FAKE | RunnableLambda(str)])
def test_what_is_no_chat_model_is_refused(given):
    with pytest.raises(TypeError, match=r"Model 'a' is a .* Expected a chat model"):
        Member.of("a", given)


def test_what_a_profile_is_silent_on_the_class_tells():
    assert Member.of("a", FAKE).ability.capabilities == {"tools", "structured_output"}
    plain = Member.of("a", FakeListChatModel(responses=["x"]))
    assert plain.ability.capabilities == frozenset()
    profile = {"tool_calling": False, "audio_inputs": True, "max_input_tokens": 9}
    told = Member.of("a", ChatFake(profile=profile)).ability
    assert (told.capabilities, told.context_window) == ({"structured_output", "audio"}, 9)


def test_a_member_shows_no_secret():
    assert "api" not in repr(Member.of("a", FAKE))
