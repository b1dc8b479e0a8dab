"""A decision: the chosen candidate with its numbers and the reasons for it."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table

from crossroute.reward import Reward


class Alternative(BaseModel):
    """A candidate as the decision saw it.

    Attributes:
        candidate: Its name.
        quality: Predicted quality, in [0, 1].
        cost: Predicted cost, USD for one call.
        reward: What decided: the logarithm of its exponential reward, or its linear reward.
        attention: Weight of the query's attention on it, in [0, 1].
        excluded: The constraint that it fails, or None.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    quality: float
    cost: float
    reward: float
    attention: float
    excluded: str | None = None


class Cluster(BaseModel):
    """A cluster of training queries that the query resembles.

    Attributes:
        index: Its number.
        weight: How much of the query it explains, in [0, 1].
        label: The tasks that most of its training queries came from.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    weight: float
    label: str


class Decision(BaseModel):
    """Which candidate a query goes to, and why.

    Attributes:
        candidate: The chosen candidate's name.
        quality: Its predicted quality, in [0, 1].
        cost: Its predicted cost, USD for one call.
        willingness_to_pay: USD, what the reward discounted cost by.
        cost_preference: The dial that set it; None where it was given in USD.
        reward: Which reward decided.
        alternatives: All candidates of the pool, best reward first, excluded ones last.
        clusters: The nearest clusters of training queries, heaviest first.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    quality: float
    cost: float
    willingness_to_pay: float
    cost_preference: float | None
    reward: Reward
    alternatives: tuple[Alternative, ...]
    clusters: tuple[Cluster, ...]

    def explain(self) -> str:
        """Say in words why this candidate."""
        return " ".join((self._likeness(), self._choice(), *self._comparisons(), *self._exclusions()))

    def _likeness(self) -> str:
        nearest = self.clusters[0]
        return f"The query most resembles training queries of {nearest.label} (weight {nearest.weight:.2f})."

    def _choice(self) -> str:
        dial = "" if self.cost_preference is None else f" at cost preference {self.cost_preference:g}"
        return (
            f"{self.candidate} has the highest {self.reward} reward{dial}: "
            f"predicted quality {self.quality:.3f} for {usd(self.cost)}."
        )

    def _comparisons(self) -> list[str]:
        others = [a for a in self.alternatives if a.candidate != self.candidate and a.excluded is None]
        if not others:
            return ["No other candidate was eligible."]
        best = max(others, key=lambda a: a.quality)
        cheapest = min(others, key=lambda a: a.cost)
        sentences = []
        if best.quality > self.quality:
            gain, more = best.quality - self.quality, best.cost / self.cost if self.cost else math.inf
            sentences.append(
                f"{best.candidate} is predicted {gain:.3f} better but costs {more:.1f} times as much."
                if more >= 1
                else f"{best.candidate} is predicted {gain:.3f} better and cheaper."
            )
        if cheapest.cost < self.cost:
            sentences.append(
                f"{cheapest.candidate} is the cheapest at {usd(cheapest.cost)}, with predicted quality "
                f"{cheapest.quality:.3f}."
            )
        return sentences

    def _exclusions(self) -> list[str]:
        return [f"{a.candidate} was excluded: {a.excluded}." for a in self.alternatives if a.excluded]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the decision as a table, the chosen candidate marked."""
        table = Table("", "candidate", title=f"→ {self.candidate}", title_justify="left", title_style="bold")
        for heading in ("quality", "cost", "log reward" if self.reward == "exponential" else "reward"):
            table.add_column(heading, justify="right")
        for a in self.alternatives:
            chosen = a.candidate == self.candidate
            last = a.excluded or f"{a.reward:.3f}"
            style = "bold green" if chosen else "dim" if a.excluded else ""
            table.add_row(
                "●" if chosen else "", a.candidate, f"{a.quality:.3f}", usd(a.cost), last, style=style
            )
        yield table

    def __str__(self) -> str:
        console = Console(width=100, no_color=True, force_terminal=False)
        with console.capture() as capture:
            console.print(self)
        return capture.get().rstrip()


def usd(amount: float) -> str:
    """Write USD so that both 0.00002 and 12 can be read.

    >>> usd(0.0000213), usd(0.0123), usd(12.5), usd(0)
    ('$0.000021', '$0.012', '$12.50', '$0')
    """
    if amount == 0:
        return "$0"
    digits = 2 if amount >= 1 else 1 - math.floor(math.log10(amount))
    return f"${amount:.{digits}f}"
