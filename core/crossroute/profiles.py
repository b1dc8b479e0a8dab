"""The models that a user has profiled: a folder with a card and the graded answers of each.

    <name>.json     the card: the candidate, with its price, and where its profile comes from
    <name>.jsonl    its graded answers, as plain rows of outcomes

A profile is over one router's clusters. So the answers are what is kept, and each router makes the profile
from them when it is asked (a few hundred short texts to encode), now or after it was trained anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from crossroute.anchoring import anchored
from crossroute.answers_file import Row, read_rows
from crossroute.candidate import Candidate, Pool
from crossroute.errors import DataError
from crossroute.outcomes import Outcomes
from crossroute.profiler import outcomes_of
from crossroute.router import Router
from crossroute.storage import replace_file

if TYPE_CHECKING:
    from rich.table import Table


class Card(BaseModel):
    """A profiled candidate, and where its profile comes from.

    Attributes:
        candidate: Name, price, context window and capabilities; its profile is made by the router that asks.
        source: "calibration set", the name of a file of queries, or "published scores".
        crossroute: The version that made it.
        made_on: The day.
        answers: How many graded answers there are.
        cost: USD that they took.
        quality: Mean quality by skill.
        scores: Benchmark -> accuracy, where the source is published scores: a rough profile.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidate: Candidate
    source: str
    crossroute: str
    made_on: date
    answers: int = 0
    cost: float = 0.0
    quality: dict[str, float] = {}
    scores: dict[str, float] = {}

    def __rich__(self) -> Table:
        """List the mean quality by skill, or the scores."""
        from rich.markup import escape
        from rich.table import Table

        caption = (
            f"{self.answers} answers, ${self.cost:.4f}" if self.answers else "rough: from published scores"
        )
        table = Table(escape(self.candidate.name), caption=caption)
        table.add_column("quality", justify="right")
        for what, quality in (self.quality or self.scores).items():
            table.add_row(escape(what), f"{quality:.2f}")
        return table


def profiles_folder() -> Path:
    """Return the user's folder of profiles, whether it is there or not."""
    from platformdirs import user_data_path

    return user_data_path("crossroute") / "profiles"


def answers_path(name: str, folder: Path | None = None) -> Path:
    """Return where the graded answers of a candidate are kept."""
    return _path(name, folder, ".jsonl")


def write_card(card: Card, folder: Path | None = None) -> Path:
    """Write a card, whole or not at all, and return where it stands."""
    path = _path(card.candidate.name, folder, ".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, (card.model_dump_json(indent=2, exclude_none=True) + "\n").encode())
    return path


def card_of(candidate: Candidate, source: str, rows: Iterable[Row]) -> Card:
    """Sum up the graded answers of a candidate."""
    from crossroute import __version__

    rows = list(rows)
    by_skill: dict[str, list[float]] = {}
    for row in rows:
        by_skill.setdefault(row.get("task") or "", []).append(row["quality"])
    return Card(
        candidate=candidate,
        source=source,
        crossroute=__version__,
        made_on=date.today(),
        answers=len(rows),
        cost=sum(row.get("cost_usd") or 0.0 for row in rows),
        quality={skill: round(sum(found) / len(found), 4) for skill, found in sorted(by_skill.items())},
    )


def read_card(name: str, folder: Path | None = None) -> Card | None:
    """Return the card of a candidate; None where it has not been profiled.

    Raises:
        DataError: The file is no card.
    """
    path = _path(name, folder, ".json")
    if not path.exists():
        return None
    try:
        return Card.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path} is no profile's card: {error}. Profile {name!r} again.") from None


def profiled(router: Router, names: Iterable[str], folder: Path | None = None) -> Pool:
    """Return profiled candidates, each with its profile over a router's clusters.

    All are comparable with one another where they were profiled on the same queries. They are not with the
    router's own candidates: see anchoring.py.

    Args:
        router: Which makes the profiles.
        names: Of candidates that `crossroute profile` has profiled.
        folder: By default the user's.

    Raises:
        DataError: One has not been profiled.
    """
    cards = [_card(name, folder) for name in names]
    measured = [card for card in cards if not card.scores]
    found = {c.name: c for c in router.profile(_outcomes(measured, folder))} if measured else {}
    for card in cards:
        if card.scores:
            found[card.candidate.name] = _rough(router, card)
    return Pool(found[card.candidate.name] for card in cards)


def among(router: Router, names: Iterable[str], folder: Path | None = None) -> Router:
    """Return a router over the named candidates: its own, profiled ones, or both.

    Profiled ones alone are compared as they were measured. Beside the router's own, they are carried over to
    its scale by those of the named that are both (anchoring.py).

    Raises:
        DataError: Both kinds are named, and no one that is both.
        UnknownCandidateError: A name is neither the router's nor profiled.
    """
    names = tuple(names)
    cards = {name: card for name in names if (card := read_card(name, folder))}
    new = [name for name in names if name not in router.pool and name in cards]
    if not new:
        return router.subset(names)
    if len(cards) == len(names):
        return router.over(profiled(router, names, folder))
    rough = [name for name in new if cards[name].scores]  # on the router's own scale already
    pool = [*profiled(router, rough, folder)]
    if len(rough) < len(new):
        measured = [name for name in cards if not cards[name].scores]
        pool += anchored(router, profiled(router, measured, folder))
    return router.with_candidates(pool).subset(names)


def profiled_outcomes(names: Iterable[str], folder: Path | None = None) -> Outcomes:
    """Return the outcomes of candidates that were profiled, one column each.

    Raises:
        DataError: One has not been profiled, or from published scores alone.
    """
    return _outcomes([_card(name, folder) for name in names], folder)


def _outcomes(cards: list[Card], folder: Path | None) -> Outcomes:
    rows: list[Row] = []
    for card in cards:
        own = read_rows(answers_path(card.candidate.name, folder))
        if not own:
            raise DataError(f"There are no graded answers of {card.candidate.name!r}. Profile it again.")
        rows += own
    return outcomes_of(rows, [card.candidate for card in cards])


def _rough(router: Router, card: Card) -> Candidate:
    from crossroute.scores import profile_from_scores

    price = card.candidate.price
    if price is None:
        raise DataError(f"No price is known of {card.candidate.name!r}. Profile it again, with --price.")
    return profile_from_scores(router, card.candidate.name, card.scores, price)


def _card(name: str, folder: Path | None) -> Card:
    card = read_card(name, folder)
    if card is None:
        raise DataError(f"{name!r} has not been profiled. Run: crossroute profile {name}")
    return card


def _path(name: str, folder: Path | None, suffix: str) -> Path:
    """Return a file of a candidate's own: each name has another, whatever its characters."""
    return (folder or profiles_folder()) / f"{quote(name, safe=' ')}{suffix}"
