"""The summary counts what is there and warns of what misleads."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from crossroute.candidate import Candidate, Price
from crossroute.data.outcomes import Outcomes
from crossroute.data.prices import priced
from crossroute.data.summary import summarize

QUERIES = [
    {"query_id": "1", "text": "one", "task": "sums", "split": "train"},
    {"query_id": "2", "text": "one", "task": "sums", "split": "train"},
    {"query_id": "3", "text": "one", "task": "sums", "split": "test"},
    {"query_id": "4", "text": "two", "task": "", "split": "test"},
]
ROWS = {
    "query_id": ["1", "2", "3", "1", "4"],
    "candidate": ["a", "a", "a", "b", "b"],
    "quality": [1.0, 0.5, 0.0, 1.0, np.nan],
    "cost_usd": [0.1, 0.3, np.nan, np.nan, np.nan],
    "input_tokens": [10, 20, np.nan, np.nan, np.nan],
    "output_tokens": [1, 3, np.nan, np.nan, np.nan],
}
KNOWN = [
    Candidate(name="a", price=Price(input=1, output=2.5, source="the maker: 2024")),
    Candidate(name="b"),
    Candidate(name="[idle]"),
]


def rendered(outcomes: Outcomes) -> str:
    console = Console(width=80, file=io.StringIO())
    console.print(summarize(outcomes))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_counts_are_right():
    summary = summarize(Outcomes.from_rows(QUERIES, ROWS, KNOWN))
    assert summary.queries == 4
    assert summary.missing == pytest.approx(8 / 12)
    assert summary.cost_range == (0.1, 0.3)
    assert summary.tasks == {"sums": 3, "": 1}
    assert summary.splits == {"train": 2, "validation": 0, "test": 2}
    assert (summary.duplicates_within, summary.duplicates_across) == (1, 1)


def test_each_candidate_has_its_means_over_what_is_known():
    a, b, idle = summarize(Outcomes.from_rows(QUERIES, ROWS, KNOWN)).candidates
    assert (a.name, a.answered, a.quality) == ("a", 3, 0.5)
    assert a.cost == pytest.approx(0.2)
    assert (a.input_tokens, a.output_tokens) == (15, 2)
    assert a.price == KNOWN[0].price
    assert (b.answered, b.quality, b.cost) == (1, 1.0, None)
    assert (idle.answered, idle.quality, idle.price) == (0, None, None)


def test_the_warnings_say_what_misleads():
    warnings = "\n".join(summarize(Outcomes.from_rows(QUERIES, ROWS, KNOWN)).warnings)
    assert "1 text is in more than one split" in warnings
    assert "No query is in the validation split." in warnings
    assert "No cost is known for 2 candidates: b, [idle]." in warnings
    assert 'pip install "crossroute[prices]"' in warnings
    assert "Less than 5% of the queries were answered by 1 candidate: [idle]." in warnings


def test_complete_outcomes_raise_no_warning():
    queries = [
        {"query_id": split, "text": split, "split": split} for split in ("train", "validation", "test")
    ]
    rows = {"query_id": ["train", "validation", "test"], "candidate": ["a"] * 3, "quality": [1, 1, 0]}
    summary = summarize(Outcomes.from_rows(queries, {**rows, "cost_usd": [0.1, 0.1, 0.1]}, KNOWN[:1]))
    assert summary.warnings == ()
    assert summary.missing == 0


def test_it_prints_within_eighty_columns_without_cutting_a_name():
    name = "a/very-long-name-of-a-candidate-that-no-column-of-a-table-can-hold-in-one-line"
    known = [*KNOWN, Candidate(name=name)]
    text = rendered(Outcomes.from_rows(QUERIES, ROWS, known))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    assert "[idle]" in text
    assert "the maker 1" in text
    assert "1/2.5" in text
    folded = "".join(line.split()[0] for line in text.splitlines() if line.strip())
    assert name[:30] in folded


def test_no_outcomes_at_all_are_summarised_too():
    empty = Outcomes.from_rows([], {"query_id": [], "candidate": [], "quality": []})
    summary = summarize(empty)
    assert (summary.queries, summary.candidates, summary.missing, summary.cost_range) == (0, (), 0.0, None)
    assert "queries" in rendered(empty)


def test_the_summary_dumps_to_json():
    dumped = summarize(Outcomes.from_rows(QUERIES, ROWS, KNOWN)).model_dump_json()
    assert '"cost_range":[0.1,0.3]' in dumped


@pytest.mark.data
def test_real_outcomes_show_their_tasks_and_prices(shared_data: Path):
    text = rendered(priced(Outcomes.read(shared_data / "routerbench-0shot")))
    assert "hellaswag 1,569" in text
    assert "and 50 more" in text
    assert "meta/code-llama-instruct-34b-chat" in text
    assert "0.776/0.776" in text
    assert "41.2% of the outcomes" in text
