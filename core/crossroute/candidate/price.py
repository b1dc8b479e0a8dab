"""Price: what the tokens, or the seconds, of a model cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]

CACHE_WRITE, CACHE_WRITE_1H = 1.25, 2.0
"""Price of a token written to the prompt cache, as a multiple of the input's price, where providers charge for it."""


class Price(BaseModel):
    """A candidate's price, in USD per million tokens.

    Attributes:
        input: Of input tokens.
        output: Of output tokens.
        cached_input: Of input tokens in the provider's prompt cache; None where there is no other price for them.
        source: Where the price was published.
        as_of: When it was read.
        usd_per_second: USD for a second of a call, where time is paid for and not tokens. The cost of a call is then
            its seconds times this; it is predicted by tokens, at the speed that `output` stands for.

    >>> Price(input=10, output=30).cost(input_tokens=1_000, output_tokens=100)
    0.013
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Usd
    output: Usd
    cached_input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    source: str = ""
    as_of: date | None = None
    usd_per_second: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _of_pair(cls, given: Any) -> Any:
        """Take (input, output) for a price, wherever one is a field."""
        pair = isinstance(given, (tuple, list)) and len(given) == 2
        return dict(zip(("input", "output"), given, strict=True)) if pair else given

    @classmethod
    def by_second(cls, usd: float, tokens_per_second: float) -> Price:
        """Return the price of a model that is paid for by time, such as one on one's own machine.

        Args:
            usd: For a second of a call.
            tokens_per_second: Output tokens.

        >>> Price.by_second(0.0001, tokens_per_second=50).output  # USD per million tokens
        2.0
        """
        return cls(
            input=0,
            output=1e6 * usd / tokens_per_second,
            source=f"{usd:g} USD a second, at {tokens_per_second:g} tokens a second",
            usd_per_second=usd,
        )

    @classmethod
    def of(cls, given: Price | Sequence[float] | Mapping[str, Any]) -> Price:
        """Return a price given as a `Price`, as a pair (input, output) in USD, or as a mapping of its fields.

        Raises:
            ValueError: It is none of these.

        >>> Price.of((0.25, 2)).output
        2.0
        """
        if isinstance(given, Price):
            return given
        try:
            return cls.model_validate(given)
        except ValueError:
            raise ValueError(
                f"Expected a price, Price(input=0.25, output=2) or (0.25, 2) in USD per million tokens, got {given!r}."
            ) from None

    def cost(
        self,
        *,
        input_tokens: float,
        output_tokens: float,
        cached_input_tokens: float = 0,
        cache_write_tokens: float = 0,
        cache_write_1h_tokens: float = 0,
        input_audio_tokens: float = 0,
        output_audio_tokens: float = 0,
        output_image_tokens: float = 0,
    ) -> float:
        """Return the cost of one call in USD; tokens read from and written to a cache are part of the input tokens.

        Tokens of sound and pictures, which are part of input and output, cost what text costs.

        Source: a write costs 1.25 or, held for an hour, 2 times the input's price,
        https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching.
        """
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = input_tokens - cached_input_tokens
        written = (CACHE_WRITE - 1) * cache_write_tokens + (CACHE_WRITE_1H - 1) * cache_write_1h_tokens
        read = (fresh + written) * self.input + cached_input_tokens * cached
        return (read + output_tokens * self.output) / 1e6


FREE = Price(input=0, output=0, source="local, or a host's free tier")
"""The price of a model on one's own machine."""
