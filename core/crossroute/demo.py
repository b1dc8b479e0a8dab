"""The demonstration: two dozen varied queries at three cost preferences, and what routing them saves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from crossroute.decision import usd
from crossroute.router import Router

PREFERENCES = (0.0, 0.5, 0.9)

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


def show(router: Router, console: Console, plot_file: Path | None = None) -> None:
    """Print who gets each query, what it is expected to save, and draw the dial into a file.

    Args:
        router: Any router.
        console: Where to print.
        plot_file: Where to draw; None draws nothing.
    """
    columns = [list(router.route_many(QUERIES, cost_preference=preference)) for preference in PREFERENCES]
    table = Table(Column("query", no_wrap=True, width=28), box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for preference in PREFERENCES:
        table.add_column(f"preference {preference:g}", no_wrap=True)
    for query, *decisions in zip(QUERIES, *columns, strict=True):
        first_line = query.partition("\n")[0]
        chosen = (escape(decision.candidate.rpartition("/")[2]) for decision in decisions)
        table.add_row(escape(first_line), *chosen)
    console.print(table)
    prediction = router.predict(QUERIES)
    best = prediction.quality.mean(0).argmax()
    always = f"always {router.pool.names[best].rpartition('/')[2]}"
    summary = Table("expected", box=SIMPLE_HEAD)
    for heading in ("quality", "USD per 1,000 queries", "saving"):
        summary.add_column(heading, justify="right")
    top_cost = float(prediction.cost[:, best].mean())
    summary.add_row(escape(always), f"{prediction.quality[:, best].mean():.3f}", usd(top_cost * 1000), "")
    for preference, decisions in zip(PREFERENCES, columns, strict=True):
        quality = np.mean([decision.quality for decision in decisions])
        cost = float(np.mean([decision.cost for decision in decisions]))
        saving = f"{1 - cost / top_cost:.0%}" if top_cost else ""
        summary.add_row(f"cost preference {preference:g}", f"{quality:.3f}", usd(cost * 1000), saving)
    console.print(summary)
    if plot_file is not None:
        from crossroute.plots import draw_dial

        draw_dial(prediction, router.dial, plot_file, router.reward)
        console.print(f"Drew the dial into {plot_file}.")
