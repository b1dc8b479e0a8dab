"""From the models that a guest was given to a router over just these."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from crossroute.candidate import Candidate, Capability, Pool, Price
from crossroute.errors import UnprofiledCandidateError
from crossroute.router import Router


class Ability(BaseModel):
    """What a guest knows of one of its models.

    Attributes:
        capabilities: What it can do beyond text; None leaves what the router's candidate says.
        context_window: Tokens of input and output together; None likewise.
        price: What it charges, where that is not the candidate's price; None likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    capabilities: frozenset[Capability] | None = None
    context_window: int | None = Field(default=None, gt=0)
    price: Price | None = None

    def stated_on(self, candidate: Candidate, name: str) -> Candidate:
        """Return the candidate under the guest's name, with what is known here in place of what it says."""
        others = {candidate.name, *candidate.aliases} - {name}
        known = {field: value for field, value in self if value is not None}
        return candidate.model_copy(update={"name": name, "aliases": tuple(sorted(others)), **known})


def router_over(
    router: Router | str | Path, members: Mapping[str, Ability], *, default: str | None = None
) -> Router:
    """Return a router over the members that it knows, each under the name that the guest gave it.

    Args:
        router: A router, or the name or folder of one.
        members: Name, or alias, of each model -> what it can do.
        default: The member for what cannot be routed; the only one that the router need not know.

    Raises:
        UnprofiledCandidateError: The router knows a member's name neither as a name nor as an alias.
        ValueError: No member, two members of one candidate, or a default that is no member.
    """
    if not members:
        raise ValueError("Expected at least one model, got none.")
    if default is not None and default not in members:
        raise ValueError(f"The default {default!r} is not among the models {', '.join(map(repr, members))}.")
    router = router if isinstance(router, Router) else Router.from_pretrained(router)
    known = [name for name in members if name in router.pool]
    for name in members:
        if not known or (name not in known and name != default):
            raise UnprofiledCandidateError(name, router.pool.names)
    candidates = {router.pool[name].name: members[name].stated_on(router.pool[name], name) for name in known}
    if len(candidates) < len(known):
        taken = {candidate.name for candidate in candidates.values()}
        twice = next(name for name in known if name not in taken)
        raise ValueError(f"{twice!r} and another model are one candidate of the router; give it one model.")
    return router.over(Pool(candidates.values()))
