"""Outcomes: pivoted, cut, stacked, written and read back."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.candidate import Candidate, Pool, Price, Profile
from crossroute.data.columns import MEASURES
from crossroute.data.outcomes import SPLITS, Outcomes, assign_split
from crossroute.data.readers.plain import read_table
from crossroute.errors import DataError

QUERIES = [
    {"query_id": "q1", "text": "one", "task": "count", "split": "train"},
    {"query_id": "q2", "text": "two", "task": "count", "split": "test"},
]
ROWS = {
    "query_id": ["q2", "q1", "q1"],
    "candidate": ["b", "a", "b"],
    "quality": [0.5, 1.0, np.nan],
    "cost_usd": [0.1, 0.2, 0.3],
}


def assert_same(left: Outcomes, right: Outcomes) -> None:
    for name in ("query_ids", "texts", "tasks", "splits", "pool"):
        assert getattr(left, name) == getattr(right, name)
    for name in MEASURES:
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


def store(folder: Path, queries: list[dict[str, object]], rows: dict[str, list[object]]) -> Path:
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(queries), folder / "queries.parquet")
    pq.write_table(pa.table(rows), folder / "outcomes.parquet")
    return folder


def test_from_rows_puts_each_row_in_its_cell_and_nan_elsewhere():
    outcomes = Outcomes.from_rows(QUERIES, ROWS)
    assert outcomes.pool.names == ("b", "a")
    np.testing.assert_array_equal(outcomes.quality, [[np.nan, 1.0], [0.5, np.nan]])
    np.testing.assert_array_equal(outcomes.cost, [[0.3, 0.2], [0.1, np.nan]])
    assert np.isnan(outcomes.latency).all()
    assert outcomes.splits == ("train", "test")


def test_from_rows_keeps_the_order_of_known_candidates_and_resolves_aliases():
    known = [Candidate(name="alpha", aliases=("a",)), Candidate(name="unused")]
    outcomes = Outcomes.from_rows(QUERIES, ROWS, known)
    assert outcomes.pool.names == ("alpha", "unused", "b")
    assert outcomes.quality[0, 0] == 1.0


def test_a_query_without_a_split_gets_one_from_its_text():
    outcomes = Outcomes.from_rows([{"query_id": "q1", "text": "one"}], {"query_id": [], "candidate": []})
    assert outcomes.splits == (assign_split("one"),)
    assert outcomes.tasks == ("",)


def test_split_of_divides_seventy_ten_twenty_and_takes_any_text():
    counts = np.unique([assign_split(f"text {number}") for number in range(5000)], return_counts=True)
    shares = dict(zip(counts[0].tolist(), (counts[1] / 5000).tolist(), strict=True))
    assert shares == pytest.approx({"train": 0.7, "validation": 0.1, "test": 0.2}, abs=0.02)
    assert assign_split("\ud800") in SPLITS


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("quality", 1.5, r"quality 1\.5 of candidate 'a' on query 'q1'.*\[0, 1\]"),
        ("quality", -0.1, "quality -0.1"),
        ("quality", np.inf, "quality inf"),
        ("cost_usd", -1.0, "cost_usd -1 .*at least 0"),
        ("cost_usd", np.inf, "cost_usd inf"),
        ("input_tokens", -3.0, "input_tokens -3"),
        ("latency_s", np.inf, "latency_s inf"),
        ("answer_logprob", -np.inf, "answer_logprob -inf"),
    ],
)
def test_a_number_out_of_range_is_refused_with_its_row(column: str, value: float, told: str):
    rows = {**ROWS, column: [np.nan, value, np.nan]}
    with pytest.raises(DataError, match=f"row 1: {told}"):
        Outcomes.from_rows(QUERIES, rows)


def test_the_constructor_checks_its_arrays_too():
    outcomes = Outcomes.from_rows(QUERIES, ROWS)
    fields = {**vars(outcomes), "cost": -outcomes.cost}
    with pytest.raises(DataError, match=r"cost_usd -0\.3 of candidate 'b' on query 'q1'"):
        Outcomes(**fields)
    with pytest.raises(DataError, match=r"quality has shape \(1, 2\), expected \(n, m\) = \(2, 2\)"):
        Outcomes(**{**vars(outcomes), "quality": outcomes.quality[:1]})
    with pytest.raises(DataError, match="Unknown split 'dev' of query 'q2'"):
        Outcomes(**{**vars(outcomes), "splits": ("train", "dev")})


def test_a_second_outcome_of_the_same_cell_is_refused_with_both_rows():
    rows = {"query_id": ["q1", "q2", "q1"], "candidate": ["a", "a", "a"], "quality": [1.0, 1.0, 0.0]}
    with pytest.raises(DataError, match="row 2: candidate 'a' has already answered query 'q1' at row 0"):
        Outcomes.from_rows(QUERIES, rows)


def test_unknown_repeated_and_nameless_entries_are_refused():
    with pytest.raises(DataError, match="row 0: the query 'q9' is not among the 2 queries"):
        Outcomes.from_rows(QUERIES, {"query_id": ["q9"], "candidate": ["a"], "quality": [1.0]})
    with pytest.raises(DataError, match="Query 0 has the id 'q1'"):
        Outcomes.from_rows([QUERIES[0], QUERIES[0]], ROWS)
    for blank in (None, "", " \n"):
        with pytest.raises(DataError, match="Row 1 of the queries: 'q3' has no text"):
            Outcomes.from_rows(
                [QUERIES[0], {"query_id": "q3", "text": blank}], {"query_id": [], "candidate": []}
            )
    with pytest.raises(DataError, match="row 1: the candidate has no name"):
        Outcomes.from_rows(QUERIES, {"query_id": ["q1", "q2"], "candidate": ["a", ""], "quality": [1.0, 1.0]})
    for name in ("a\x00", "\ud800", "a\nb", "a\u2028"):
        with pytest.raises(DataError, match="row 1: the candidate's name contains"):
            Outcomes.from_rows(
                QUERIES, {"query_id": ["q1", "q2"], "candidate": ["a", name], "quality": [1.0, 1.0]}
            )


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.floats(0, 1)),
        unique_by=lambda row: row[:2],
        max_size=12,
    )
)
def test_from_rows_agrees_with_filling_one_cell_at_a_time(rows: list[tuple[int, str, float]]):
    queries = [{"query_id": str(number), "text": str(number)} for number in range(4)]
    known = [Candidate(name=name) for name in "abc"]
    columns = {
        "query_id": [str(query) for query, _, _ in rows],
        "candidate": [name for _, name, _ in rows],
        "quality": [quality for _, _, quality in rows],
    }
    expected = np.full((4, 3), np.nan)
    for query, name, quality in rows:
        expected[query, "abc".index(name)] = quality
    np.testing.assert_array_equal(Outcomes.from_rows(queries, columns, known).quality, expected)


def test_take_split_select_and_complete_cut_as_they_say():
    outcomes = Outcomes.from_rows(QUERIES, ROWS)
    assert outcomes.take([1]).query_ids == ("q2",)
    assert outcomes.take([True, False]).texts == ("one",)
    assert outcomes.take([]).quality.shape == (0, 2)
    assert outcomes.split("test").query_ids == ("q2",)
    assert len(outcomes.split("validation")) == 0
    assert outcomes.select(["a"]).query_ids == ("q1",)
    assert len(outcomes.complete()) == 0
    with pytest.raises(ValueError, match="Unknown split 'dev'"):
        outcomes.split("dev")  # type: ignore[arg-type]


def test_concatenate_takes_the_union_of_the_pools():
    first = Outcomes.from_rows(QUERIES, ROWS)
    second = Outcomes.from_rows(
        [{"query_id": "q3", "text": "three"}], {"query_id": ["q3"], "candidate": ["c"], "quality": [0.25]}
    )
    both = Outcomes.concatenate([first, second])
    assert both.pool.names == ("b", "a", "c")
    assert both.query_ids == ("q1", "q2", "q3")
    np.testing.assert_array_equal(both.quality[2], [np.nan, np.nan, 0.25])
    np.testing.assert_array_equal(both.quality[:2, :2], first.quality)


def test_one_file_a_candidate_merges_into_one_row_a_query():
    def answered(name: str, quality: list[float], **known: object) -> Outcomes:
        rows = {"query_id": ["q1", "q2"], "candidate": [name] * 2, "quality": quality}
        return Outcomes.from_rows(QUERIES, rows, [Candidate(name=name, **known)])

    price = Price(input=1, output=2)
    parts = [answered("a", [1.0, 0.0]), answered("b", [0.5, np.nan]).take([1, 0])]
    merged = Outcomes.concatenate([*parts, answered("a", [1.0, np.nan], price=price, context_window=8)])
    assert merged.query_ids == ("q1", "q2")
    assert merged.splits == ("train", "test")
    np.testing.assert_array_equal(merged.quality, [[1.0, 0.5], [0.0, np.nan]])
    assert merged.pool["a"] == Candidate(name="a", price=price, context_window=8)
    later = answered("a", [1.0, 0.0], price=Price(input=3, output=4), aliases=("A",))
    assert Outcomes.concatenate([merged, later]).pool["a"].price == price
    with pytest.raises(DataError, match=r"'q2': quality of candidate 'a' is 0 in one set and 1 in another"):
        Outcomes.concatenate([merged, answered("a", [1.0, 1.0])])


def test_a_query_is_known_by_id_and_text():
    one = Outcomes.from_rows(QUERIES, ROWS)
    unnamed = Outcomes.from_rows([{**QUERIES[0], "task": None}], {"query_id": [], "candidate": []})
    assert Outcomes.concatenate([unnamed, one]).tasks == ("count", "count")
    with pytest.raises(DataError, match="'q1' occurs twice in one set"):
        Outcomes.concatenate([one.take([0, 0])])


def query(query_id: str, text: str, split: str | None = None) -> Outcomes:
    return Outcomes.from_rows(
        [{"query_id": query_id, "text": text, "split": split}], {"query_id": [], "candidate": []}
    )


def test_an_id_that_two_texts_have_is_told_apart(tmp_path: Path):
    parts = [query("1", "hello"), query("1#2", "third"), query("1", "other"), query("1", "hello")]
    both = Outcomes.concatenate(parts)
    assert both.query_ids == ("1", "1#2", "1#3")
    assert both.texts == ("hello", "third", "other")
    both.write(tmp_path / "both")


def test_a_split_that_one_set_states_stands_and_two_that_differ_are_refused():
    own = assign_split("one")
    first, second = (split for split in SPLITS if split != own)
    for stated in ([None, first], [first, None], [first, None, first]):
        parts = [query("q1", "one", split) for split in stated]
        assert Outcomes.concatenate(parts).splits == (first,)
    with pytest.raises(DataError, match=f"'q1': its split is '{first}' in one set and '{second}' in another"):
        Outcomes.concatenate([query("q1", "one", split) for split in (None, first, second)])


def test_a_number_that_rounding_changed_is_the_same_and_one_that_differs_is_shown_to_differ():
    def costing(usd: float) -> Outcomes:
        rows = {"query_id": ["q1"], "candidate": ["a"], "quality": [1.0], "cost_usd": [usd]}
        return Outcomes.from_rows(QUERIES[:1], rows)

    assert Outcomes.concatenate([costing(0.3), costing(0.1 + 0.2)]).cost[0, 0] == 0.3
    with pytest.raises(
        DataError, match=r"cost_usd of candidate 'a' is 0\.3 in one set and 0\.3000001 in another"
    ):
        Outcomes.concatenate([costing(0.3), costing(0.3000001)])


def test_what_is_written_reads_back_the_same(tmp_path: Path):
    price = Price(input=0.1, output=0.3, source="stated")
    known = [
        Candidate(name="idle", context_window=4096, capabilities=frozenset({"tools", "vision"})),
        Candidate(name="a", aliases=("A",), price=price),
    ]
    outcomes = Outcomes.from_rows([*QUERIES, {"query_id": "q3", "text": "unanswered"}], ROWS, known)
    outcomes.write(tmp_path / "new" / "folder")
    assert_same(Outcomes.read(tmp_path / "new" / "folder"), outcomes)


def test_profiles_are_not_written(tmp_path: Path):
    profile = Profile(quality=(0.5,), log_tokens=(1.0,), evidence=(3.0,))
    outcomes = Outcomes.from_rows(QUERIES, ROWS, [Candidate(name="a", profile=profile)])
    outcomes.write(tmp_path / "set")
    assert Outcomes.read(tmp_path / "set").pool["a"].profile is None
    assert "profile" not in (tmp_path / "set" / "candidates.json").read_text()


def test_writing_again_replaces_what_stood_there_and_leaves_nothing_else(tmp_path: Path):
    outcomes = Outcomes.from_rows(QUERIES, ROWS)
    outcomes.write(tmp_path / "set")
    outcomes.take([0]).write(tmp_path / "set")
    assert Outcomes.read(tmp_path / "set").query_ids == ("q1",)
    assert [entry.name for entry in tmp_path.iterdir()] == ["set"]


def test_a_failed_write_leaves_the_former_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    outcomes = Outcomes.from_rows(QUERIES, ROWS)
    outcomes.write(tmp_path / "set")
    real = pq.write_table

    def fail_at_the_second(table: pa.Table, path: Path, **options: object) -> None:
        if path.name == "outcomes.parquet":
            raise OSError("disk full")
        real(table, path, **options)

    monkeypatch.setattr(pq, "write_table", fail_at_the_second)
    with pytest.raises(OSError, match="disk full"):
        outcomes.take([0]).write(tmp_path / "set")
    assert_same(Outcomes.read(tmp_path / "set"), outcomes)
    assert [entry.name for entry in tmp_path.iterdir()] == ["set"]


def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"also contains 'thesis\.tex'"):
        Outcomes.from_rows(QUERIES, ROWS).write(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_what_parquet_cannot_hold_is_refused_at_writing(tmp_path: Path):
    outcomes = Outcomes.from_rows([{"query_id": "q1", "text": "\ud800"}], {"query_id": [], "candidate": []})
    with pytest.raises(DataError, match="lone surrogate"):
        outcomes.write(tmp_path / "set")
    twice = Outcomes.from_rows(QUERIES, ROWS).take([0, 0])
    with pytest.raises(DataError, match="has the id 'q1'"):
        twice.write(tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_read_does_without_the_optional_columns(tmp_path: Path):
    folder = store(
        tmp_path / "set",
        [{"query_id": 1, "text": "one"}],
        {"query_id": [1], "candidate": ["a"], "quality": [True]},
    )
    outcomes = Outcomes.read(folder)
    assert outcomes.query_ids == ("1",)
    assert outcomes.splits == (assign_split("one"),)
    assert outcomes.quality.tolist() == [[1.0]]
    assert outcomes.pool == Pool([Candidate(name="a")])


def test_given_candidates_take_the_place_of_those_in_the_file(tmp_path: Path):
    Outcomes.from_rows(QUERIES, ROWS).write(tmp_path / "set")
    known = Candidate(name="a", context_window=8192)
    assert Outcomes.read(tmp_path / "set", [known]).pool["a"] == known


def test_read_names_the_file_and_what_is_wrong(tmp_path: Path):
    with pytest.raises(DataError, match=r"queries\.parquet does not exist"):
        Outcomes.read(tmp_path)
    query = {"query_id": "q1", "text": "one"}
    good = {"query_id": ["q1"], "candidate": ["a"], "quality": [1.0]}
    cases: list[tuple[dict[str, object], dict[str, list[object]], str]] = [
        ({"query_id": "q1"}, good, "queries.parquet has no column 'text'"),
        (query, {"query_id": ["q1"], "candidate": ["a"]}, "outcomes.parquet has no column 'quality'"),
        (query, {**good, "quality": ["good"]}, "outcomes.parquet: column 'quality' is string"),
        (query, {**good, "quality": [2.0]}, r"outcomes.parquet, row 0: quality 2 .*rescale"),
        ({**query, "split": "dev"}, good, "Unknown split 'dev' of query 'q1'"),
    ]
    for number, (queries, rows, told) in enumerate(cases):
        with pytest.raises(DataError, match=told) as caught:
            Outcomes.read(store(tmp_path / str(number), [queries], rows))
        assert str(tmp_path / str(number)) in str(caught.value)


def test_files_that_are_damaged_are_refused(tmp_path: Path):
    outcomes = Outcomes.from_rows(QUERIES, ROWS)
    outcomes.write(tmp_path / "cut")
    parquet = tmp_path / "cut" / "outcomes.parquet"
    parquet.write_bytes(parquet.read_bytes()[:100])
    with pytest.raises(DataError, match=r"outcomes.parquet is not a readable parquet file"):
        Outcomes.read(tmp_path / "cut")
    outcomes.write(tmp_path / "garbled")
    for parquet in (tmp_path / "garbled" / "queries.parquet", tmp_path / "garbled" / "outcomes.parquet"):
        parquet.write_bytes(parquet.read_bytes().replace(b"query_id", b"query\xffid"))
        with pytest.raises(DataError, match=rf"{parquet.name} is not a readable parquet file"):
            Outcomes.read(tmp_path / "garbled")
        with pytest.raises(DataError, match=rf"{parquet.name} is not a readable parquet file"):
            list(read_table(parquet))
        outcomes.write(tmp_path / "garbled")
    outcomes.write(tmp_path / "listed")
    (tmp_path / "listed" / "candidates.json").write_text(json.dumps([{"name": "a", "prize": 1}]))
    with pytest.raises(DataError, match=r"candidates.json is not a list of candidates[^$]*prize"):
        Outcomes.read(tmp_path / "listed")


@pytest.mark.data
def test_the_shared_sets_read_and_round_trip(shared_data: Path, tmp_path: Path):
    outcomes = Outcomes.read(shared_data / "routerbench-5shot")
    assert outcomes.quality.shape == (2328, 11)
    assert outcomes.observed.all()
    outcomes.write(tmp_path / "copy")
    assert_same(Outcomes.read(tmp_path / "copy"), outcomes)


@pytest.mark.data
def test_a_hundred_thousand_rows_pivot_in_about_a_second(shared_data: Path):
    start = time.perf_counter()
    outcomes = Outcomes.read(shared_data / "zeroeval")
    assert outcomes.observed.sum() == 102_934
    assert time.perf_counter() - start < 5, "about 0.3 s on an idle core"
