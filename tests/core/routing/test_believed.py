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
    assert find_evidence(found) == "relatives"
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


@pytest.mark.parametrize(
    ("name", "model", "dearer"),
    [
        ("fireworks_ai/glm-5p3-fast", "glm-5.3", 2),
        ("z-ai/glm-5.3-flashx", "glm-5.3-flash", 2.5),
        ("grok-4.7-fast", "grok-4.7", 2),
        ("baseten/deepseek-ai/DeepSeek-V4.1-Flash-1017-Fast", "deepseek-v4.1-flash", 2),
        ("qwen/qwen3.8-max-prime", "qwen3.8-max", 2),
    ],
)
def test_a_model_served_faster_is_as_good_and_dearer(name, model, dearer):
    found, usual = estimate_by_relatives(POOL, name), POOL[model]
    assert found.profile == usual.profile
    assert found.price.input == pytest.approx(dearer * usual.price.input)
    assert found.price.output == pytest.approx(dearer * usual.price.output)
    assert f"{dearer:g} times the price of {model}" in found.price.source


def test_a_fast_model_of_a_family_that_has_such_is_a_smaller_one():
    fast, usual = (estimate_by_relatives(POOL, name) for name in ("grok-5-fast", "grok-5"))
    assert fast.price.output < usual.price.output / 3
    assert ability("grok-5-fast") < ability("grok-5")


@pytest.mark.parametrize(
    "siblings",
    [
        ("gpt-6-nano", "gpt-6-mini", "gpt-6", "gpt-6-pro"),
        ("gpt-7-nano", "gpt-7-mini", "gpt-7", "gpt-7-pro"),
        ("gemini-4.5-flash-lite", "gemini-4.5-flash", "gemini-4.5-pro"),
        ("claude-haiku-6", "claude-sonnet-6", "claude-opus-6", "claude-fable-6"),
        (
            "amazon.nova-3-micro-v1:0",
            "amazon.nova-3-lite-v1:0",
            "amazon.nova-3-pro-v1:0",
            "amazon.nova-3-premier-v1:0",
        ),
    ],
)
def test_a_larger_sibling_is_expected_to_be_dearer(siblings):
    found = [estimate_by_relatives(POOL, name) for name in siblings]
    for field in ("input", "output"):
        prices = [getattr(each.price, field) for each in found]
        assert prices == sorted(prices)
        assert len(set(prices)) == len(prices)
