"""The chat model within what a user gives: found, changed and configured there."""

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import ConfigurableField, RunnableLambda

from langchain_crossroute.wrapping import (
    change_innermost,
    complete_model,
    configure,
    construct_values,
    copy_model,
    find_innermost,
    find_models,
)


def fake(answer):
    return FakeListChatModel(responses=[answer])


def wrapped(model):
    """The model in each way that a user may wrap it."""
    return {
        "bare": model,
        "bound": model.bind(stop=["x"]),
        "configured": model.with_config(tags=["t"]).bind(a=1),
        "retried": model.with_retry(),
        "configurable": model.configurable_fields(responses=ConfigurableField(id="responses")),
        "falling back": model.with_fallbacks([fake("other")]),
    }


@pytest.mark.parametrize("way", list(wrapped(fake("a"))))
def test_the_model_is_found_and_changed_in_any_wrapping(way):
    given = wrapped(fake("first"))[way]
    assert find_innermost(given).responses == ["first"]
    changed = change_innermost(
        given, lambda model: copy_model(model, {"responses": [model.responses[0] + "!"]}), "m"
    )
    assert type(changed) is type(given)
    assert find_innermost(changed).responses == ["first!"]
    assert find_innermost(given).responses == ["first"]  # what was given stays


def test_each_model_that_may_answer_is_changed():
    given = fake("a").with_retry().with_fallbacks([fake("b").bind(stop=["x"]), fake("c")])
    assert [model.responses for model in find_models(given)] == [["a"], ["b"], ["c"]]
    changed = change_innermost(given, lambda _: fake("d"), "m")
    assert [model.responses for model in find_models(changed)] == [["d"]] * 3


def test_what_holds_no_chat_model_is_refused():
    with pytest.raises(TypeError, match=r"Model 'm' is a RunnableLambda\. Expected a chat model"):
        change_innermost(RunnableLambda(len), lambda model: model, "m")


def test_a_config_chooses_what_is_configurable_and_leaves_the_rest():
    choice = wrapped(fake("first"))["configurable"].bind(stop=["x"])
    config = {"configurable": {"responses": ["second"]}}
    assert find_innermost(configure(choice, config)).responses == ["second"]
    assert find_innermost(configure(choice, {})).responses == ["first"]
    plain = fake("a").bind(stop=["x"])
    assert configure(plain, config) is plain


def test_fields_are_handed_on_where_a_model_states_none():
    model = FakeListChatModel(responses=["a"], cache=False)
    assert complete_model(model, {"cache": True, "unknown": 1}) is model
    assert complete_model(fake("a"), {"cache": True}).cache is True


def test_fields_are_taken_as_the_class_takes_them():
    assert construct_values(fake("a"), {"sleep": "0.5"}) == {"sleep": 0.5}
    assert construct_values(fake("a"), {"sleep": "long"}) == {"sleep": "long"}  # which its class refuses


def test_a_copy_is_told_apart_by_a_cache():
    model = fake("a")
    _ = model._get_llm_string(), model._serialized if hasattr(model, "_serialized") else None
    assert copy_model(model, {"responses": ["b"]})._get_llm_string() != model._get_llm_string()
