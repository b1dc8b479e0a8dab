"""Prices are fitted, looked up or left open, and say where they come from."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.candidate import FREE, Candidate, Price
from crossroute.catalogue import Catalogue
from crossroute.data.outcomes import Outcomes
from crossroute.data.prices import ESTIMATED, FITTED, fill_own_costs, fit_price, look_up_listed_price, priced
from crossroute.data.readers.routerbench import PRICES
from crossroute.numeric import Floats
from crossroute.tokens import estimate_tokens

TOKENS = np.random.default_rng(0).integers(1, 500, size=(60, 2)).astype(float)
TEXTS = ["four" * 10 + str(row % 10) for row in range(60)]
ESTIMATED_TOKENS = np.array([estimate_tokens(text) for text in TEXTS], dtype=float)


def one_candidate(
    name: str = "a",
    *,
    n: int = 60,
    price: Price | None = None,
    **columns: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> Outcomes:
    queries = [{"query_id": str(row), "text": TEXTS[row]} for row in range(n)]
    rows = {
        "query_id": [str(row) for row in range(n)],
        "candidate": [name] * n,
        "quality": np.ones(n),
        **columns,
    }
    return Outcomes.from_rows(queries, rows, [Candidate(name=name, price=price)])


def only_price(outcomes: Outcomes) -> Price | None:
    return next(iter(priced(outcomes).pool)).price


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_a_price_is_recovered_from_exact_costs(read: float, written: float):
    fitted = fit_price(TOKENS @ [read, written] / 1e6, TOKENS)
    assert fitted is not None
    assert (fitted.input, fitted.output) == pytest.approx((read, written), rel=1e-3)
    assert fitted.source == FITTED


def test_costs_of_a_second_call_in_four_of_ten_outcomes_do_not_mislead_the_fit():
    cost = TOKENS @ [2.5, 10.0] / 1e6
    cost[::5] *= 3
    cost[1::5] += 0.01
    assert fit_price(cost, TOKENS) == Price(input=2.5, output=10, source=FITTED)


def test_a_price_is_never_negative():
    fitted = fit_price(np.maximum(TOKENS @ [3.0, -0.0] / 1e6, 1e-9), TOKENS)
    assert fitted is not None
    assert (fitted.input, fitted.output) == pytest.approx((3, 0), abs=1e-6)


def test_tokens_in_one_proportion_still_explain_the_cost():
    tokens = np.outer(np.arange(1.0, 21.0), [4.0, 1.0])
    fitted = fit_price(tokens @ [1.0, 2.0] / 1e6, tokens)
    assert fitted is not None
    assert fitted.cost(input_tokens=4e6, output_tokens=1e6) == pytest.approx(6, rel=1e-3)


def test_calls_all_alike_charge_for_input_and_output():
    tokens = np.full((60, 2), [25.0, 20.0])
    fitted = fit_price(tokens @ [3.0, 15.0] / 1e6, tokens)
    assert (fitted.input, fitted.output) == (3.571, 14.29)  # 375 / (25 + 4 * 20), and four times that
    fitted = fit_price(tokens @ [3.0, 15.0] / 1e6, tokens, ratio=5)
    assert (fitted.input, fitted.output) == (3, 15)


def test_free_calls_have_a_price_of_zero():
    assert fit_price(np.zeros(60), TOKENS) == Price(input=0, output=0, source=FITTED)


def test_no_price_is_fitted_from_few_or_unrelated_costs():
    assert fit_price(TOKENS[:4] @ [1.0, 2.0] / 1e6, TOKENS[:4]) is None
    assert fit_price(np.zeros(0), np.zeros((0, 2))) is None
    assert fit_price(10.0 ** np.random.default_rng(1).uniform(-6, 0, 60), TOKENS) is None


def test_the_fit_comes_before_the_table_where_tokens_are_known():
    cost = TOKENS @ [7.0, 9.0] / 1e6
    outcomes = one_candidate(
        "claude-v1", cost_usd=cost, input_tokens=TOKENS[:, 0], output_tokens=TOKENS[:, 1]
    )
    assert only_price(outcomes) == Price(input=7, output=9, source=FITTED)


def test_a_routerbench_candidate_with_costs_takes_the_published_price():
    price = only_price(one_candidate("claude-v1", cost_usd=np.full(60, 0.01)))
    assert price is not None
    assert (price.input, price.output, price.source) == (8, 24, "RouterBench, routers/common.py")
    assert str(price.as_of) == "2024-03-18"
    assert only_price(one_candidate("claude-v1")) is None, "nothing was paid, so nothing tells its price"


def test_costs_alone_give_one_price_over_the_tokens_of_the_text():
    assert only_price(one_candidate(cost_usd=ESTIMATED_TOKENS * 1e-6)) == Price(
        input=1, output=1, source=ESTIMATED
    )


def test_a_price_that_is_stated_stays_and_fills_the_missing_costs():
    stated = Price(input=1, output=2, source="stated")
    cost = np.full(60, np.nan)
    cost[0] = 0.5
    outcomes = priced(
        one_candidate(price=stated, cost_usd=cost, input_tokens=TOKENS[:, 0], output_tokens=TOKENS[:, 1])
    )
    assert next(iter(outcomes.pool)).price == stated
    assert outcomes.cost[0, 0] == 0.5
    np.testing.assert_allclose(outcomes.cost[1:, 0], TOKENS[1:] @ [1, 2] / 1e6)


def tokens_of(name: str) -> Outcomes:
    return one_candidate(name, input_tokens=TOKENS[:, 0], output_tokens=TOKENS[:, 1])


def test_tokens_alone_look_the_price_up_in_the_catalogue_and_fill_the_costs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("crossroute.data.prices.find_spec", lambda name: None)
    outcomes = priced(tokens_of("openai:gpt-4o-mini"))
    assert next(iter(outcomes.pool)).price == Catalogue.bundled()["gpt-4o-mini"].price
    np.testing.assert_allclose(outcomes.cost[:, 0], TOKENS @ [0.15, 0.6] / 1e6)
    assert only_price(tokens_of("ollama/llama3.1:8b")) == FREE


def test_what_a_router_charges_comes_before_the_catalogue_and_after_the_costs():
    own = {"gpt-4o-mini": Price(input=7, output=8, source="mine")}
    found = next(iter(priced(tokens_of("gpt-4o-mini"), own).pool))
    assert found.price == own["gpt-4o-mini"]
    paid = one_candidate(
        "gpt-4o-mini", cost_usd=TOKENS @ [1, 2] / 1e6, input_tokens=TOKENS[:, 0], output_tokens=TOKENS[:, 1]
    )
    assert next(iter(priced(paid, own).pool)).price == Price(input=1, output=2, source=FITTED)


def test_costs_are_filled_in_before_only_where_prices_differ():
    tokens = {"input_tokens": TOKENS[:, 0], "output_tokens": TOKENS[:, 1]}
    one, other = (one_candidate(price=Price(input=usd, output=usd), **tokens) for usd in (1, 10))
    billed = one_candidate(cost_usd=np.full(60, 0.5))
    assert fill_own_costs([one, billed]) == [one, billed]
    assert priced(Outcomes.concatenate([one, billed])).cost[0, 0] == 0.5, "what was billed stands"
    filled = fill_own_costs([one, other])
    assert [part.cost[0, 0] for part in filled] == pytest.approx(
        [TOKENS[0].sum() / 1e6, TOKENS[0].sum() / 1e5]
    )


MINE = Price(input=2.5, output=10, source="mine")


@pytest.mark.parametrize("name", ["gpt-4o", "ours"])
def test_where_usd_alone_is_told_a_known_price_comes_before_an_estimate(name: str):
    usd = one_candidate(name, cost_usd=TOKENS @ [2.5, 10] / 1e6)
    assert next(iter(priced(usd, {name: MINE}).pool)).price == MINE
    alone = only_price(usd)
    listed = Catalogue.bundled().find(name)
    assert alone is not None
    assert (alone == listed.entry.price) if listed else (alone.source == ESTIMATED)


def test_a_known_price_that_what_was_paid_contradicts_is_no_price():
    paid = only_price(one_candidate("ollama/llama3.1:8b", cost_usd=ESTIMATED_TOKENS * 1e-6))
    assert paid == Price(input=1, output=1, source=ESTIMATED)
    nothing = only_price(one_candidate("gpt-4o", cost_usd=np.zeros(60)))
    assert nothing == Price(input=0, output=0, source=ESTIMATED)


def test_the_table_of_routerbench_comes_before_a_routers_price_where_usd_alone_is_told():
    outcomes = one_candidate("claude-v1", cost_usd=np.full(60, 0.01))
    assert next(iter(priced(outcomes, {"claude-v1": MINE}).pool)).price == PRICES["claude-v1"]


@pytest.mark.parametrize(
    ("tokens", "digits"),
    [
        (np.full((60, 2), [100.0, 50.0]), 12),
        (np.stack([TOKENS[:, 0], np.ones(60)], axis=1), 12),
        (TOKENS[:12], 4),
        (TOKENS, 3),
    ],
    ids=["calls all alike", "a word written", "a dozen, rounded", "rounded"],
)
def test_where_many_prices_explain_the_costs_the_known_one_does(tokens: Floats, digits: int):
    columns = {"input_tokens": tokens[:, 0], "output_tokens": tokens[:, 1]}
    cost = np.round(tokens @ [2.5, 10] / 1e6, digits)
    paid = one_candidate("ours", n=len(tokens), cost_usd=cost, **columns)
    assert next(iter(priced(paid, {"ours": MINE}).pool)).price == MINE
    assert only_price(paid) == fit_price(cost, tokens)


def test_exact_costs_tell_another_price_than_the_known_one():
    columns = {"input_tokens": TOKENS[:, 0], "output_tokens": TOKENS[:, 1]}
    paid = one_candidate("ours", cost_usd=TOKENS @ [2.6, 10.5] / 1e6, **columns)
    assert next(iter(priced(paid, {"ours": MINE}).pool)).price == Price(input=2.6, output=10.5, source=FITTED)


def test_what_the_catalogue_lacks_is_looked_up_in_genai_prices():
    pytest.importorskip("genai_prices")
    price = only_price(tokens_of("Llama-3.1-405B-Instruct@together-fp8"))
    assert price is not None
    assert price.source.startswith("genai-prices ")
    assert price.source.endswith(": openrouter/meta-llama/llama-3.1-405b-instruct")


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("claude-3-haiku-20240307", "anthropic/claude-3-haiku"),
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("Meta-Llama-3.1-70B-Instruct", "openrouter/meta-llama/llama-3.1-70b-instruct"),
        ("Llama-3.1-405B-Instruct@together-fp8", "openrouter/meta-llama/llama-3.1-405b-instruct"),
        ("Qwen2.5-72B-Instruct", "openrouter/qwen/qwen-2.5-72b-instruct"),
    ],
)
def test_a_name_is_found_in_its_usual_spellings(name: str, model: str):
    pytest.importorskip("genai_prices")
    price = look_up_listed_price(name)
    assert price is not None
    assert price.source.endswith(f": {model}")


def test_a_name_that_no_table_knows_stays_without_a_price():
    assert look_up_listed_price("a-model-of-our-own") is None
    outcomes = priced(one_candidate(input_tokens=TOKENS[:, 0], output_tokens=TOKENS[:, 1]))
    assert next(iter(outcomes.pool)).price is None
    assert np.isnan(outcomes.cost).all()


def test_without_the_extra_no_price_is_looked_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "genai_prices", raising=False)
    monkeypatch.setattr("crossroute.data.prices.find_spec", lambda name: None)
    assert look_up_listed_price("gpt-4o") is None
    assert importlib.util.find_spec("scipy") is not None


@pytest.mark.data
def test_the_prices_of_the_shared_outcomes_are_the_real_ones(shared_data: Path):
    pool = priced(Outcomes.read(shared_data / "gpt4o-llama-qwen")).pool
    prices = {
        candidate.name: (candidate.price.input, candidate.price.output)
        for candidate in pool
        if candidate.price
    }
    assert prices == {
        "llama3.2-1b": (0.1, 0.1),
        "llama3.2-3b": (0.1, 0.1),
        "llama3.1-8b": (0.2, 0.2),
        "llama3.1-70b": (0.9, 0.9),
        "llama3.1-405b": (3, 3),
        "gpt-4o-mini": (0.15, 0.6),
        "qwen2.5-32b-coder-instruct": (0.9, 0.9),
        "qwen2.5-72b-instruct": (0.9, 0.9),
        "gpt-4o": (2.5, 10),
    }
    frontier = {
        candidate.name: (candidate.price.input, candidate.price.output)
        for candidate in priced(Outcomes.read(shared_data / "frontier-2025")).pool
        if candidate.price
    }
    assert frontier["claude-sonnet-4"] == (3, 15)
    assert frontier["gpt-5-chat"] == (1.25, 10)
    assert frontier["DeepSeek-R1-0528-Qwen3-8B"] == (0.03, 0.11), "paid then, whatever is listed today"


@pytest.mark.data
def test_most_candidates_that_state_only_tokens_are_found(shared_data: Path):
    pytest.importorskip("genai_prices")
    outcomes = priced(Outcomes.read(shared_data / "zeroeval"))
    assert sum(candidate.price is not None for candidate in outcomes.pool) >= 30
    known = np.array([candidate.price is not None for candidate in outcomes.pool])
    np.testing.assert_array_equal(~np.isnan(outcomes.cost), outcomes.observed & known)
