"""What a model answered, and what it took: all that profiling needs to know of a model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ConfigDict, Field

from crossroute.candidate import Price
from crossroute.query import estimate_tokens


class Answer(BaseModel):
    """One answer.

    Attributes:
        text: What the model said; empty where it refused.
        input_tokens: Tokens read; None where the provider does not say.
        output_tokens: Tokens written, reasoning included; None where the provider does not say.
        cost: USD for the call; None where the price and the tokens tell it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    input_tokens: int | None = Field(default=None, ge=0)
    output_tokens: int | None = Field(default=None, ge=0)
    cost: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @classmethod
    def of(cls, said: str | Answer) -> Answer:
        """Return what a model's callable returned as an answer.

        Raises:
            TypeError: It returned something else than a text or an `Answer`.
        """
        if isinstance(said, (str, Answer)):
            return cls(text=said) if isinstance(said, str) else said
        raise TypeError(f"The model must return a str or an Answer, got {type(said).__name__}.")

    def counted(self, query: str, price: Price) -> Answer:
        """Return the answer with tokens, estimated where none are known, and with its cost."""
        read = estimate_tokens(query) if self.input_tokens is None else self.input_tokens
        written = estimate_tokens(self.text) if self.output_tokens is None else self.output_tokens
        told = price.cost(input_tokens=read, output_tokens=written)
        cost = told if self.cost is None else self.cost
        return Answer(text=self.text, input_tokens=read, output_tokens=written, cost=cost)


Answerer = Callable[[str], str | Answer | Awaitable[str | Answer]]
"""A model: a query's text in, what it says out."""
