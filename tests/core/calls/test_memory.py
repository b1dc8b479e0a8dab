"""Memory: which candidate gave which answer, until that is long ago."""

from crossroute.calls import memory as module
from crossroute.calls.memory import Memory


def test_any_mark_tells_the_author_and_empty_ones_tell_nothing():
    memory = Memory()
    memory.began(["", "a", "b"], "small")
    memory.began(["b"], "large")
    assert (memory.beginner(["a"]), memory.beginner(["", "b", "a"])) == ("small", "large")
    assert memory.beginner([""]) is memory.beginner([]) is memory.beginner(["c"]) is None


def test_what_is_long_ago_is_forgotten(monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED_MARKS", 2)
    memory = Memory()
    memory.began(["a", "b", "c"], "small")
    assert [memory.beginner([mark]) for mark in "abc"] == [None, "small", "small"]


def test_other_models_are_heard_anew_and_the_rest_is_shared():
    memory = Memory()
    memory.logprobs.heard("small", speaks=False)
    other = memory.of_other_models()
    other.logprobs.heard("large", speaks=False)
    assert (memory.logprobs.silent, other.logprobs.silent) == ({"small"}, {"large"})
    assert other.spend is memory.spend
    assert other.cooldowns is memory.cooldowns
    other.began(["a"], "large")
    assert memory.beginner(["a"]) == "large"
