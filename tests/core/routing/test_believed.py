"""What is believed of models that a router does not know."""

import logging

import pytest

from crossroute import Router
from crossroute.candidate import FREE
from crossroute.catalogue import find_evidence
from crossroute.errors import UnprofiledCandidateError
from crossroute.routing.believed import estimate_by_relatives
from crossroute.routing.members import Ability, router_over

POOL = Router.from_pretrained("universal").pool


def ability(name):
    return sum(estimate_by_relatives(POOL, name).profile.belief.ability)


@pytest.mark.parametrize(
    "siblings",
    [
        ("qwen3.9-4b", "qwen3.9-9b", "qwen3.9-32b"),
        ("ollama/gemma4:4b", "ollama/gemma4:12b", "ollama/gemma4:20b"),
        ("gpt-6.2-nano", "gpt-6.2-mini", "gpt-6.2"),
        ("gemini-4.5-flash-lite", "gemini-4.5-flash", "gemini-4.5-pro"),
        ("claude-haiku-6", "claude-sonnet-6", "claude-opus-6"),
        ("llama-4.5-8b", "llama-4.5-70b", "llama-4.5-405b"),
        ("ministral-2b", "ministral-6b", "ministral-20b"),
    ],
)
def test_siblings_keep_their_order(siblings):
    known = [ability(name) for name in siblings]
    assert known == sorted(known)
    assert len(set(known)) == len(known)


def test_a_model_between_two_known_sizes_is_believed_between_them():
    small, large = (sum(POOL[name].profile.belief.ability) for name in ("qwen3-8b", "qwen3-14b"))
    assert small <= ability("ollama/qwen3:10b") <= large


def test_what_was_not_measured_says_so():
    found = estimate_by_relatives(POOL, "qwen3.8:9b")
    assert found.name == "qwen3.8:9b"
    assert found.price == FREE
    assert find_evidence(found) == "prior"
    relative = POOL["qwen3.5-9b"].profile.belief
    assert min(found.profile.belief.ability_error) > min(relative.ability_error)


def test_a_dated_name_is_the_model_itself():
    found = estimate_by_relatives(POOL, "gpt-5-mini-2026-01-01")
    assert found.profile == POOL["gpt-5-mini"].profile
    assert estimate_by_relatives(POOL, "gpt-5.5-2026-03-01-high").effort.told == "high"


def test_a_router_over_unknown_names_routes_and_tells(caplog):
    names = ["ollama/qwen3.9:9b", "claude-opus-6", "gpt-6.2-mini"]
    with caplog.at_level(logging.WARNING, "crossroute.routing"):
        router = router_over("universal", dict.fromkeys(names, Ability()))
    assert router.pool.names == tuple(names)
    assert "does not know 'claude-opus-6': its predictions are estimated from claude-opus-5-5" in caplog.text
    assert router.route("Thanks!").candidate in names


def test_what_cannot_be_read_is_refused():
    with pytest.raises(UnprofiledCandidateError, match="no profile of 'my-model-7b'"):
        router_over("universal", {"my-model-7b": Ability()})
