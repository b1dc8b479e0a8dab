"""A user's profiled models: a folder with a card and the graded answers of each.

    <name>.json     the card: the candidate, with its price, and where its profile comes from
    <name>.jsonl    its graded answers, as plain rows of outcomes

A profile is over one router's clusters. So the answers are what is kept, and each router makes the profile
from them when it is asked (a few hundred short texts to encode), now or after it was trained anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from pydantic import BaseModel, ConfigDict

from crossroute.candidate import Candidate, Pool
from crossroute.catalogue import Catalogue, candidate_named
from crossroute.data.outcomes import Outcomes
from crossroute.errors import DataError, UnknownCandidateError
from crossroute.files import replace_file
from crossroute.profiler.answers_file import Row, read_rows
from crossroute.profiler.api import outcomes_of
from crossroute.routing.members import Ability, known_as, router_over
from crossroute.routing.router import Router

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

        from crossroute.tables import plain_table

        caption = (
            f"{self.answers} answers, ${self.cost:.4f}" if self.answers else "rough: from published scores"
        )
        title = escape(self.candidate.name)
        table = plain_table(title=title, caption=caption)
        table.min_width = max(len(title), len(caption))
        table.add_column("", overflow="fold")
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


def build_card(candidate: Candidate, source: str, rows: Iterable[Row]) -> Card:
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


def profile_cards(router: Router, names: Iterable[str], folder: Path | None = None) -> Pool:
    """Return profiled candidates, each with its profile over a router's clusters.

    Those that answered queries are compared on the queries that all of them answered. A profile from published
    scores is on the scale of the router's own candidates instead, and so compares with these.

    Args:
        router: Which makes the profiles.
        names: Of candidates that `crossroute profile` has profiled.
        folder: By default the user's.

    Raises:
        DataError: One has not been profiled, they have no query in common, or some of them answered queries
            and others have published scores.
    """
    cards = [_require_card(name, folder) for name in names]
    rough = [card for card in cards if card.scores]
    if not rough:
        return router.profile(_outcomes(cards, folder))
    if len(rough) < len(cards):
        measured = next(card for card in cards if not card.scores)
        raise _incomparable(measured, rough[0].candidate.name, "was profiled from published scores")
    return Pool(_profile_from_scores(router, card) for card in cards)


def restrict_router(router: Router, names: Iterable[str], folder: Path | None = None) -> Router:
    """Return a router over the named candidates: its own, profiled ones, or both where they compare.

    Candidates that answered graded queries compare with one another alone: it is not known how hard these queries
    are beside the benchmarks that the router's own candidates answered. Those with published scores compare
    with the router's own.

    Args:
        router: Which makes the profiles.
        names: As integrations spell them (`openai:gpt-5-mini`), and so are the candidates called then. A name that
            is both the router's own and profiled means the router's own, unless all are profiled, and all from
            answers or all from published scores.
        folder: By default the user's.

    Raises:
        DataError: The named do not compare, or one has no query in common with the others.
        UnknownCandidateError: A name is neither the router's nor profiled.
    """
    names = tuple(dict.fromkeys(names))
    cards = {name: card for name in names if (card := read_card(name, folder))}
    known = [
        name
        for name in names
        if (candidate_named if name in cards else known_as)(router.pool, name) is not None
    ]
    for name in names:
        if name not in known and name not in cards:
            raise UnknownCandidateError(name, router.pool.names, Catalogue.bundled().reason(name))
    new = [card for name, card in cards.items() if name not in known]
    if not known or _are_comparable(names, cards.values()):
        return router.over(profile_cards(router, names, folder))
    own = router_over(router, dict.fromkeys(known, Ability()))
    if not new:
        return own
    for card in new:
        if not card.scores:
            raise _incomparable(card, known[0], "was measured on benchmarks")
    rough = profile_cards(router, [card.candidate.name for card in new], folder)
    return own.with_candidates(rough).subset(names)


def find_unused_profiles(router: Router, names: Iterable[str], folder: Path | None = None) -> tuple[str, ...]:
    """Return the names whose profiles `among` leaves aside for the router's own, since not all compare by theirs."""
    names = tuple(dict.fromkeys(names))
    cards = {name: card for name in names if (card := read_card(name, folder))}
    if _are_comparable(names, cards.values()):
        return ()
    return tuple(name for name in cards if candidate_named(router.pool, name))


def _are_comparable(names: Collection[str], cards: Collection[Card]) -> bool:
    """Return whether all are profiled, and in one way: from answers, or from published scores."""
    return len(cards) == len(names) and len({bool(card.scores) for card in cards}) == 1


def profiled_names(folder: Path | None = None) -> tuple[str, ...]:
    """Return the names of all candidates that a folder holds the card of."""
    found = sorted((folder or profiles_folder()).glob("*.json"))
    return tuple(unquote(path.stem) for path in found)


def profiled_outcomes(names: Iterable[str], folder: Path | None = None) -> Outcomes:
    """Return the outcomes of candidates that were profiled, one column each.

    Raises:
        DataError: One has not been profiled, or from published scores alone.
    """
    return _outcomes([_require_card(name, folder) for name in names], folder)


def _outcomes(cards: list[Card], folder: Path | None) -> Outcomes:
    """Return the outcomes of candidates on the queries that all of them answered."""
    rows: list[Row] = []
    common: set[str] | None = None
    for card in cards:
        own = read_rows(answers_path(card.candidate.name, folder))
        if not own:
            raise DataError(f"There are no graded answers of {card.candidate.name!r}. Profile it again.")
        answered = {row["query_id"] for row in own}
        common = answered if common is None else common & answered
        if not common:
            raise _incomparable(cards[0], card.candidate.name, f"answered others: {card.source}")
        rows += own
    shared = [row for row in rows if row["query_id"] in (common or ())]
    return outcomes_of(shared, [card.candidate for card in cards])


def _incomparable(card: Card, other: str, where: str) -> DataError:
    return DataError(
        f"{card.candidate.name!r} answered the queries of: {card.source}, and {other!r} {where}. That does not "
        "compare. Profile all the candidates on the same queries, and route among these."
    )


def _profile_from_scores(router: Router, card: Card) -> Candidate:
    from crossroute.profiler.scores import profile_from_scores

    price = card.candidate.price
    if price is None:
        raise DataError(f"No price is known of {card.candidate.name!r}. Profile it again, with --price.")
    return profile_from_scores(router, card.candidate.name, card.scores, price)


def _require_card(name: str, folder: Path | None) -> Card:
    card = read_card(name, folder)
    if card is None:
        raise DataError(f"{name!r} has not been profiled. Run: crossroute profile {name}")
    return card


def _path(name: str, folder: Path | None, suffix: str) -> Path:
    """Return a file of a candidate's own: each name has another, whatever its characters."""
    return (folder or profiles_folder()) / f"{quote(name, safe=' ')}{suffix}"
