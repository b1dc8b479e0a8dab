"""Explain a decision in words, and render it as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from crossroute.decision.parts import Alternative

if TYPE_CHECKING:
    from rich.console import Group

    from crossroute.decision import Decision

THIN = 0.05
"""Least standard error of a predicted quality that a table shows."""

UNNAMED = "nothing"
"""Label of clusters without a named task."""


def explain(decision: Decision) -> str:
    """Explain a decision in words."""
    if math.isnan(decision.quality):
        return f"{decision.candidate} was chosen: {'; '.join(decision.reasons)}."
    return " ".join(
        (
            *(*_describe_likeness(decision), _describe_choice(decision), *_describe_comparisons(decision)),
            *(*_describe_evidence(decision), *_describe_exclusions(decision), *decision.warnings),
        )
    )


def _describe_likeness(decision: Decision) -> Iterator[str]:
    nearest = decision.clusters[0]
    if nearest.label != UNNAMED:
        yield f"The query most resembles training queries of {nearest.label} (weight {nearest.weight:.2f})."


def _describe_choice(decision: Decision) -> str:
    if decision.reasons:
        return (
            f"{decision.candidate} was chosen: {'; '.join(decision.reasons)}; "
            f"predicted quality {decision.quality:.3f} for {format_usd(decision.cost)}."
        )
    dial = "" if decision.cost_preference is None else f" at cost preference {decision.cost_preference:g}"
    return (
        f"{decision.candidate} has the highest {decision.reward} reward{dial}: "
        f"predicted quality {decision.quality:.3f} for {format_usd(decision.cost)}."
    )


def _describe_comparisons(decision: Decision) -> list[str]:
    others = [a for a in decision.alternatives if a.candidate != decision.candidate and a.excluded is None]
    if not others:
        return ["No other candidate was eligible."]
    best = max(others, key=lambda a: a.quality)
    cheapest = min(others, key=lambda a: a.cost)
    sentences = []
    if best.quality > decision.quality:
        times = f", {best.cost / decision.cost:.1f} times as much" if decision.cost else ""
        sentences.append(
            f"{best.candidate} is predicted {best.quality - decision.quality:.3f} better but costs "
            f"{format_usd(best.cost)}{times}."
        )
    if cheapest.cost < decision.cost:
        sentences.append(
            f"{cheapest.candidate} is the cheapest at {format_usd(cheapest.cost)}, with predicted quality "
            f"{cheapest.quality:.3f}."
        )
    return sentences


def _describe_evidence(decision: Decision) -> list[str]:
    """Name the compared candidates that are predicted without outcomes of their own."""
    others = [a for a in decision.alternatives if a.candidate != decision.candidate and a.excluded is None]
    compared = {decision.candidate} | {
        pick(others, key=key).candidate for pick, key in ((max, _quality), (min, _cost)) if others
    }
    named = [a for a in decision.alternatives if a.candidate in compared]
    return [
        f"{' and '.join(names)} {'was' if len(names) == 1 else 'were'} {text}"
        for holds, text in _SAYINGS
        if (names := [a.candidate for a in named if holds(a)])
    ]


def _describe_exclusions(decision: Decision) -> list[str]:
    return [f"{a.candidate} was excluded: {a.excluded}." for a in decision.alternatives if a.excluded]


def tabulate(decision: Decision) -> Group:
    """Render a decision as a table, with the chosen candidate marked, and the reasons."""
    from rich.console import Group
    from rich.markup import escape

    from crossroute.tables import candidate_column, plain_table

    names = candidate_column(a.candidate for a in decision.alternatives)
    table = plain_table("", names, title=f"→ {escape(decision.candidate)}")
    for heading in ("quality", "cost", "log reward" if decision.reward == "exponential" else "reward"):
        table.add_column(heading, justify="left" if heading == "quality" else "right", no_wrap=True)
    for a in decision.alternatives:
        chosen = a.candidate == decision.candidate
        last = a.excluded or f"{a.reward:.3f}"
        style = "bold green" if chosen else "dim" if a.excluded else ""
        doubt = f" ±{a.quality_error:.2f}" if a.quality_error >= THIN else ""
        quality, cost = f"{a.quality:.3f}{doubt}", format_usd(a.cost)
        table.add_row("●" if chosen else "", escape(a.candidate), quality, cost, escape(last), style=style)
    return Group(table, *map(escape, (*decision.reasons, *map(str, decision.failures), *decision.warnings)))


def _quality(alternative: Alternative) -> float:
    return alternative.quality


def _cost(alternative: Alternative) -> float:
    return alternative.cost


_SAYINGS: tuple[tuple[Callable[[Alternative], bool], str], ...] = (
    (
        lambda a: a.rests_on == "prior",
        "not measured: the prediction is a prior from its maker, family, date, size, price and reasoning.",
    ),
    (
        lambda a: a.rests_on == "published scores",
        "not measured on single queries: the prediction rests on published scores.",
    ),
    (
        lambda a: a.rests_on == "relatives",
        "not known: the prediction is estimated from models of the family, by generation and size.",
    ),
    (
        lambda a: a.effort is not None,
        "predicted from the effect of this effort on other models.",
    ),
)
"""Sentences for candidates that are predicted without outcomes of their own."""


def format_usd(amount: float) -> str:
    """Format USD with two significant digits below 1, cents above.

    >>> format_usd(0.0000213), format_usd(0.0123), format_usd(12.5), format_usd(0)
    ('$0.000021', '$0.012', '$12.50', '$0')
    """
    if amount == 0:
        return "$0"
    if math.isnan(amount):
        return "–"
    digits = 2 if amount >= 1 else 1 - math.floor(math.log10(amount))
    return f"${amount:.{digits}f}"
