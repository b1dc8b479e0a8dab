from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute import Candidate, DataError, Pool, Price
from crossroute.model import costs

PRICE = np.array([[1.0, 2.0], [10.0, 30.0], [0.0, 0.0]])  # (m, 2)


def test_where_tokens_and_prices_explain_the_costs_output_tokens_are_learnt(outcomes):
    assert costs.cost_unit(outcomes) == "output_tokens"


def test_where_only_usd_is_known_its_worth_in_input_tokens_is_learnt(outcomes):
    unknown = np.full_like(outcomes.cost, np.nan)
    assert costs.cost_unit(replace(outcomes, output_tokens=unknown)) == "input_ratio"
    assert costs.cost_unit(replace(outcomes, cost=outcomes.cost * 1.2)) == "input_ratio"
    assert costs.cost_unit(replace(outcomes, cost=unknown, output_tokens=unknown)) == "input_ratio"


def test_output_tokens_give_the_cost_by_hand():
    log_tokens = np.log([[100.0, 200.0, 300.0]])
    cost = costs.Tariff(PRICE, "output_tokens").cost(log_tokens, np.array([50.0]), np.array([1_000.0]))
    by_hand = [[(1_050 + 200) / 1e6, (10_500 + 6_000) / 1e6, 0]]
    assert cost == pytest.approx(np.array(by_hand))


def test_an_input_ratio_gives_the_cost_by_hand():
    log_ratio = np.log([[3.0, 4.0, 1.0]])
    cost = costs.Tariff(PRICE, "input_ratio").cost(log_ratio, np.array([50.0]), np.array([1_000.0]))
    assert cost == pytest.approx(np.array([[1_150 / 1e6, 12_000 / 1e6, 0]]))
    written = costs.Tariff(PRICE, "input_ratio").output_tokens(log_ratio, np.array([50.0]))
    # 100 input tokens' worth at 1 : 2, 150 at 10 : 30, and at least one token
    assert written == pytest.approx(np.array([[50, 50, 1]]))


@pytest.mark.parametrize("unit", ["output_tokens", "input_ratio"])
def test_the_target_gives_back_the_observed_cost(outcomes, unit):
    query_tokens = outcomes.input_tokens[:, 0]
    target = costs.log_tokens(outcomes, query_tokens, unit)
    price = costs.prices(outcomes.pool)
    cost = costs.Tariff(price, unit).cost(target, query_tokens, np.zeros(len(outcomes)))
    assert cost == pytest.approx(outcomes.cost)


@pytest.mark.parametrize("unit", ["output_tokens", "input_ratio"])
def test_targets_are_finite_or_unknown(outcomes, unit):
    cost, written = outcomes.cost.copy(), outcomes.output_tokens.copy()
    cost[0], written[0] = np.nan, np.nan
    cost[1], written[1] = 0, 0
    target = costs.log_tokens(
        replace(outcomes, cost=cost, output_tokens=written), outcomes.input_tokens[:, 0], unit
    )
    assert np.isfinite(target[1:]).all()
    assert np.isnan(target[0, :3]).all()  # the fourth candidate costs nothing, which is known


def test_what_a_cost_leaves_after_the_input_was_paid_for_output(outcomes):
    unknown = np.full_like(outcomes.cost, np.nan)
    usd_only = replace(outcomes, output_tokens=unknown, input_tokens=unknown)
    found = costs.infer_output_tokens(usd_only, outcomes.input_tokens[:, 0])
    np.testing.assert_allclose(found[:, :3], outcomes.output_tokens[:, :3], rtol=1e-6)
    assert np.isnan(found[:, 3]).all()  # a free candidate's costs say nothing of its tokens


def test_counted_tokens_stand_and_no_answer_has_less_than_one(outcomes):
    assert (costs.infer_output_tokens(outcomes, outcomes.input_tokens[:, 0]) == outcomes.output_tokens).all()
    paid_less = replace(outcomes, cost=outcomes.cost * 0, output_tokens=np.full_like(outcomes.cost, np.nan))
    assert (costs.infer_output_tokens(paid_less, outcomes.input_tokens[:, 0])[:, :3] == 1).all()


RATIO, READ, NONE = np.log([[3.0, 4.0, 1.0]]), np.array([50.0]), np.array([0.0])


def repriced(price, log_ratio=RATIO, read=READ, context=NONE, learned=PRICE):
    return costs.Tariff(np.array(price, float), "input_ratio", learned).cost(log_ratio, read, context)


def test_an_input_ratio_gives_the_cost_at_another_price_by_hand():
    # 50 tokens read, and written what 100 at 1 : 2 and 150 at 10 : 30 paid for: 50 and 50
    assert repriced([[1, 20], [10, 0], [0, 0]]) == pytest.approx(np.array([[1_050, 500, 0]]) / 1e6)
    assert repriced([[0, 2], [5, 30], [0, 0]]) == pytest.approx(np.array([[100, 1_750, 0]]) / 1e6)
    further = repriced([[4, 2], [10, 30], [0, 0]], context=np.array([1_000.0]))
    assert further == pytest.approx(np.array([[4_300, 12_000, 0]]) / 1e6)


def test_at_the_learned_price_an_input_ratio_gives_the_very_same_cost():
    for log_ratio in (RATIO, np.log([[0.2, 1.0, 5.0]])):
        unchanged = np.exp(log_ratio) * 50 * PRICE[:, 0] / 1e6
        assert repriced(PRICE, log_ratio) == pytest.approx(unchanged, rel=1e-15)


@given(st.floats(-7, 8), st.floats(1, 1e5), st.floats(0, 1e3), st.floats(0, 1e3))
def test_a_dearer_token_never_makes_a_call_cheaper_and_the_cost_does_not_jump(log_ratio, read, more, less):
    logs, read = np.full((1, 3), log_ratio), np.array([read])
    charged = PRICE + np.array([more, less])
    cost = repriced(charged, logs, read)
    for dearer in (charged * [1, 2], charged * [2, 1]):
        assert (repriced(dearer, logs, read) >= cost).all()
    near = repriced(PRICE * (1 + 1e-9), logs, read)
    np.testing.assert_allclose(near, repriced(PRICE, logs, read), rtol=1e-6, atol=1e-15)


def test_a_call_is_only_free_where_nothing_is_charged():
    too_small = np.log([[0.01, 0.01, 0.01]])  # for its own tokens, so that less than none would be written
    for log_ratio in (RATIO, too_small):
        for price in ([[0, 1]] * 3, [[1, 0]] * 3):
            assert (repriced(price, log_ratio) > 0).all()
        assert (repriced([[0, 0]] * 3, log_ratio) == 0).all()


def test_what_was_learned_free_to_read_tells_what_was_written(outcomes):
    paid = Pool(c.model_copy(update={"price": Price(input=0, output=3)}) for c in outcomes.pool)
    outcomes = replace(outcomes, pool=paid, cost=outcomes.output_tokens * 3 / 1e6)
    read = outcomes.input_tokens[:, 0]
    target = costs.log_tokens(outcomes, read, "input_ratio")
    price = costs.prices(paid)
    no_context = np.zeros(len(read))
    assert costs.Tariff(price, "input_ratio").cost(target, read, no_context) == pytest.approx(outcomes.cost)
    assert costs.Tariff(price, "input_ratio").output_tokens(target, read) == pytest.approx(
        outcomes.output_tokens
    )


@pytest.mark.parametrize("unit", ["output_tokens", "input_ratio"])
def test_fewer_tokens_counted_than_estimated_are_what_is_paid_for(unit):
    fewer = costs.Tariff(PRICE, unit).cost(RATIO, READ, np.array([-40.0]))
    as_estimated = costs.Tariff(PRICE, unit).cost(RATIO, READ, NONE)
    assert as_estimated - fewer == pytest.approx(40 * PRICE[:, :1].T / 1e6)
    none = costs.Tariff(PRICE, unit).cost(np.log([[0.01] * 3]), READ, np.array([-50.0]))
    assert (none >= 0).all()


def test_a_ratio_is_carried_over_to_another_price():
    for price in ([4.0, 2.0], [0.5, 30.0], [0.0, 3.0], [1.0, 0.0]):
        at, stated = costs.ratio_at(RATIO[0], PRICE[0], np.array(price)), np.array([price] * 3)
        carried = costs.Tariff(stated, "input_ratio").cost(at[None], READ, NONE)
        assert carried[:, :2] == pytest.approx(repriced(stated, learned=PRICE[[0, 0, 0]])[:, :2])
    for price in PRICE[[0, 2]]:
        assert (costs.ratio_at(RATIO[0], price, price) == RATIO[0]).all()
    free = costs.ratio_at(RATIO[:, 0], PRICE[0], PRICE[2])
    assert repriced(PRICE[:1], free[None], learned=PRICE[2:]) == pytest.approx(repriced(PRICE)[:, :1])


@given(
    st.floats(-5, 12), st.floats(1, 1e6), st.floats(0, 1e6), st.sampled_from(["output_tokens", "input_ratio"])
)
def test_cost_and_tokens_are_finite_and_not_negative(log_tokens, read, context, unit):
    logs, read, context = np.full((1, 3), log_tokens), np.array([read]), np.array([context])
    cost = costs.Tariff(PRICE, unit).cost(logs, read, context)
    written = costs.Tariff(PRICE, unit).output_tokens(logs, read)
    assert np.isfinite(cost).all()
    assert (cost >= 0).all()
    assert np.isfinite(written).all()
    assert (written >= 0).all()


def test_doubling_the_prices_doubles_the_cost():
    logs = np.log([[100.0, 200.0, 300.0]])
    for unit in ("output_tokens", "input_ratio"):
        one, two = (
            costs.Tariff(k * PRICE, unit).cost(logs, np.array([9.0]), np.array([4.0])) for k in (1, 2)
        )
        assert two == pytest.approx(2 * one)


def test_a_candidate_without_a_price_is_named():
    pool = Pool(
        [Candidate(name="a", price=Price(input=1, output=2)), Candidate(name="b"), Candidate(name="c")]
    )
    with pytest.raises(
        DataError, match=r"No price is known for 'b', 'c'\. Add cost_usd to the rows, state prices"
    ):
        costs.prices(pool)
    assert costs.prices(pool.subset(["a"])).tolist() == [[1, 2]]
