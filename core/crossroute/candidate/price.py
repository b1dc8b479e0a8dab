"""Price of a model, by token or by second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]

CACHE_WRITE, CACHE_WRITE_1H = 1.25, 2.0
"""Price of a token written to the prompt cache (for 5 minutes, for an hour), as a multiple of the input price."""


class Price(BaseModel):
    """A candidate's price, in USD per million tokens.

    Attributes:
        input: Price of input tokens.
        output: Price of output tokens, reasoning included.
        cached_input: Price of input tokens read from the provider's prompt cache; None if they cost the same.
        source: Where the price was published.
        as_of: When it was looked up.
        usd_per_second: USD per second, if calls are charged by time. The cost of a call is then its seconds times
            this; it is predicted from tokens, at the speed that `output` implies.

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
        """Accept a pair (input, output) wherever a price is a field."""
        pair = isinstance(given, (tuple, list)) and len(given) == 2
        return dict(zip(("input", "output"), given, strict=True)) if pair else given

    @classmethod
    def by_second(cls, usd: float, tokens_per_second: float) -> Price:
        """Return the price of a model that is charged by time, such as one on your own machine.

        Args:
            usd: USD per second of a call.
            tokens_per_second: Output tokens per second, above 0.

        Raises:
            ValueError: A number is out of range.

        >>> Price.by_second(0.0001, tokens_per_second=50).output  # USD per million tokens
        2.0
        """
        if not (tokens_per_second > 0 and usd >= 0):
            raise ValueError(
                "Expected USD per second, at least 0, and tokens per second, above 0; got "
                f"{usd!r} and {tokens_per_second!r}."
            )
        return cls(
            input=0,
            output=1e6 * usd / tokens_per_second,
            source=f"{usd:g} USD a second, at {tokens_per_second:g} tokens a second",
            usd_per_second=usd,
        )

    @classmethod
    def of(cls, given: Price | Sequence[float] | Mapping[str, Any]) -> Price:
        """Return a `Price` from an instance, a pair (input, output) in USD per million tokens, or a mapping.

        Raises:
            ValueError: `given` is none of these.

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
        """Return the cost of one call, USD.

        Args:
            input_tokens: All tokens read, including those of the cache, audio and images.
            output_tokens: All tokens written, including reasoning, audio and images.
            cached_input_tokens: Input tokens read from the prompt cache.
            cache_write_tokens: Input tokens written to the prompt cache.
            cache_write_1h_tokens: Input tokens written to the prompt cache for an hour.
            input_audio_tokens: Charged as text.
            output_audio_tokens: Charged as text.
            output_image_tokens: Charged as text.

        Source: a cache write costs 1.25 times the input price, or 2 times for an hour,
        https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching.
        """
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = input_tokens - cached_input_tokens
        written = (CACHE_WRITE - 1) * cache_write_tokens + (CACHE_WRITE_1H - 1) * cache_write_1h_tokens
        read = (fresh + written) * self.input + cached_input_tokens * cached
        return (read + output_tokens * self.output) / 1e6


FREE = Price(input=0, output=0, source="local, or a host's free tier")
"""The price of a model on your own machine."""
