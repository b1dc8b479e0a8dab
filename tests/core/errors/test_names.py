"""Names that are alike, and arguments that there are not."""

import pytest

from crossroute.errors import UnknownCandidateError
from crossroute.errors.names import (
    MANY,
    describe_unknown_argument,
    find_similar,
    refuse_unknown_arguments,
    suggest_name,
)


def test_of_many_names_those_most_alike_are_told():
    known = (*(f"model-{number}" for number in range(MANY)), "gpt-5-mini")
    told = str(UnknownCandidateError("gpt-5", known))
    assert f"The pool knows 'gpt-5-mini' and {MANY} others." in told
    told = str(UnknownCandidateError("zzz", known))
    assert f"The pool knows {len(known)} others, none alike" in told


def test_names_that_are_alike_are_found_in_any_order_of_their_words():
    known = ["claude-sonnet-4-5", "claude-opus-4-5", "gpt-5", "gpt-5-mini"]
    assert find_similar("anthropic/claude-4.5-sonnet", known, 1) == ("claude-sonnet-4-5",)
    assert find_similar("openai:gpt5-mini", known, 2)[0] == "gpt-5-mini"
    assert find_similar("qwen", known, 5) == ()
    assert suggest_name("temprature", ["temperature", "timeout"]) == " Did you mean 'temperature'?"
    assert suggest_name("colour", ["temperature"]) == ""


def test_strangers_are_refused_by_name():
    refuse_unknown_arguments({"a": 1}, ["a", "b"])
    with pytest.raises(TypeError, match=r"Unknown argument 'bb'\. Did you mean 'b'\? Expected a, b\."):
        refuse_unknown_arguments(["zz", "bb"], iter(["a", "b"]))
    assert describe_unknown_argument("zz", ["a"]) == "Unknown argument 'zz'. Expected a."
