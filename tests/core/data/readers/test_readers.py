"""The form of a data set is recognised by what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossroute.candidate import Candidate, Price
from crossroute.data.outcomes import Outcomes
from crossroute.data.readers import read_outcomes
from crossroute.errors import DataError, DataWarning

PLAIN = "text,candidate,quality\nWhat is 2 + 2?,a,1\n"
WIDE = (
    "sample_id,prompt,eval_name,a,a|total_cost,oracle_model_to_route_to\n"
    "s.1,['What is 2 + 2?'],sums,1.0,0.1,a\n"
)
KNOWN = Candidate(name="a", price=Price(input=1, output=2))


def forms(folder: Path) -> list[Path]:
    (folder / "plain.csv").write_text(PLAIN)
    (folder / "wide.CSV").write_text(WIDE)
    (folder / "plain.jsonl").write_text(
        json.dumps({"text": "What is 2 + 2?", "candidate": "a", "quality": 1})
    )
    read_outcomes(folder / "plain.csv").write(folder / "parquet")
    return [folder / name for name in ("plain.csv", "wide.CSV", "plain.jsonl", "parquet")]


def test_each_form_gives_the_same_outcomes(tmp_path: Path):
    for path in forms(tmp_path):
        outcomes = read_outcomes(str(path), candidates=[KNOWN])
        assert isinstance(outcomes, Outcomes)
        assert outcomes.texts == ("What is 2 + 2?",)
        assert tuple(outcomes.pool) == (KNOWN,)
        assert outcomes.quality.tolist() == [[1.0]]


def test_the_wide_csv_brings_task_and_cost(tmp_path: Path):
    outcomes = read_outcomes(forms(tmp_path)[1])
    assert outcomes.query_ids == ("s.1",)
    assert outcomes.tasks == ("sums",)
    assert outcomes.cost.tolist() == [[0.1]]


@pytest.mark.parametrize("name", ["runs.xlsx", "runs.json", "queries.parquet", "noending"])
def test_another_form_is_refused_with_what_is_read(tmp_path: Path, name: str):
    (tmp_path / name).write_text("{}")
    with pytest.raises(
        DataError, match=rf"{name} is of another form. Expected a folder with queries.parquet"
    ):
        read_outcomes(tmp_path / name)


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"nowhere\.jsonl does not exist\. Expected"):
        read_outcomes(tmp_path / "nowhere.jsonl")


def test_a_csv_with_a_broken_header_is_refused(tmp_path: Path):
    (tmp_path / "runs.csv").write_bytes(b"t\xe9xt,candidate,quality\n")
    with pytest.raises(
        DataError, match=r"runs.csv is not UTF-8 text: it holds the byte 0xe9\. Save it as UTF-8"
    ):
        read_outcomes(tmp_path / "runs.csv")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_separator_is_found(tmp_path: Path, separator: str):
    rows = [("text", "candidate", "quality"), ("What is, say, 2 + 2?", "a", "0.5")]
    text = "\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows)
    for name in ("runs.csv", "runs.tsv"):
        (tmp_path / name).write_text(text)
        outcomes = read_outcomes(tmp_path / name)
        assert (outcomes.texts, outcomes.quality.tolist()) == (("What is, say, 2 + 2?",), [[0.5]])


ROWS = [
    {"text": text, "candidate": name, "quality": quality, "cost_usd": 0.25}
    for text, name, quality in (("one", "a", 1.0), ("one", "b", 0.0), ("two", "a", 0.5))
]


def tables(folder: Path) -> dict[str, object]:
    """The same rows in every form."""
    import gzip

    import pandas as pd
    import pyarrow as pa

    frame = pd.DataFrame(ROWS)
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    (folder / "runs.ndjson").write_text(lines)
    (folder / "runs.json").write_text(json.dumps(ROWS))
    (folder / "runs.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (folder / "runs.csv.gz").write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    frame.to_parquet(folder / "runs.parquet")
    named = {path.name: path for path in sorted(folder.iterdir())}
    return {**named, "frame": frame, "arrow": pa.table(frame), "list": ROWS}


def test_each_form_of_a_table_gives_the_same_outcomes(tmp_path: Path):
    for name, source in tables(tmp_path).items():
        outcomes = read_outcomes(source)
        assert outcomes.texts == ("one", "two"), name
        assert outcomes.pool.names == ("a", "b")
        assert outcomes.quality[0].tolist() == [1.0, 0.0]
        assert outcomes.observed.tolist() == [[True, True], [True, False]]
        assert outcomes.cost[1, 0] == 0.25


def test_columns_are_mapped(tmp_path: Path):
    import pandas as pd

    frame = pd.DataFrame(ROWS).rename(columns={"quality": "score", "candidate": "model", "text": "prompt"})
    mapped = {"quality": "score", "candidate": "model", "text": "prompt"}
    frame.to_csv(tmp_path / "runs.csv", index=False)
    frame.to_parquet(tmp_path / "runs.parquet")
    for source in (frame, tmp_path / "runs.csv", tmp_path / "runs.parquet"):
        assert read_outcomes(source, columns=mapped).quality[0].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("name", ["x" * 5_000, "a\x00b.jsonl"], ids=["long", "NUL"])
def test_a_name_that_no_file_can_have_does_not_exist(name: str):
    with pytest.raises(DataError, match="does not exist"):
        read_outcomes(name)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (None, r"no column 'text' among 'prompt,candidate,score'"),
        ({"text": "prompt"}, r"no column 'quality' among .*map another name: --column quality="),
        ({"text": "prompt", "quality": "scroe"}, r"no column 'scroe' among .* --column quality=score"),
        ({"text": "prompt", "qualty": "score"}, r"no column 'qualty' of outcomes; 'quality' is near\."),
    ],
)
def test_a_misspelt_column_is_named(tmp_path: Path, columns: dict[str, str] | None, told: str):
    (tmp_path / "runs.csv").write_text("prompt,candidate,score\none,a,1\n")
    with pytest.raises(DataError, match=told):
        read_outcomes(tmp_path / "runs.csv", columns=columns)


def test_a_column_that_looks_misspelt_is_told(tmp_path: Path):
    (tmp_path / "runs.csv").write_text("text,candidate,quality,cost_usdd\none,a,1,2\n")
    with pytest.warns(DataWarning, match="'cost_usdd' is not read. If cost_usd is meant"):
        read_outcomes(tmp_path / "runs.csv")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("cost", "cost_usd"), ("taks", "task"), ("latency", "latency_s"), ("tokens", "input_tokens")],
)
def test_a_misspelt_column_of_rows_without_a_header_is_told_once(written: str, meant: str):
    rows = [{"text": text, "candidate": "a", "quality": 1.0, written: "1"} for text in ("one", "two")]
    with pytest.warns(DataWarning, match=f"'{written}' is not read. If {meant} is meant") as told:
        read_outcomes(rows)
    assert len(told) == 1


def test_columns_that_mean_something_else_are_not_told():
    read_outcomes(
        [{"text": "one", "candidate": "a", "quality": 1.0, "answer": "x", "model": "b", "cost_usd": 1}]
    )


def test_repeated_rows_are_averaged_and_told(tmp_path: Path):
    rows = [
        *ROWS,
        {**ROWS[0], "quality": 0.5, "cost_usd": None},
        {**ROWS[0], "quality": None, "cost_usd": 0.75},
    ]
    with pytest.warns(DataWarning, match=r"2 rows repeat .* \(row 3: 'a' on '[0-9a-f]+', as row 0\)"):
        outcomes = read_outcomes(rows)
    assert outcomes.quality[0, 0] == 0.75
    assert outcomes.cost[0, 0] == 0.5


@pytest.mark.parametrize("name", ["runs.jsonl.gz", "runs.json.gz"])
def test_a_broken_archive_is_told(tmp_path: Path, name: str):
    import gzip

    whole = gzip.compress(b'{"text": "one", "candidate": "a", "quality": 1}\n' * 50)
    for content in (whole[:-12], whole[:20] + b"xx" + whole[22:], b"text,candidate"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=r"cannot be decompressed|not UTF-8|not JSON"):
            read_outcomes(tmp_path / name)


@pytest.mark.data
def test_every_shared_set_is_read(shared_data: Path):
    for name in ("frontier-2025", "gpt4o-llama-qwen", "routerbench-0shot"):
        assert read_outcomes(shared_data / name).observed.any()
