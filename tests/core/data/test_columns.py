"""The measures of an outcome: their ranges, and long rows as arrays."""

import numpy as np
import pytest

from crossroute import Candidate, DataError, Pool
from crossroute.data.columns import MEASURES, MOST_TOKENS, SURE, describe_fault, is_out_of_range, pivot

POOL = Pool([Candidate(name="a", aliases=("first",)), Candidate(name="b")])
LINE = {"q1": 0, "q2": 1}


@pytest.mark.parametrize(
    ("measure", "fine", "wrong"),
    [
        ("quality", [0, 0.5, 1, np.nan], [-0.1, 1.1, np.inf]),
        ("cost", [0, 1e9, np.nan], [-1e-9, np.inf]),
        ("latency", [0, 1e9, np.nan], [-1e-9, np.inf]),
        ("input_tokens", [0, MOST_TOKENS, np.nan], [-1, 2 * MOST_TOKENS, np.inf]),
        ("output_tokens", [0, MOST_TOKENS, np.nan], [-1, 2 * MOST_TOKENS, np.inf]),
        ("answer_logprob", [-50, 0, SURE, np.nan], [2 * SURE, np.inf, -np.inf]),
    ],
)
def test_each_measure_has_a_range(measure, fine, wrong):
    assert not is_out_of_range(measure, np.array(fine, dtype=float)).any()
    assert is_out_of_range(measure, np.array(wrong, dtype=float)).all()
    assert describe_fault(measure, 7.0, "a", "q1").startswith(
        f"{MEASURES[measure]} 7 of candidate 'a' on query 'q1' is out of range: expected a"
    )


def pivoted(**columns):
    rows = {"query_id": ["q1", "q2", "q1"], "candidate": ["a", "b", "b"]} | columns
    return pivot(rows, LINE, POOL, lambda row: f"row {row}")


def test_rows_become_arrays_with_nan_where_none_speaks():
    found = pivoted(candidate=["first", "b", "b"], quality=[1.0, 0.5, 0.0], cost_usd=[1.0, 2.0, 3.0])
    assert found.keys() == MEASURES.keys()
    np.testing.assert_array_equal(found["quality"], [[1, 0], [np.nan, 0.5]])
    np.testing.assert_array_equal(found["cost"], [[1, 3], [np.nan, 2]])
    assert np.isnan(found["latency"]).all()


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"query_id": ["q1", "q3", "q1"]}, "row 1: the query 'q3' is not among the 2 queries"),
        (
            {"candidate": ["a", "b", "first"]},
            "row 2: candidate 'first' has already answered query 'q1' at row 0; keep one of the two",
        ),
        ({"quality": [0.0, 1.5, 1.0]}, "row 1: quality 1.5 of candidate 'b' on query 'q2' is out of range"),
    ],
)
def test_a_row_that_is_wrong_is_told_with_its_place(columns, told):
    with pytest.raises(DataError) as error:
        pivoted(**columns)
    assert told in str(error.value)
