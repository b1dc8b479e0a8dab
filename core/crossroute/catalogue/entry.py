"""One model of the catalogue."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crossroute.candidate import Candidate, Capability, Price
from crossroute.catalogue.spelling import key


class Entry(BaseModel):
    """What is known of a model apart from any router.

    Attributes:
        name: As candidates of the bundled `universal` router are named.
        maker: Who made it.
        open_weights: Whether anybody may serve it, in any number format.
        price: USD per million tokens, with its source and date; None where it is not known.
        context_window: Tokens; None where it is not known.
        capabilities: What it can do beyond text, where that is known.
        aliases: Other ids of the same model; prefixes of hosts may stand before each.
        recorded_as: Data set -> the spellings in its candidate column.
        sources: Data set -> queries on which the model's quality is known.
        scores: Benchmark -> published accuracy in [0, 1], where no outcomes are recorded.
        scores_from: Where the scores stand, and on what day they were read.
        writes_like: A measured model that it is taken to write as much as; None for the typical one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    maker: str
    open_weights: bool = False
    price: Price | None = None
    context_window: int | None = Field(default=None, gt=0)
    capabilities: frozenset[Capability] = frozenset()
    aliases: tuple[str, ...] = ()
    recorded_as: dict[str, tuple[str, ...]] = {}
    sources: dict[str, int] = {}
    scores: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    scores_from: str | None = None
    writes_like: str | None = None

    @property
    def evidence(self) -> int:
        """Number of recorded outcomes."""
        return sum(self.sources.values())

    @property
    def candidate(self) -> Candidate:
        """The same as a candidate of a pool, without a profile."""
        fields = self.model_dump(include={"name", "aliases", "context_window", "capabilities"})
        return Candidate(**fields, price=self.price)

    def matches(self, text: str) -> bool:
        """Return whether every word of a text is in a name, the maker, a capability or a data set."""
        words = (self.name, self.maker, *self.aliases, *self.capabilities, *self.sources)
        searched = " ".join(map(key, words))
        return all(word in searched for word in map(key, text.split()))
