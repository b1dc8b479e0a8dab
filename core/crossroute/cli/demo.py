"""The demonstration: two dozen queries at three cost preferences, and what routing them saves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from crossroute.catalogue import find_evidence
from crossroute.cli.console import note
from crossroute.decision import Decision, format_usd
from crossroute.model.prediction import Prediction
from crossroute.query import Query
from crossroute.routing.router import Router
from crossroute.tables import plain_table

PREFERENCES = (0.0, 0.5, 0.9)
OF_TODAY = (
    *("gpt-6-luna", "gemini-3.8-flash", "deepseek-v4-pro", "gpt-5.5@low"),
    *("claude-sonnet-5-5", "gpt-5.5", "claude-opus-5-5"),
)
"""Default candidates: models of November 2026, one of them at two reasoning efforts."""

COLOURS = ("green", "cyan", "magenta")
"""Colours of the candidates, from the cheapest third to the most expensive."""

NARROWEST, WIDEST = 20, 40
"""Minimum and maximum characters that are shown of a query."""

GAP = 2
"""Spaces between two columns."""

QUERIES = (
    "What is the capital of Mongolia?",
    "A shop sells pencils at 3 for $2. Lena buys 18 pencils and pays with a $20 note. How much change does "
    "she get?",
    "Prove that the square root of 2 is irrational.",
    "Write a Python function that returns the longest palindromic substring of a string.",
    "Which of these is a mammal?\nA) trout\nB) bat\nC) gecko\nD) sparrow\nAnswer with the letter.",
    "Translate into French: The meeting was postponed until Thursday because of the storm.",
    "Summarize in one sentence: The council met on Monday to discuss the new bridge. After four hours of "
    "debate, members voted 7 to 2 to fund it, citing traffic and safety, while two objected to the cost.",
    "A patient has sudden chest pain radiating to the left arm. Which enzyme rises first?\nA) troponin\n"
    "B) amylase\nC) lipase\nD) ALT",
    "What does this print?\n\nxs = [1, 2, 3]\nys = xs\nys.append(4)\nprint(len(xs))",
    "The trophy did not fit in the suitcase because it was too big. What was too big?",
    "Solve for x: 3x^2 - 12x + 9 = 0.",
    "Name three causes of the First World War.",
    "Under the parol evidence rule, may a party introduce an earlier oral agreement that contradicts a "
    "complete written contract?\nA) Yes, always\nB) No\nC) Only with a witness\nD) Only in equity",
    "Write a haiku about a lighthouse in winter.",
    "Convert 72 degrees Fahrenheit to Celsius.",
    "Write a SQL query that finds customers who ordered in January but not in February.",
    "Is it moral to tell a white lie to spare a friend's feelings? Argue both sides.",
    "If all bloops are razzies and some razzies are lazzies, must some bloops be lazzies?",
    "Extract the date and the amount as JSON: Invoice of 3 March 2025, total due EUR 1,240.50.",
    "A train leaves at 14:05 and arrives at 17:50, stopping twice for 6 minutes. How long was it moving?",
    "She put the kettle on, found two cups, and then\nA) dived into the pool.\nB) waited for the water to "
    "boil.\nC) parked the car.\nD) signed the treaty.",
    "Explain the difference between a mutex and a semaphore to a first-year student.",
    "Which planet has the most moons?",
    "Let G be a group of order 15. Show that G is cyclic.",
)

CALLS = tuple(map(Query.of_call, QUERIES))
EASY, HARD = CALLS[5], CALLS[15]
MEASURED = (
    "The bundled router universal at cost preference 0.5, on test queries with graded answers and known costs, "
    "compared with the model that is best on the set's other queries. Intervals: 95 %. "
    "Reprint: python benchmarks/demo_savings.py"
)


class Expected(NamedTuple):
    """Predicted figures of routing at one cost preference, or of one candidate for all queries.

    Attributes:
        label: Name of the row.
        quality: Mean predicted quality, in [0, 1].
        cost: Mean predicted cost of a call, USD.
        saving: Saved share of the best single candidate's cost; None for that candidate, or if its cost is 0.
    """

    label: str
    quality: float
    cost: float
    saving: float | None


def show(router: Router, console: Console) -> None:
    """Print the candidate of each query, the expected savings, and the measured savings on recorded outcomes.

    Args:
        router: Any router.
        console: The console; on a narrow one, candidates' names are wrapped, not truncated.
    """
    prediction, columns = router.predict(CALLS), _decide_at_each_dial(router)
    for line in _contrast_easy_and_hard(router):
        console.print(line, markup=False, highlight=False)
    console.print()
    console.print(_build_choice_table(columns, _choose_colours(router, prediction), console.width))
    console.print()
    console.print(_build_expected_table(compute_expected(router, prediction, columns)))
    console.print()
    console.print(build_savings_table())
    for line in _list_unmeasured(router):
        console.print(f"\n{line}", markup=False, highlight=False)


def record(router: Router) -> dict[str, Any]:
    """Return the output of `show` as data: choices per query, expected figures, measured savings."""
    columns = _decide_at_each_dial(router)
    choices = [
        {
            "query": query,
            "choices": {f"{at:g}": each.candidate for at, each in zip(PREFERENCES, row, strict=True)},
        }
        for query, *row in zip(QUERIES, *columns, strict=True)
    ]
    return {
        "queries": choices,
        "expected": compute_expected(router, router.predict(CALLS), columns),
        "measured": _read_savings()["sets"],
    }


def write_files(router: Router, plot_file: Path | None, page_file: Path | None) -> None:
    """Plot the dial, and write a page with an interactive dial; None leaves a file out."""
    if plot_file is not None:
        from crossroute.evaluation.plots import draw_dial

        draw_dial(router.predict(CALLS), router.dial, plot_file, router.reward)
        note(f"Drew the dial into {plot_file}.")
    if page_file is not None:
        from crossroute.cli.demo_page import write_page

        write_page(page_file, router, CALLS, build_savings_table(caption=""), MEASURED)
        note(f"Wrote {page_file}; open it in a browser.")


def _decide_at_each_dial(router: Router) -> list[list[Decision]]:
    """Return the decisions at each cost preference."""
    return [list(router.route_many(CALLS, cost_preference=preference)) for preference in PREFERENCES]


def _read_savings() -> dict[str, Any]:
    """Read the results of benchmarks/demo_savings.py."""
    held: dict[str, Any] = json.loads(files("crossroute.cli").joinpath("measured.json").read_text("utf-8"))
    return held


def _contrast_easy_and_hard(router: Router) -> list[str]:
    """Return a line each for an easy and a hard query, with its candidate and cost."""
    lines = []
    for kind, query in (("An easy query", EASY), ("A hard one", HARD)):
        decision = router.route(query)
        asked = " ".join(query.text.split())
        lines.append(
            f"{kind} goes to {_shorten_name(decision.candidate)} ({format_usd(decision.cost)}): {asked}"
        )
    return lines


def build_savings_table(caption: str = MEASURED) -> Table:
    """Return a table of the bundled router's savings on recorded outcomes."""
    table = plain_table(
        Column("", overflow="fold"), title="Measured savings on recorded answers", caption=caption
    )
    table.add_column("always", overflow="fold")
    for heading in ("quality", "routed", "saved"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in _read_savings()["sets"]:
        at = next(each for each in row["routed"] if each["preference"] == PREFERENCES[1])
        low, high = at["saved_interval"]
        saved = f"{at['saved']:.0%} ({low:.0%} to {high:.0%})"
        table.add_row(
            f"{row['about']}, {row['queries']} queries",
            row["always"],
            f"{row['quality']:.3f}",
            f"{at['quality']:.3f}",
            saved,
        )
    return table


def _build_choice_table(columns: list[list[Decision]], styles: Mapping[str, str], width: int) -> Table:
    """Return a table of queries and their candidates; queries get the width that the names leave."""
    headings = [f"preference {preference:g}" for preference in PREFERENCES]
    names = [_shorten_name(decision.candidate) for decisions in columns for decision in decisions]
    taken = len(columns) * (max(map(len, headings + names)) + GAP)
    room = min(max(width - taken, NARROWEST), WIDEST)
    title = f"Choices for {len(QUERIES)} queries, by cost preference: 0 is quality first, 1 is cheapest"
    table = plain_table(Column("query", width=room), title=title)
    table.pad_edge = False  # the last name needs no blank after it
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for query, *decisions in zip(QUERIES, *columns, strict=True):
        chosen = (Text(_shorten_name(each.candidate), styles[each.candidate]) for each in decisions)
        table.add_row(Text(_cut(query.partition("\n")[0], room)), *chosen)
    return table


def compute_expected(
    router: Router, prediction: Prediction, columns: Sequence[Sequence[Decision]]
) -> list[Expected]:
    """Return the expected figures of the best single candidate, and of routing at each cost preference."""
    best = int(prediction.quality.mean(axis=0).argmax())
    always = float(prediction.cost[:, best].mean())
    alone = f"always {_shorten_name(router.pool.names[best])}"
    rows = [Expected(alone, float(prediction.quality[:, best].mean()), always, None)]
    for preference, decisions in zip(PREFERENCES, columns, strict=True):
        quality = float(np.mean([decision.quality for decision in decisions]))
        cost = float(np.mean([decision.cost for decision in decisions]))
        saving = 1 - cost / always if always else None
        rows.append(Expected(f"cost preference {preference:g}", quality, cost, saving))
    return rows


def _build_expected_table(rows: Sequence[Expected]) -> Table:
    table = plain_table(Column("", overflow="fold"), title="Predicted quality, cost and saving")
    for heading in ("quality", "USD per 1,000 queries", "saving"):
        table.add_column(heading, justify="right")
    for row in rows:
        saving = "" if row.saving is None else f"{row.saving:.0%}"
        table.add_row(Text(row.label), f"{row.quality:.3f}", format_usd(row.cost * 1000), saving)
    return table


def _list_unmeasured(router: Router) -> list[str]:
    """Return lines with the candidates that were not measured on outcomes."""
    known = {candidate.name: find_evidence(candidate) for candidate in router.pool}
    lines = {
        "published scores": "Predicted from published scores, not from outcomes",
        "prior": "Predicted from a rough prior alone (maker, family, date, size, price)",
        "relatives": "Unknown, and estimated from models of the same family, which is rougher",
    }
    return [
        f"{text}: {', '.join(_shorten_name(name) for name, each in known.items() if each == evidence)}."
        for evidence, text in lines.items()
        if evidence in known.values()
    ]


def _choose_colours(router: Router, prediction: Prediction) -> dict[str, str]:
    """Return a colour for each candidate, by the third of its predicted cost."""
    order = prediction.cost.mean(axis=0).argsort()
    places = zip(order, range(len(order)), strict=True)
    return {
        router.pool.names[column]: COLOURS[place * len(COLOURS) // len(order)] for column, place in places
    }


def _shorten_name(candidate: str) -> str:
    """Return a model's name without its maker: mistralai/mixtral-8x7b-chat."""
    return candidate.rpartition("/")[2]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1].rstrip()}…"
