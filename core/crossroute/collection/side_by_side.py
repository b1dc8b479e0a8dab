"""A page of HTML with the candidates' answers side by side: grades, costs, seconds; it needs no network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from crossroute.collection.prompts import Prompt
from crossroute.data.outcomes import Outcomes
from crossroute.data.readers import read_outcomes
from crossroute.files import replace_file
from crossroute.profiler.answers_file import Row, read_rows
from crossroute.routing.router import Router

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
.scroll { overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .5rem; border-top: 1px solid #8884; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; margin: .3rem 0; font: inherit; max-height: 14rem; overflow-y: auto; }
small { opacity: .75; display: block; }
.right { border-left: 4px solid #009E73; } .wrong { border-left: 4px solid #D55E00; }
.part { border-left: 4px solid #E69F00; }
@media (max-width: 48rem) { /* no room side by side: one under the other */
  thead { display: none; } tr, td { display: block; } td { border-top: 0; } tr { border-top: 2px solid #8888; }
  td[data-of]::before { content: attr(data-of); font-weight: bold; }
}
"""


def write_page(path: Path, router: Router, prompts: Sequence[Prompt], answers: Path, outcomes: Path) -> None:
    """Write the page.

    Args:
        path: Where to.
        router: Says which candidate it would choose at the default dial, where it knows the candidates.
        prompts: In order.
        answers: The folder of answers that `crossroute collect` kept.
        outcomes: What it wrote, with the grades.
    """
    graded = read_outcomes(outcomes)
    said: dict[str, dict[str, Row]] = defaultdict(dict)
    for name in graded.pool.names:
        for file in sorted(answers.glob("*.jsonl")):
            for row in read_rows(file):
                if row["candidate"] == name:
                    said[row["text"]][name] = row
    line = {text: number for number, text in enumerate(graded.texts)}
    body = "".join(_row(prompt, graded, line, said, router) for prompt in prompts if prompt.text in line)
    heads = "".join(
        f"<th>{escape(name)}{_summary(graded, column)}</th>" for column, name in enumerate(graded.pool.names)
    )
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Answers side by side</title><style>{STYLE}</style>"
        f"<h1>Answers side by side</h1><p>{len(graded)} prompts, {len(graded.pool)} candidates.</p>"
        f"<div class=scroll><table><thead><tr><th>prompt</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>\n"
    )
    replace_file(path, page.encode(errors="replace"))


def _summary(graded: Outcomes, column: int) -> str:
    quality, cost, seconds = (values[:, column] for values in (graded.quality, graded.cost, graded.latency))
    known = quality[~np.isnan(quality)]
    half = 1.96 * known.std(ddof=1) / np.sqrt(len(known)) if len(known) > 1 else float("nan")
    paid, waited = np.nanmean(cost), np.nanmean(seconds) if not np.isnan(seconds).all() else float("nan")
    return f"<small>quality {known.mean():.2f} ± {half:.2f}, USD {paid:.3g} a call, {waited:.2f} s</small>"


def _row(
    prompt: Prompt, graded: Outcomes, line: dict[str, int], said: dict[str, dict[str, Row]], router: Router
) -> str:
    chosen = router.route(prompt.text).candidate
    cells = "".join(
        _cell(graded, line[prompt.text], column, said[prompt.text].get(name))
        for column, name in enumerate(graded.pool.names)
    )
    about = f"<small>{escape(prompt.task)}; routed to {escape(chosen)}</small>"
    return f"<tr><td><pre>{escape(prompt.text)}</pre>{about}</td>{cells}</tr>"


def _cell(graded: Outcomes, row: int, column: int, answer: Row | None) -> str:
    quality = graded.quality[row, column]
    name = escape(graded.pool.names[column])
    if np.isnan(quality):
        return f'<td data-of="{name}"><small>not asked</small></td>'
    kind = "right" if quality >= 0.99 else "wrong" if quality <= 0.01 else "part"
    told = f"grade {quality:.2f}, USD {graded.cost[row, column]:.3g}, {graded.latency[row, column]:.2f} s"
    text = str(answer["answer"]) if answer else ""
    shown = f"<pre>{escape(text)}</pre>" if text.strip() else "<p><i>no answer</i></p>"
    return f'<td class={kind} data-of="{name}">{shown}<small>{told}</small></td>'
