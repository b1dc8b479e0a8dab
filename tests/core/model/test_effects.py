"""What effort does to predictions: in order, nothing where nothing is told, and by kind of work."""

import numpy as np
import pytest

from crossroute import Candidate, Pool
from crossroute.effort import LEVELS, Effort
from crossroute.model.effects import effects_of, effort_table, pool_efforts

KINDS = tuple(effort_table()["levels"]["low"]["quality"])


def effort(told, usual="medium", maker="openai"):
    return Effort(told=told, usual=usual, maker=maker)


@pytest.mark.parametrize("maker", [*effort_table()["makers"], ""])
def test_both_effects_rise_with_the_level_for_every_kind_and_maker(maker):
    rows = [effects_of(effort(level, maker=maker), KINDS) for level in LEVELS]
    assert (np.diff([quality for quality, *_ in rows], axis=0) > 0).all()
    assert (np.diff([tokens for _, _, tokens, _ in rows]) > 0).all()


def test_the_usual_effort_changes_nothing():
    for told in ("medium", "budget=8192"):
        quality, quality_error, tokens, tokens_error = effects_of(effort(told), KINDS)
        assert not quality.any()
        assert not quality_error.any()
        assert tokens == tokens_error == 0


def test_effects_by_hand():
    table = effort_table()
    math = KINDS.index("math")
    quality, error, tokens, _ = effects_of(effort("high", usual="low"), KINDS)
    apart = table["levels"]["high"]["quality"]["math"] - table["levels"]["low"]["quality"]["math"]
    assert quality[math] == pytest.approx(table["makers"]["openai"]["quality"] * apart)
    assert error[math] == pytest.approx(table["quality_spread"] * apart)
    longer = table["levels"]["high"]["log_tokens"] - table["levels"]["low"]["log_tokens"]
    assert tokens == pytest.approx(table["makers"]["openai"]["log_tokens"] * longer)


def test_a_router_that_tells_no_kinds_apart_takes_their_mean():
    told = effort("low")
    (one,), *_ = effects_of(told)
    assert one == pytest.approx(effects_of(told, KINDS)[0].mean())


def test_a_pool_moves_only_what_is_told():
    pool = Pool([Candidate(name="a"), Candidate(name="a@low", effort=effort("low"))])
    assert pool_efforts(Pool([pool["a"]]), KINDS) is None
    efforts = pool_efforts(pool, KINDS)
    kinds = np.eye(len(KINDS))
    quality = np.full((len(KINDS), 2), 0.7)
    moved = efforts.on_quality(quality, kinds)
    assert (moved[:, 0] == 0.7).all()
    assert (moved[:, 1] < 0.7).all()
    error = efforts.with_error(np.full(quality.shape, 0.1), moved, kinds)
    assert (error[:, 0] == 0.1).all()
    assert (error[:, 1] > 0.1).all()


def test_what_is_no_effort_is_refused():
    with pytest.raises(ValueError, match="got 'hard'"):
        effects_of(effort("hard"))
