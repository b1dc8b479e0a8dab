"""Plain rows as JSONL and CSV: read line by line, faults named by line."""

from __future__ import annotations

import json
import tracemalloc
from csv import field_size_limit
from pathlib import Path

import numpy as np
import pytest

from crossroute.candidate import Candidate, Price
from crossroute.data.outcomes import assign_split
from crossroute.data.readers import read_outcomes
from crossroute.data.readers.plain import read_plain
from crossroute.errors import DataError, DataWarning

FULL = {
    "query_id": "q1",
    "text": "What is 2 + 2?",
    "task": "sums",
    "split": "validation",
    "candidate": "small",
    "quality": 1,
    "cost_usd": 2e-05,
    "input_tokens": 8,
    "output_tokens": 3,
    "latency_s": 0.4,
    "answer_logprob": -0.1,
}


def jsonl(folder: Path, *lines: object) -> Path:
    path = folder / "runs.jsonl"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def csv(folder: Path, text: str) -> Path:
    path = folder / "runs.csv"
    path.write_text(text, newline="")
    return path


def test_every_field_of_a_json_line_arrives(tmp_path: Path):
    outcomes = read_plain(jsonl(tmp_path, FULL, "", {**FULL, "candidate": "large", "quality": None}))
    assert outcomes.query_ids == ("q1",)
    assert outcomes.tasks == ("sums",)
    assert outcomes.splits == ("validation",)
    assert outcomes.pool.names == ("small", "large")
    np.testing.assert_array_equal(outcomes.quality, [[1.0, np.nan]])
    assert outcomes.cost[0, 0] == 2e-05
    assert (outcomes.input_tokens[0, 0], outcomes.output_tokens[0, 0]) == (8, 3)
    assert (outcomes.latency[0, 0], outcomes.answer_logprob[0, 0]) == (0.4, -0.1)


def test_queries_are_told_apart_by_their_text_where_no_id_is_given(tmp_path: Path):
    lines = [
        {"text": text, "candidate": name, "quality": 0.5} for text in ("one", "two") for name in ("a", "b")
    ]
    outcomes = read_plain(jsonl(tmp_path, *lines))
    assert outcomes.texts == ("one", "two")
    assert len(set(outcomes.query_ids)) == 2
    assert outcomes.splits == (assign_split("one"), assign_split("two"))
    assert outcomes.observed.all()


def test_csv_reads_as_jsonl_does(tmp_path: Path):
    header = ",".join(FULL)
    cells = ",".join(str(value) for value in FULL.values())
    from_csv = read_plain(csv(tmp_path, f"\ufeff{header}\n{cells}\n"))
    from_json = read_plain(jsonl(tmp_path, FULL))
    assert from_csv.texts == from_json.texts
    for name in ("quality", "cost", "input_tokens", "answer_logprob"):
        np.testing.assert_array_equal(getattr(from_csv, name), getattr(from_json, name))


def test_csv_takes_texts_with_commas_quotes_and_line_breaks(tmp_path: Path):
    path = csv(tmp_path, 'text,candidate,quality\r\n"one, ""two""\nthree",a,\r\n\r\nfour,a,0.5\r\n')
    outcomes = read_plain(path)
    assert outcomes.texts == ('one, "two"\nthree', "four")
    np.testing.assert_array_equal(outcomes.quality, [[np.nan], [0.5]])


def test_csv_takes_a_text_of_any_length(tmp_path: Path):
    long, former = "x" * 140_000, field_size_limit()
    path = csv(tmp_path, f"text,candidate,quality\n{long},a,1\n")
    assert read_outcomes(path).texts == (long,)
    wide = f"sample_id,prompt,eval_name,a,a|total_cost,{long}\ns,{long},sums,1,0.1,\n"
    (tmp_path / "wide.csv").write_text(wide)
    assert read_outcomes(tmp_path / "wide.csv").texts == (long,)
    assert field_size_limit() == former


def test_known_candidates_keep_what_is_known_of_them(tmp_path: Path):
    known = Candidate(name="little", aliases=("small",), price=Price(input=1, output=2))
    outcomes = read_plain(jsonl(tmp_path, FULL), [known])
    assert tuple(outcomes.pool) == (known,)
    assert outcomes.quality[0, 0] == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{text: 1}", r"line 2: not JSON"),
        ("[1, 2]", r"line 2: expected a JSON object, got \[1, 2\]"),
        ("[" * 100_000, r"line 2: not JSON"),
        (
            {"text": "x", "model": "a", "quality": 1},
            "line 2: no column 'candidate' .* --column candidate=model",
        ),
        ({**FULL, "candidate": "b", "quality": "good"}, "line 2: quality is 'good'. Expected a number"),
        ({**FULL, "candidate": "b", "quality": [1]}, r"line 2: quality is \[1\]"),
        ({**FULL, "candidate": "b", "quality": 7}, r"line 2: quality 7 of candidate 'b'.*\[0, 1\]; rescale"),
        ({**FULL, "candidate": "b", "cost_usd": -1}, "line 2: cost_usd -1 .*at least 0"),
        ({**FULL, "candidate": "b", "cost_usd": 10**400}, "line 2: cost_usd is 1000"),
        ({**FULL, "candidate": "b", "text": 5}, "line 2: text is 5. Expected a text"),
        ({**FULL, "candidate": " "}, "line 2: candidate is ' '"),
        (
            {**FULL, "candidate": "b", "split": "dev"},
            "line 2: split is 'dev'. Expected train, validation, test",
        ),
        (
            {**FULL, "candidate": "b", "split": "test"},
            "line 2: split is 'test', but was 'validation' earlier",
        ),
        ({**FULL, "candidate": "b", "text": "other"}, "line 2: text is 'other', but was 'What is 2"),
    ],
)
def test_a_faulty_line_is_named_with_its_value_and_a_remedy(tmp_path: Path, line: object, told: str):
    path = jsonl(tmp_path, FULL, line)
    with pytest.raises(DataError, match=told) as caught:
        read_plain(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: no column 'text'"),
        ("text,quality\nx,1\n", "line 1: no column 'candidate'"),
        ("text,candidate,quality\nx,a,1\nhello, world,a,1\n", "line 3: 4 cells under 3 columns"),
        ('text,candidate,quality\n"x\ny",a,1\n"z,a,1\n', "line 4: not CSV"),
        ('text,candidate,quality\n"x\ny",a,1\nz,a,bad\n', "line 4: quality is 'bad'"),
    ],
)
def test_a_faulty_csv_line_is_named(tmp_path: Path, text: str, told: str):
    with pytest.raises(DataError, match=told):
        read_plain(csv(tmp_path, text))


def test_two_columns_of_one_name_are_refused(tmp_path: Path):
    table = tmp_path / "twice.csv"
    table.write_text("text,candidate,quality,quality\nWhat?,small,1,0\n")
    with pytest.raises(DataError, match=r"line 1: two columns are called 'quality'. Keep one of them."):
        read_plain(table)


def test_the_column_to_map_can_be_pasted(tmp_path: Path):
    table = tmp_path / "blanks.csv"
    table.write_text(" text ,candidate,quality\nWhat?,small,1\n")
    with pytest.raises(DataError, match="--column 'text= text '"):
        read_plain(table)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("output_tokens", 1e300, "a count of tokens from 0 to a billion"),
        ("input_tokens", -1, "a count of tokens from 0 to a billion"),
        ("answer_logprob", 0.9, "a logarithm, at most 0"),
    ],
)
def test_a_measure_that_no_call_can_have_is_refused(tmp_path: Path, field: str, value: float, told: str):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"text": "What?", "candidate": "small", "quality": 1, field: value}))
    with pytest.raises(DataError, match=told):
        read_plain(path)


def test_a_cost_of_another_unit_is_told(tmp_path: Path):
    rows = [
        {"text": f"{n}?", "candidate": "small", "quality": 1, "cost_usd": 0.01 + n / 1e4} for n in range(20)
    ]
    with pytest.warns(
        DataWarning, match=r"line 8: cost_usd 900 of 'small' is .* the median .* Check its unit"
    ):
        read_plain(jsonl(tmp_path, *rows[:7], {**rows[7], "cost_usd": 900}, *rows[8:]))


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path):
    path = tmp_path / "runs.jsonl"
    path.write_bytes(b'{"text": "caf\xe9"}\n')
    with pytest.raises(DataError, match="not UTF-8"):
        read_plain(path)


def test_a_text_of_a_megabyte_and_odd_characters_pass(tmp_path: Path):
    texts = ("x" * 1_000_000, "\ud800", "null \0 byte", "line \u2028 separator")
    outcomes = read_plain(
        jsonl(tmp_path, *({"text": text, "candidate": "a", "quality": 1} for text in texts))
    )
    assert outcomes.texts == texts


def test_memory_grows_with_the_results_and_not_with_the_file(tmp_path: Path):
    path = tmp_path / "runs.jsonl"
    answer = "a long answer that is not kept " * 100
    with path.open("w") as file:
        for number in range(5_000):
            row = {
                "query_id": str(number // 10),
                "text": f"query {number // 10}",
                "candidate": f"model {number % 10}",
            }
            file.write(json.dumps({**row, "quality": 1, "answer": answer}) + "\n")
    tracemalloc.start()
    read_plain(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size / 5


def test_two_columns_of_one_name_are_refused_in_frames():
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    names = ["text", "candidate", "quality", "quality"]
    frame = pandas.DataFrame([["What?", "small", 1, 0]], columns=names)
    table = arrow.Table.from_arrays([arrow.array([each]) for each in ("What?", "small", 1, 0)], names=names)
    for twice in (frame, table):
        with pytest.raises(DataError, match="two columns are called 'quality'"):
            read_outcomes(twice)


def test_truth_values_are_qualities_and_blanks_are_no_part_of_a_name(tmp_path):
    path = tmp_path / "outcomes.csv"
    path.write_text(
        "text,candidate,quality\nWhy?,a,True\nHow?,a ,false\n\nWhy?, b,TRUE\nHow?,b,0.5\n", "utf-8"
    )
    outcomes = read_outcomes(path)
    assert outcomes.pool.names == ("a", "b")
    assert outcomes.quality.tolist() == [[1, 1], [0, 0.5]]
