"""Store a user's profiled models: a folder with a card and the graded answers of each.

    <name>.json     the card: the candidate, with its price, and the source of its profile
    <name>.jsonl    its graded answers, as plain rows of outcomes

A profile is specific to a router's clusters, so the answers are stored, and the profile is computed from them when a
router needs it (a few hundred short texts to encode).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from pydantic import BaseModel, ConfigDict

from crossroute.candidate import Candidate, Pool
from crossroute.catalogue import Catalogue, find_candidate
from crossroute.data.outcomes import Outcomes
from crossroute.errors import DataError, UnknownCandidateError
from crossroute.files import replace_file
from crossroute.profiler.answers_file import Row, read_rows
from crossroute.profiler.api import to_outcomes
from crossroute.routing.members import Ability, find_member, router_over
from crossroute.routing.router import Router

if TYPE_CHECKING:
    from rich.table import Table


class Card(BaseModel):
    """A profiled candidate, and the source of its profile.

    Attributes:
        candidate: Name, price, context window and capabilities, without a profile.
        source: "calibration set", the name of a file of queries, or "published scores".
        crossroute: The package version that made the card.
        made_on: The date.
        answers: Number of graded answers.
        cost: Their cost, USD.
        quality: Mean quality by skill.
        scores: Benchmark -> accuracy, for a rough profile from published scores.
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
        """Render the mean quality by skill, or the scores."""
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
    """Return the user's folder of profiles, which need not exist."""
    from platformdirs import user_data_path

    return user_data_path("crossroute") / "profiles"


def answers_path(name: str, folder: Path | None = None) -> Path:
    """Return the path of a candidate's graded answers."""
    return _path(name, folder, ".jsonl")


def write_card(card: Card, folder: Path | None = None) -> Path:
    """Write a card atomically, and return its path."""
    path = _path(card.candidate.name, folder, ".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, (card.model_dump_json(indent=2, exclude_none=True) + "\n").encode())
    return path


def build_card(candidate: Candidate, source: str, rows: Iterable[Row]) -> Card:
    """Build the card of a candidate from its graded answers."""
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
    """Read the card of a candidate; None if it has not been profiled.

    Raises:
        DataError: The file is not a card.
    """
    path = _path(name, folder, ".json")
    if not path.exists():
        return None
    try:
        return Card.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path} is not the card of a profile: {error}. Profile {name!r} again.") from None


def profile_cards(router: Router, names: Iterable[str], folder: Path | None = None) -> Pool:
    """Return candidates that `crossroute profile` has profiled, with profiles over a router's clusters.

    Candidates that answered queries are profiled on the queries that all of them answered. Profiles from published
    scores are on the scale of the router's own candidates instead.

    Args:
        router: Computes the profiles.
        names: Names of profiled candidates.
        folder: Folder of the cards; the user's by default.

    Raises:
        DataError: A candidate has not been profiled, they have no query in common, or some of them answered queries
            and others have published scores.
    """
    cards = [_require_card(name, folder) for name in names]
    rough = [card for card in cards if card.scores]
    if not rough:
        return router.profile(_outcomes(cards, folder))
    if len(rough) < len(cards):
        measured = next(card for card in cards if not card.scores)
        raise _incomparable_error(measured, rough[0].candidate.name, "was profiled from published scores")
    return Pool(_profile_from_scores(router, card) for card in cards)


def among(router: Router, names: Iterable[str], folder: Path | None = None) -> Router:
    """Return a router over the named candidates: its own, profiled ones, or both if they are comparable.

    Candidates profiled on graded queries are comparable only with one another, since the difficulty of these queries
    relative to the router's benchmarks is unknown. Profiles from published scores are comparable with the router's own
    candidates.

    Args:
        router: Computes the profiles.
        names: Spelled as for the integrations (`openai:gpt-5-mini`); the candidates get these names. A name that is
            both the router's own and profiled means the router's own, unless all names are profiled in the same way
            (from answers, or from published scores).
        folder: Folder of the cards; the user's by default.

    Raises:
        DataError: The candidates are not comparable, or have no query in common.
        UnknownCandidateError: A name is neither the router's nor profiled.
    """
    names = tuple(dict.fromkeys(names))
    cards = {name: card for name in names if (card := read_card(name, folder))}
    known = [
        name
        for name in names
        if (find_candidate if name in cards else find_member)(router.pool, name) is not None
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
            raise _incomparable_error(card, known[0], "was measured on benchmarks")
    rough = profile_cards(router, [card.candidate.name for card in new], folder)
    return own.with_candidates(rough).subset(names)


def find_unused_profiles(router: Router, names: Iterable[str], folder: Path | None = None) -> tuple[str, ...]:
    """Return the names with profiles that `among` does not use, for lack of comparable ones."""
    names = tuple(dict.fromkeys(names))
    cards = {name: card for name in names if (card := read_card(name, folder))}
    if _are_comparable(names, cards.values()):
        return ()
    return tuple(name for name in cards if find_candidate(router.pool, name))


def _are_comparable(names: Collection[str], cards: Collection[Card]) -> bool:
    """Return whether all names are profiled in the same way: from answers, or from published scores."""
    return len(cards) == len(names) and len({bool(card.scores) for card in cards}) == 1


def profiled_names(folder: Path | None = None) -> tuple[str, ...]:
    """Return the names of all candidates with a card in a folder."""
    found = sorted((folder or profiles_folder()).glob("*.json"))
    return tuple(unquote(path.stem) for path in found)


def profiled_outcomes(names: Iterable[str], folder: Path | None = None) -> Outcomes:
    """Return the outcomes of profiled candidates, one column each.

    Raises:
        DataError: A candidate has not been profiled, or only from published scores.
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
            raise _incomparable_error(cards[0], card.candidate.name, f"answered others ({card.source})")
        rows += own
    shared = [row for row in rows if row["query_id"] in (common or ())]
    return to_outcomes(shared, [card.candidate for card in cards])


def _incomparable_error(card: Card, other: str, where: str) -> DataError:
    return DataError(
        f"Cannot compare {card.candidate.name!r}, profiled on the queries of {card.source}, with {other!r}, which "
        f"{where}. Profile all candidates on the same queries, and route among these."
    )


def _profile_from_scores(router: Router, card: Card) -> Candidate:
    from crossroute.profiler.scores import profile_from_scores

    price = card.candidate.price
    if price is None:
        raise DataError(f"{card.candidate.name!r} has no known price. Profile it again, with --price.")
    return profile_from_scores(router, card.candidate.name, card.scores, price)


def _require_card(name: str, folder: Path | None) -> Card:
    card = read_card(name, folder)
    if card is None:
        raise DataError(f"{name!r} has not been profiled. Run: crossroute profile {name}")
    return card


def _path(name: str, folder: Path | None, suffix: str) -> Path:
    """Return the path of a candidate's file; different names have different paths."""
    return (folder or profiles_folder()) / f"{quote(name, safe=' ')}{suffix}"
