"""The form of a data set is recognised by what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossroute.candidate import Candidate, Price
from crossroute.data.outcomes import Outcomes
from crossroute.data.readers import read_outcomes
from crossroute.errors import DataError

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


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_csv_with_another_separator_shows_it(tmp_path: Path, separator: str):
    (tmp_path / "runs.csv").write_text(separator.join(("text", "candidate", "quality")) + "\n")
    with pytest.raises(DataError, match="no column 'text' among 'text") as error:
        read_outcomes(tmp_path / "runs.csv")
    assert repr(separator)[1:-1] in str(error.value)


@pytest.mark.data
def test_every_shared_set_is_read(shared_data: Path):
    for name in ("frontier-2025", "gpt4o-llama-qwen", "routerbench-0shot"):
        assert read_outcomes(shared_data / name).observed.any()
