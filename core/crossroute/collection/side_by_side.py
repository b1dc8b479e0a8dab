"""A self-contained HTML page with the candidates' answers side by side: grades, costs, seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np

from crossroute.collection.prompts import Prompt
from crossroute.data.outcomes import Outcomes
from crossroute.data.readers import read_outcomes
from crossroute.decision import format_usd
from crossroute.files import replace_file
from crossroute.numeric import average_known
from crossroute.profiler.answers_file import Row, read_rows
from crossroute.query import Query
from crossroute.routing.router import Router
from crossroute.tables import shorten

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
.scroll { overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .5rem; border-top: 1px solid #8884; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; margin: .3rem 0; font: inherit; max-height: 14rem; overflow-y: auto; }
small { opacity: .75; display: block; font-weight: normal; }
.right { border-left: 4px solid #009E73; } .wrong { border-left: 4px solid #D55E00; }
.part { border-left: 4px solid #E69F00; }
@media (max-width: 48rem) { /* no room side by side: one under the other */
  thead { display: none; } tr, td { display: block; } td { border-top: 0; } tr { border-top: 2px solid #8888; }
  td[data-of]::before { content: attr(data-of); font-weight: bold; }
}
"""
MOST = 1_200_000
"""Maximum bytes of the rows, so that a page stays under 1.5 MB."""
BEGINNING, END = 3_000, 1_000
"""Characters of the beginning and the end that are shown of a longer text."""


def write_page(path: Path, router: Router, prompts: Sequence[Prompt], answers: Path, outcomes: Path) -> None:
    """Write the page, with as many prompts as fit into `MOST` bytes.

    Args:
        path: The HTML file.
        router: Router that states its choice for each prompt at the default cost preference.
        prompts: The prompts, in order.
        answers: Folder with the answers of `crossroute collect`.
        outcomes: File of outcomes that it wrote, with the grades.
    """
    graded = read_outcomes(outcomes)
    said = _read_answers(answers, graded.pool.names)
    line = {text: number for number, text in enumerate(graded.texts)}
    asked = [prompt for prompt in prompts if prompt.text in line]
    chosen = router.route_many([Query.of_call(prompt.text) for prompt in asked])
    rows = _choose_rows(
        _row(prompt, graded, line[prompt.text], said[prompt.text], decision.candidate)
        for prompt, decision in zip(asked, chosen, strict=True)
    )
    about = f"{len(asked):,} prompts, {len(graded.pool)} candidates."
    if len(rows) < len(asked):
        about += f" Shown are the first {len(rows):,}; all answers are in {escape(answers.name)}."
    heads = "".join(
        f"<th>{escape(name)}{_summary(graded, column)}</th>" for column, name in enumerate(graded.pool.names)
    )
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Answers side by side</title><link rel=icon href='data:,'><style>{STYLE}</style>"
        f"<h1>Answers side by side</h1><p>{about}</p>"
        f"<div class=scroll><table><thead><tr><th>prompt</th>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>\n"
    )
    replace_file(path, page.encode(errors="replace"))


def _read_answers(folder: Path, names: Sequence[str]) -> dict[str, dict[str, Row]]:
    """Read the answers: text -> candidate -> the last stored answer."""
    said: dict[str, dict[str, Row]] = defaultdict(dict)
    for file in sorted(folder.glob("*.jsonl")):
        for row in read_rows(file):
            if row["candidate"] in names:
                said[row["text"]][row["candidate"]] = row
    return said


def _choose_rows(rows: Iterable[str]) -> list[str]:
    """Return the first rows that fit into a page."""
    kept: list[str] = []
    room = MOST
    for row in rows:
        room -= len(row.encode(errors="replace"))
        if room < 0 and kept:
            break
        kept.append(row)
    return kept


def _summary(graded: Outcomes, column: int) -> str:
    quality, cost, seconds = (values[:, column] for values in (graded.quality, graded.cost, graded.latency))
    known = quality[~np.isnan(quality)]
    half = 1.96 * known.std(ddof=1) / np.sqrt(len(known)) if len(known) > 1 else float("nan")
    worth = f"quality {average_known(quality):.2f}" + ("" if np.isnan(half) else f" ± {half:.2f}")
    return f"<small>{worth}, {_format_cost(average_known(cost), average_known(seconds), ' a call')}</small>"


def _format_cost(cost: float, seconds: float, each: str = "") -> str:
    """Format the cost and, if known, the seconds."""
    return f"{format_usd(cost)}{each}" + ("" if np.isnan(seconds) else f", {seconds:.2f} s")


def _row(prompt: Prompt, graded: Outcomes, line: int, said: dict[str, Row], chosen: str) -> str:
    cells = "".join(
        _cell(graded, line, column, said.get(name)) for column, name in enumerate(graded.pool.names)
    )
    about = f"<small>{escape(prompt.task)}; routed to {escape(chosen)}</small>"
    return f"<tr><td><pre>{escape(_render(prompt.text))}</pre>{about}</td>{cells}</tr>"


def _cell(graded: Outcomes, row: int, column: int, answer: Row | None) -> str:
    quality = graded.quality[row, column]
    name = escape(graded.pool.names[column])
    if np.isnan(quality):
        return f'<td data-of="{name}"><small>not called</small></td>'
    kind = "right" if quality >= 0.99 else "wrong" if quality <= 0.01 else "part"
    told = f"grade {quality:.2f}, {_format_cost(graded.cost[row, column], graded.latency[row, column])}"
    text = str(answer["answer"]) if answer else ""
    shown = f"<pre>{escape(_render(text))}</pre>" if text.strip() else "<p><i>no answer</i></p>"
    return f'<td class={kind} data-of="{name}">{shown}<small>{told}</small></td>'


def _render(text: str) -> str:
    return shorten(text, BEGINNING, END)
