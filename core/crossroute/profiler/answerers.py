"""Adapt a user's model to a function from a query to an answer.

The core imports no framework: the integration that adapts a framework's models is imported by name when needed.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import cast

from pydantic import BaseModel, ConfigDict, Field

from crossroute.calls.failures import shorten_provider_errors
from crossroute.candidate import Price
from crossroute.errors import MissingExtraError
from crossroute.tokens import estimate_tokens

INTEGRATIONS = {
    "langchain_core": "langchain_crossroute.members",
    "llama_index.core": "llamaindex_crossroute.members",
}
"""Framework -> our module with the function `answerer` that adapts its models."""


class Answer(BaseModel):
    """A model's answer.

    Attributes:
        text: The text; empty for a refusal.
        input_tokens: Input tokens; None if unknown.
        output_tokens: Output tokens, including reasoning; None if unknown.
        cost: USD for the call; None to compute it from tokens and price.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    input_tokens: int | None = Field(default=None, ge=0)
    output_tokens: int | None = Field(default=None, ge=0)
    cost: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @classmethod
    def of(cls, said: str | Answer) -> Answer:
        """Return an `Answer` from a text or an instance.

        Raises:
            TypeError: `said` is neither.
        """
        if isinstance(said, (str, Answer)):
            return cls(text=said) if isinstance(said, str) else said
        raise TypeError(f"The model must return a str or an Answer, got {type(said).__name__}.")

    def with_counts(self, query: str, price: Price) -> Answer:
        """Return the answer with its tokens, estimated if unknown, and its cost.

        Args:
            query: The query's text.
            price: USD per million tokens.
        """
        read = estimate_tokens(query) if self.input_tokens is None else self.input_tokens
        written = estimate_tokens(self.text) if self.output_tokens is None else self.output_tokens
        cost = price.cost(input_tokens=read, output_tokens=written) if self.cost is None else self.cost
        return Answer(text=self.text, input_tokens=read, output_tokens=written, cost=cost)


Answerer = Callable[[str], str | Answer | Awaitable[str | Answer]]
"""A model as a function: query -> answer."""


def adapt_model(model: object) -> Answerer:
    """Adapt a model to a function from a query to an answer.

    Args:
        model: A callable, sync or async, from a text to a text or an `Answer`; a LangChain chat model; a
            LlamaIndex LLM; or a string for LangChain's `init_chat_model` ("openai:gpt-5-mini").

    Raises:
        CrossRouteError: The model cannot be created from the string, for example without an API key.
        MissingExtraError: `model` is a string, and LangChain is not installed.
        TypeError: `model` is none of these.
    """
    if isinstance(model, str):
        with shorten_provider_errors(model):
            return cast("Answerer", _load_adapter("langchain_core")(model))
    for framework in INTEGRATIONS:
        if framework in sys.modules and (found := _load_adapter(framework)(model)):
            return cast("Answerer", found)
    if callable(model):
        return cast("Answerer", model)
    raise TypeError(
        f"An object of type {type(model).__name__} cannot be called as a model. Expected a callable from a text to a "
        "text, a LangChain chat model, a LlamaIndex LLM, or a name for init_chat_model."
    )


def _load_adapter(framework: str) -> Callable[[object], object]:
    try:
        return cast("Callable[[object], object]", import_module(INTEGRATIONS[framework]).answerer)
    except ModuleNotFoundError as error:
        wanted = {name.partition(".")[0] for pair in INTEGRATIONS.items() for name in pair}
        if (error.name or "").partition(".")[0] not in wanted:
            raise
        raise MissingExtraError("A model by its name", "langchain") from error
