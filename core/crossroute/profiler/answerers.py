"""Answerers: anything of a user's that profiling can ask, as a function of a query.

The core imports no framework: the integration that adapts a framework's models is found by its name when needed.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import cast

from pydantic import BaseModel, ConfigDict, Field

from crossroute.calls.failures import provider_errors
from crossroute.candidate import Price
from crossroute.errors import MissingExtraError
from crossroute.tokens import estimate_tokens

INTEGRATIONS = {
    "langchain_core": "langchain_crossroute.members",
    "llama_index.core": "llamaindex_crossroute.members",
}
"""Framework -> our module whose `answerer` adapts its models."""


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

    def with_counts(self, query: str, price: Price) -> Answer:
        """Return the answer with tokens, estimated where none are known, and with its cost."""
        read = estimate_tokens(query) if self.input_tokens is None else self.input_tokens
        written = estimate_tokens(self.text) if self.output_tokens is None else self.output_tokens
        told = price.cost(input_tokens=read, output_tokens=written)
        cost = told if self.cost is None else self.cost
        return Answer(text=self.text, input_tokens=read, output_tokens=written, cost=cost)


Answerer = Callable[[str], str | Answer | Awaitable[str | Answer]]
"""A model: a query's text in, what it says out."""


def answerer_of(model: object) -> Answerer:
    """Return what profiling can ask of a model.

    Args:
        model: A callable, sync or async, from a text to a text or an `Answer`; a LangChain chat model; a
            LlamaIndex LLM; or a string that LangChain's `init_chat_model` understands ("openai:gpt-5-mini").

    Raises:
        CrossRouteError: It is a string, and its provider refuses to make it: no key is set, for one.
        MissingExtraError: It is a string, and LangChain is not installed.
        TypeError: It is none of these.
    """
    if isinstance(model, str):
        with provider_errors(model):
            return cast("Answerer", _load_adapter("langchain_core")(model))
    for framework in INTEGRATIONS:
        if framework in sys.modules and (found := _load_adapter(framework)(model)):
            return cast("Answerer", found)
    if callable(model):
        return cast("Answerer", model)
    raise TypeError(
        f"An object of type {type(model).__name__} cannot be asked. Expected a callable from a text to a text, a "
        "LangChain chat model, a LlamaIndex LLM, or a name that init_chat_model understands."
    )


def _load_adapter(framework: str) -> Callable[[object], object]:
    try:
        return cast("Callable[[object], object]", import_module(INTEGRATIONS[framework]).answerer)
    except ModuleNotFoundError as error:
        wanted = {name.partition(".")[0] for pair in INTEGRATIONS.items() for name in pair}
        if (error.name or "").partition(".")[0] not in wanted:
            raise
        raise MissingExtraError("A model by its name", "langchain") from error
