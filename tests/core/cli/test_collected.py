"""What a collection came to, by hand."""

import io
import math
from types import SimpleNamespace

import pytest
from rich.console import Console

from crossroute import Candidate
from crossroute.cli.collected import Figures, build_table, compute_figures


def row(candidate, quality, **more):
    return {
        "candidate": candidate,
        "quality": quality,
        "cost_usd": 0.5,
        "latency_s": 2.0,
        "output_tokens": 10,
    } | more


@pytest.fixture
def figures():
    rows = (row("a", 1.0), row("a", 0.0, cost_usd=1.5, latency_s=4.0), row("b", 1.0))
    collected = SimpleNamespace(rows=rows, candidates=tuple(Candidate(name=name) for name in "abc"))
    return compute_figures(collected)


def test_figures_by_hand(figures):
    a = figures["a"]
    assert (a.answers, a.quality, a.cost, a.seconds, a.tokens) == (2, 0.5, 1.0, 3.0, 10.0)
    assert a.error == pytest.approx(1.96 * math.sqrt(0.5) / math.sqrt(2))


def test_one_answer_has_no_interval_and_none_no_mean(figures):
    assert list(figures) == ["a", "b", "c"]
    assert (figures["b"].answers, figures["b"].quality) == (1, 1.0)
    assert math.isnan(figures["b"].error)
    assert figures["c"].answers == 0
    assert all(map(math.isnan, figures["c"][1:]))


def test_the_table_tells_them(figures):
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(build_table(figures | {"[x]": Figures(1, 1.0, math.nan, 0.1, 0.0, 5.0)}, cost=2.5))
    lines = console.export_text().splitlines()
    told = {line.split()[0]: line.split()[1:] for line in lines if line.strip()}
    assert told["a"] == ["2", "0.50", "±", "0.98", "1", "3.00", "3"]
    assert told["b"] == ["1", "1.00", "0.5", "2.00", "5"]
    assert told["[x]"][-1] == "–"
    assert "$2.5000 in total" in "".join(lines)
