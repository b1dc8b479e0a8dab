"""Costs beyond a price per token: long prompts, audio and images.

Source: genai-prices 0.2.3, read on 2026-10-26, which names each provider's own page.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from crossroute.candidate import Price

LISTED = "genai-prices"
"""How the source of a price begins that the catalogue took from there; the table goes by the model that it names."""


class BilledPrice(Price):
    """The price of a model with other rates for some tokens.

    Attributes:
        above: Tokens of input above which all tokens of a call have the long rates.
        long_input: Factor on the input's price for long calls, also for cached tokens.
        long_output: Factor on the output's price.
        input_audio: USD per million input tokens of audio; None if they cost the same as text.
        output_audio: Likewise for output tokens of audio.
        output_image: Likewise for output tokens of images.
    """

    above: int | None = Field(default=None, gt=0)
    long_input: float = Field(default=1.0, gt=0)
    long_output: float = Field(default=1.0, gt=0)
    input_audio: float | None = Field(default=None, ge=0)
    output_audio: float | None = Field(default=None, ge=0)
    output_image: float | None = Field(default=None, ge=0)

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
        """Return the cost of one call in USD.

        >>> price = BilledPrice(input=1, output=10, above=200_000, long_input=2, long_output=1.5)
        >>> round(price.cost(input_tokens=400_000, output_tokens=1_000), 6)
        0.815
        """
        long = self.above is not None and input_tokens > self.above
        by_input, by_output = (self.long_input, self.long_output) if long else (1.0, 1.0)
        cached = self.input if self.cached_input is None else self.cached_input
        text = Price(
            input=by_input * self.input, output=by_output * self.output, cached_input=by_input * cached
        ).cost(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cached_input_tokens=cached_input_tokens,
            cache_write_tokens=cache_write_tokens,
            cache_write_1h_tokens=cache_write_1h_tokens,
        )
        others = (
            (input_audio_tokens, self.input_audio, self.input),
            (output_audio_tokens, self.output_audio, self.output),
            (output_image_tokens, self.output_image, self.output),
        )
        return text + sum(tokens * (rate - usual) for tokens, rate, usual in others if rate is not None) / 1e6


def _alike(names: str, **rates: float) -> dict[str, dict[str, Any]]:
    return dict.fromkeys(names.split(), rates)


RATES: dict[str, dict[str, Any]] = {
    **_alike("claude-haiku-5-5", above=100_000, long_input=5.0, long_output=5.0),
    **_alike("claude-sonnet-4-5", above=200_000, long_input=2.0, long_output=1.5),
    **_alike(
        "gemini-1.5-flash gemini-1.5-pro gemini-flash-1.5 gemini-flash-1.5-8b gemini-pro-1.5",
        above=128_000,
        long_input=2.0,
        long_output=2.0,
    ),
    **_alike(
        "gemini-2.5-pro gemini-3-pro-preview gemini-3.1-pro-preview",
        above=200_000,
        long_input=2.0,
        long_output=1.5,
    ),
    **_alike(
        "gpt-5.4 gpt-5.4-pro gpt-5.5 gpt-5.5-pro gpt-5.6-luna gpt-5.6-sol gpt-5.6-terra gpt-6-astra gpt-6-luna "
        "gpt-6-rosalind gpt-6-sol gpt-6.1-sol gpt-6.1-terra",
        above=272_000,
        long_input=2.0,
        long_output=1.5,
    ),
    **_alike(
        "grok-4.20 grok-4.20-multi-agent-0309 grok-4.3 grok-4.5 grok-4.6 grok-4.7 grok-build-0.1",
        above=199_999,
        long_input=2.0,
        long_output=2.0,
    ),
    "gemini-2.0-flash": {"input_audio": 0.7},
    "gemini-2.0-flash-001": {"input_audio": 0.7},
    "gemini-2.5-flash": {"input_audio": 1.0},
    "gemini-2.5-flash-lite": {"input_audio": 0.3},
    "gemini-3-flash-preview": {"input_audio": 1.0},
    "gemini-3.1-flash-lite": {"input_audio": 0.5},
    "gemini-2.5-flash-image": {"output_image": 30.0},
    "gemini-3-pro-image-preview": {"output_image": 120.0},
    "gemini-3.1-flash-image-preview": {"output_image": 60.0},
    "gpt-audio": {"input_audio": 32.0, "output_audio": 64.0},
    "gpt-audio-mini": {"input_audio": 10.0, "output_audio": 20.0},
    "gpt-realtime": {"input_audio": 32.0, "output_audio": 64.0},
    "gpt-realtime-mini": {"input_audio": 10.0, "output_audio": 20.0},
    "phi-4-multimodal-instruct": {"input_audio": 4.0},
}
"""Model, as named by genai-prices -> its other rates. Cached audio counts as cached text here."""


def add_rates(price: Price | None) -> Price | None:
    """Add the model's other rates to a listed price; return a price stated by a user unchanged."""
    if price is None or not price.source.startswith(LISTED):
        return price
    rates = RATES.get(price.source.rpartition("/")[2])
    return price if rates is None else BilledPrice(**dict(price), **rates)
