"""What a client is told of a decision, in headers and in the body."""

import json
import math

import pytest

from crossroute import Decision
from crossroute.calls.unpredicted import explain_tool_turn
from crossroute.serve.stamps import CANDIDATE, COST, DECISION, make_headers, make_stamp
from tests.support.escalating import decided


@pytest.fixture
def decision():
    return decided()


def test_the_body_tells_numbers_reasons_and_what_was_left_out(decision):
    told = make_stamp(decision.because(explain_tool_turn("x")), ["top_k"])
    assert (told["candidate"], told["decision_id"]) == (decision.candidate, decision.id)
    assert told["predicted_cost_usd"] == decision.cost
    assert told["reasons"] == [explain_tool_turn("x")]
    assert told["left_out"] == ["top_k"]
    assert "left_out" not in make_stamp(decision)
    assert "calls" not in make_stamp(decision)
    json.dumps(told, allow_nan=False)


def test_what_is_not_predicted_is_null_and_no_header(decision):
    unknown = decision.model_copy(update={"quality": math.nan, "cost": math.nan})
    told = make_stamp(unknown)
    assert told["predicted_cost_usd"] is told["predicted_quality"] is None
    assert make_headers(unknown).keys() == {CANDIDATE, DECISION}


@pytest.mark.parametrize(
    ("cost", "told"), [(0.0000213, "0.0000213"), (1.0, "1"), (0.0, "0"), (12.50, "12.5"), (1e-11, "0")]
)
def test_the_cost_is_told_in_plain_digits_the_actual_one_once_it_is_known(decision, cost, told):
    assert make_headers(decision.model_copy(update={"actual_cost": cost}))[COST] == told
    assert make_headers(decision.model_copy(update={"cost": cost}))[COST] == told


def test_a_name_beyond_ascii_is_a_header_all_the_same(decision: Decision):
    named = decision.model_copy(update={"candidate": "modèle"})
    assert make_headers(named)[CANDIDATE] == "mod?le"
