"""Several sets of outcomes put together: one query, one candidate, one cell."""

import numpy as np
import pytest

from crossroute import Candidate, DataError, Pool
from crossroute.data.merge import Merged, MergedQuery


def asked(number, text="text", task="", split="train"):
    return MergedQuery(f"q{number}", f"{text} {number}", task, split)


def pool(*names):
    return Pool(Candidate(name=name) for name in names)


def merged(*sets, pools=None):
    return Merged.of(sets, pools or [pool("a")] * len(sets), lambda _: "train")


def test_queries_of_one_id_and_text_are_one():
    whole = merged([asked(1), asked(2)], [asked(2), asked(3)])
    assert [query.query_id for query in whole.queries] == ["q1", "q2", "q3"]
    assert whole.lines == [[0, 1], [1, 2]]


def test_another_text_of_a_taken_id_gets_an_id_of_its_own():
    whole = merged(
        [asked(1)], [asked(1, "other")], [asked(1, "third")], [MergedQuery("q1#2", "x", "", "train")]
    )
    ids = [query.query_id for query in whole.queries]
    assert ids[0] == "q1"
    assert len(set(ids)) == 4
    assert "q1#2" in ids  # the one that was called so keeps its id
    assert whole.queries[ids.index("q1#2")].text == "x"


def test_what_only_one_set_states_stands():
    whole = merged([asked(1)], [asked(1, task="sums", split="test")])
    assert (whole.queries[0].task, whole.queries[0].split) == ("sums", "test")
    whole = merged([asked(1, task="sums", split="test")], [asked(1)])
    assert (whole.queries[0].task, whole.queries[0].split) == ("sums", "test")


@pytest.mark.parametrize("other", [{"task": "b"}, {"split": "validation"}])
def test_sets_that_differ_on_a_query_are_refused(other):
    stated = {"task": "a", "split": "test"}
    with pytest.raises(DataError, match=r"in one set and .* in another"):
        merged([asked(1, **stated)], [asked(1, **stated | other)])


def test_a_query_that_stands_twice_in_one_set_is_refused():
    with pytest.raises(DataError, match="'q1' occurs twice in one set"):
        merged([asked(1), asked(1)])


def test_candidates_of_all_sets_are_one_pool_and_cells_are_joined():
    whole = merged([asked(1), asked(2)], [asked(2)], pools=[pool("a", "b"), pool("b", "c")])
    assert whole.pool.names == ("a", "b", "c")
    assert whole.columns == [[0, 1], [1, 2]]
    one, other = np.array([[1.0, np.nan], [0.5, 0.25]]), np.array([[0.25, 0.75]])
    np.testing.assert_array_equal(
        whole.array("quality", [one, other]), [[1, np.nan, np.nan], [0.5, 0.25, 0.75]]
    )
    with pytest.raises(DataError, match=r"quality of candidate 'b' is 0\.25 in one set and 0\.5 in another"):
        whole.array("quality", [one, np.array([[0.5, 0.75]])])
