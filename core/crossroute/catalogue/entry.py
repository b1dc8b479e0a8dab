"""One model of the catalogue."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer

from crossroute.candidate import Candidate, Capability, Price
from crossroute.catalogue.spelling import make_key
from crossroute.effort import MOST_BUDGET, OFF, Effort, EffortLevel
from crossroute.errors import EffortError


class Variant(BaseModel):
    """A model id for another kind of service of a model: at another effort, faster, or as a batch.

    Attributes:
        effort: Its effort.
        price: Its price.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    effort: str | None = None
    price: Price | None = None


Reasoning = Literal["never", "optional", "always"]
"""Whether a model thinks before it answers."""


USUAL_LEVELS = ("low", "medium", "high")
"""Levels of models that are only known to reason."""


class Entry(BaseModel):
    """Facts about a model, independent of any router.

    Attributes:
        name: Its name in the bundled router `universal`.
        maker: Its maker.
        open_weights: Whether any host may serve it, in any number format.
        price: USD per million tokens, with its source and date; None if unknown.
        context_window: Tokens; None if unknown.
        capabilities: Capabilities other than text; None if unknown.
        aliases: Other ids of the same model; each may have a host's prefix.
        variants: Ids of other kinds of service of the model.
        recorded_as: Data set -> the spellings in its candidate column.
        sources: Data set -> number of queries with a known quality of the model.
        scores: Benchmark -> published accuracy in [0, 1], if there are no recorded outcomes.
        scores_from: Source of the scores, and the day of reading.
        writes_like: A measured model with similar answer lengths; None for typical lengths.
        reasoning: Whether it thinks before answering; None if unknown.
        thinks_untold: Whether it does so by default.
        efforts: Its levels of effort; None if unknown.
        usual_effort: The default level; medium if not stated.
        budgets: Whether it accepts a thinking budget in tokens.
        efforts_from: Source of the efforts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    maker: str
    open_weights: bool = False
    price: Price | None = None
    context_window: int | None = Field(default=None, gt=0)
    capabilities: frozenset[Capability] = frozenset()
    aliases: tuple[str, ...] = ()
    variants: dict[str, Variant] = {}
    recorded_as: dict[str, tuple[str, ...]] = {}
    sources: dict[str, int] = {}
    scores: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    scores_from: str | None = None
    writes_like: str | None = None
    reasoning: Reasoning | None = None
    thinks_untold: bool = False
    efforts: tuple[str, ...] | None = None
    usual_effort: str | None = None
    budgets: bool = False
    efforts_from: str | None = None

    @field_serializer("capabilities", when_used="json")
    def _in_order(self, capabilities: frozenset[str]) -> list[str]:
        return sorted(capabilities)  # so that the same entry gives the same bytes, and the same digest

    @property
    def evidence(self) -> int:
        """Number of recorded outcomes."""
        return sum(self.sources.values())

    @property
    def levels(self) -> tuple[str, ...]:
        """Its levels of effort, as stated or as usual for its kind of model."""
        if self.efforts is not None:
            return self.efforts
        taken = {"never": (), "always": USUAL_LEVELS}
        return taken.get(self.reasoning or "", ("none", *USUAL_LEVELS))

    @property
    def usual(self) -> str:
        """Its level by default."""
        if self.reasoning == "optional" and not self.thinks_untold:
            return "none"
        return self.usual_effort or "medium"

    def effort(self, told: EffortLevel) -> Effort:
        """Return an effort as a variant of this model has it.

        Raises:
            EffortError: The model does not take it.
        """
        if not self._takes(told):
            budgets = (f"a budget such as 16k, up to {MOST_BUDGET // 1000}k",) * self.budgets
            raise EffortError(self.name, str(told), (*self.levels, *budgets))
        return Effort(told=str(told), usual=self.usual, maker=self.maker)

    def _takes(self, told: EffortLevel) -> bool:
        if told.budget is None:
            return told.level in self.levels
        switched_off = told.budget == 0 and OFF not in self.levels
        return self.budgets and not switched_off and told.budget <= MOST_BUDGET

    @property
    def candidate(self) -> Candidate:
        """The same as a candidate of a pool, without a profile."""
        fields = self.model_dump(include={"name", "aliases", "context_window", "capabilities"})
        return Candidate(**fields, price=self.price)

    def matches(self, text: str) -> bool:
        """Return whether every word of a text is in a name, the maker, a capability or a data set."""
        words = (self.name, self.maker, *self.aliases, *self.capabilities, *self.sources)
        searched = " ".join(map(make_key, words))
        return all(word in searched for word in map(make_key, text.split()))
