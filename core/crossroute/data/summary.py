"""Summarize outcomes: counts, gaps and warnings; `crossroute data` prints it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from crossroute.candidate import Price
from crossroute.data.outcomes import SPLITS, Outcomes
from crossroute.numeric import Floats
from crossroute.tables.fitting import FittingTable

NEAR_EMPTY = 0.05
"""A candidate that answered less than this share of the queries gets a warning."""


class CandidateSummary(BaseModel):
    """Summary of the outcomes of one candidate; None means that nothing is known.

    Attributes:
        name: Its name.
        answered: Number of queries with a known quality.
        quality: Mean quality, in [0, 1].
        cost: Mean cost of a call, USD.
        input_tokens: Mean input tokens.
        output_tokens: Mean output tokens.
        price: USD per million tokens, with its source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    answered: int
    quality: float | None
    cost: float | None
    input_tokens: float | None
    output_tokens: float | None
    price: Price | None


class Summary(BaseModel):
    """Summary of a set of outcomes.

    Attributes:
        queries: Number of queries.
        candidates: One entry per candidate, in the order of the pool.
        missing: Share of all pairs of query and candidate without a known quality.
        cost_range: Lowest and highest cost of a call, USD; None if none is known.
        tasks: Number of queries of each task, the largest first; "" for queries without a task.
        splits: Number of queries of each split.
        duplicates_within: Number of queries that repeat a text of their split.
        duplicates_across: Number of texts in more than one split.
        warnings: Warnings about gaps and duplicates.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    queries: int
    candidates: tuple[CandidateSummary, ...]
    missing: float
    cost_range: tuple[float, float] | None
    tasks: dict[str, int]
    splits: dict[str, int]
    duplicates_within: int
    duplicates_across: int
    warnings: tuple[str, ...]

    def __rich__(self) -> RenderableType:
        """Render for a terminal of 80 columns."""
        cost = "unknown" if self.cost_range is None else "${:.2g} to ${:.2g} a call".format(*self.cost_range)
        facts = Table.grid(padding=(0, 2))
        for name, value in (
            ("queries", f"{self.queries:,}"),
            ("candidates", f"{len(self.candidates):,}"),
            ("missing", f"{self.missing:.1%} of the outcomes"),
            ("cost", cost),
            ("splits", _format_counts(self.splits)),
            (
                "tasks",
                f"{len(self.tasks)}: {_format_counts(self.tasks)}",
            ),
            (
                "repeated texts",
                f"{self.duplicates_within} within a split, {self.duplicates_across} across splits",
            ),
        ):
            facts.add_row(name, escape(value))
        warnings = [f"[yellow]![/] {escape(warning)}" for warning in self.warnings]
        return Group(facts, "", _make_table(self.candidates), _explain_sources(self.candidates), *warnings)


def summarize(outcomes: Outcomes) -> Summary:
    """Summarize outcomes: counts, means, duplicates and warnings."""
    costs = outcomes.cost[~np.isnan(outcomes.cost)]
    candidates = tuple(_summarize_candidate(outcomes, column) for column in range(len(outcomes.pool)))
    within, across = _count_duplicates(outcomes)
    splits = Counter(outcomes.splits)
    return Summary(
        queries=len(outcomes),
        candidates=candidates,
        missing=float(1 - outcomes.observed.mean()) if outcomes.quality.size else 0.0,
        cost_range=(float(costs.min()), float(costs.max())) if costs.size else None,
        tasks=dict(Counter(outcomes.tasks).most_common()),
        splits={name: splits[name] for name in SPLITS},
        duplicates_within=within,
        duplicates_across=across,
        warnings=tuple(_list_warnings(len(outcomes), candidates, splits, across)),
    )


def _summarize_candidate(outcomes: Outcomes, column: int) -> CandidateSummary:
    candidate = tuple(outcomes.pool)[column]
    return CandidateSummary(
        name=candidate.name,
        answered=int(outcomes.observed[:, column].sum()),
        quality=_mean(outcomes.quality[:, column]),
        cost=_mean(outcomes.cost[:, column]),
        input_tokens=_mean(outcomes.input_tokens[:, column]),
        output_tokens=_mean(outcomes.output_tokens[:, column]),
        price=candidate.price,
    )


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _count_duplicates(outcomes: Outcomes) -> tuple[int, int]:
    """Count the queries that repeat a text of their split, and the texts in more than one split."""
    places = set(zip(outcomes.texts, outcomes.splits, strict=True))
    within = len(outcomes) - len(places)
    across = sum(count > 1 for count in Counter(text for text, _ in places).values())
    return within, across


def _list_warnings(
    queries: int, candidates: tuple[CandidateSummary, ...], splits: Mapping[str, int], across: int
) -> Iterator[str]:
    if across:
        yield (
            f"{across} {'text is' if across == 1 else 'texts are'} in more than one split, so figures on the test "
            "split are too optimistic. Keep each text in one split."
        )
    for split in SPLITS:
        if not splits[split]:
            yield f"No query is in the {split} split."
    without_cost = [candidate.name for candidate in candidates if candidate.cost is None]
    if without_cost:
        yield f"No cost is known for {_count_names(without_cost)}."
    without_price = [candidate.name for candidate in candidates if candidate.price is None]
    if without_price:
        yield (
            f"No price is known for {_count_names(without_price)}. Add cost_usd to the rows, state it in "
            'candidates.json, or look it up: pip install "crossroute[prices]".'
        )
    scarce = [candidate.name for candidate in candidates if candidate.answered < NEAR_EMPTY * queries]
    if scarce:
        yield f"Less than {NEAR_EMPTY:.0%} of the queries were answered by {_count_names(scarce)}."


def _count_names(names: list[str]) -> str:
    return f"{len(names)} {'candidate' if len(names) == 1 else 'candidates'}: {_list_some(names, 3)}"


def _list_some(items: Sequence[str], limit: int) -> str:
    more = f" and {len(items) - limit:,} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + more


def _format_counts(counts: Mapping[str, int]) -> str:
    return _list_some([f"{name or 'none stated'} {count:,}" for name, count in counts.items()], 12)


def _make_table(candidates: tuple[CandidateSummary, ...]) -> Table:
    table = FittingTable(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("candidate", overflow="fold")
    for heading in ("answered", "quality", "USD/call", "tokens", "price"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in candidates:
        price = row.price
        table.add_row(
            escape(row.name),
            f"{row.answered:,}",
            "-" if row.quality is None else f"{row.quality:.3f}",
            "-" if row.cost is None else f"{row.cost:.3g}",
            f"{_format_whole(row.input_tokens)}/{_format_whole(row.output_tokens)}",
            f"{price.input:g}/{price.output:g}" if price else "-",
        )
    return table


def _format_whole(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _explain_sources(candidates: tuple[CandidateSummary, ...]) -> str:
    """Explain the columns, and name the sources of the prices."""
    sources = Counter(
        candidate.price.source.partition(":")[0] or "not stated"
        for candidate in candidates
        if candidate.price
    )
    origin = f" Prices: {_format_counts(sources)}." if sources else ""
    return escape(f"\nTokens and prices are input/output; prices are USD per million tokens.{origin}")
