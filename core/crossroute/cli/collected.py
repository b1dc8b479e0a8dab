"""The table of a collection's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.table import Table

    from crossroute.collection import Collected
    from crossroute.profiler.answers_file import Row


class Figures(NamedTuple):
    """Figures of a candidate in a collection; NaN without answers.

    Attributes:
        answers: Number of graded answers.
        quality: Mean quality, in [0, 1].
        error: Half-width of its 95 % interval.
        cost: Mean cost of a call, USD.
        seconds: Mean duration of a call.
        tokens: Mean output tokens of a call.
    """

    answers: int
    quality: float
    error: float
    cost: float
    seconds: float
    tokens: float

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Figures:
        """Compute the figures of graded answers."""
        import numpy as np

        quality, *means = (
            np.array([row[key] for row in rows] or [np.nan], dtype=float)
            for key in ("quality", "cost_usd", "latency_s", "output_tokens")
        )
        half = 1.96 * quality.std(ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else np.nan
        return cls(len(rows), float(quality.mean()), float(half), *(float(each.mean()) for each in means))


def compute_figures(collected: Collected) -> dict[str, Figures]:
    """Compute the figures of each candidate."""
    return {
        candidate.name: Figures.of([row for row in collected.rows if row["candidate"] == candidate.name])
        for candidate in collected.candidates
    }


def build_table(figures: Mapping[str, Figures], cost: float) -> Table:
    """Return the figures as a table; `cost` is the total, USD."""
    from rich.markup import escape

    from crossroute.tables import plain_table

    shown = plain_table("candidate", caption=f"${cost:.4f} in total; quality with its 95 % interval.")
    for heading in ("answers", "quality", "USD/call", "seconds", "tokens/s"):
        shown.add_column(heading, justify="right")
    for name, each in figures.items():
        shown.add_row(
            escape(name),
            str(each.answers),
            f"{each.quality:.2f}{f' ± {each.error:.2f}' if each.answers > 1 else ''}"
            if each.answers
            else "–",
            f"{each.cost:.3g}",
            f"{each.seconds:.2f}",
            f"{each.tokens / each.seconds:.0f}" if each.seconds else "–",
        )
    return shown
