"""A query and its two views: how it begins tells the task, how it ends tells the instance.

An encoder reads a few hundred tokens. A five-shot prompt asks its question at the end, a chat in the last
human turn; the system prompt or the first shots say what kind of task it is. Both ends reach the network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral

VIEW_CHARACTERS = 1000
"""Characters of a view: about the 256 tokens that a sentence transformer reads."""

CHARACTERS_A_TOKEN = 4


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a language model will read, at four characters a token.

    >>> estimate_tokens("What is the capital of France?")
    8
    """
    return max(1, math.ceil(len(text) / CHARACTERS_A_TOKEN))


@dataclass(frozen=True)
class Query:
    """What is to be answered, and the frame it stands in.

    Attributes:
        text: The text to route on; in a conversation, the last human turn.
        system: What frames it: a system prompt, instructions, examples.
        input_tokens: Tokens of the whole call where the caller has counted them (a conversation's history and
            tool definitions with them); by default those of `system` and `text`, estimated. They are paid for.

    Raises:
        TypeError: `text` or `system` is not a str.
        ValueError: `text` is empty or white space, or `input_tokens` is no whole number from 0.
    """

    text: str
    system: str = ""
    input_tokens: int | None = None

    def __post_init__(self) -> None:
        for name in ("text", "system"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise TypeError(
                    f"A query's {name} must be a str, got {type(value).__name__}. "
                    "For several queries use route_many or predict."
                )
        if not self.text.strip():
            raise ValueError("The query is empty: there is no text to route on.")
        if self.input_tokens is not None and not (
            isinstance(self.input_tokens, Integral) and self.input_tokens >= 0
        ):
            raise ValueError(f"input_tokens must be a whole number from 0, got {self.input_tokens!r}.")

    @classmethod
    def of(cls, query: str | Query) -> Query:
        """Return the query itself, or one of the given text."""
        return query if isinstance(query, Query) else cls(query)

    @property
    def task_view(self) -> str:
        """How the query begins: its frame first. Equal to `instance_view` where the text is short."""
        head = self.text[:VIEW_CHARACTERS]
        return _encodable(
            f"{self.system[:VIEW_CHARACTERS]}\n\n{head}"[:VIEW_CHARACTERS] if self.system else head
        )

    @property
    def instance_view(self) -> str:
        """How the query ends: the question itself."""
        return _encodable(self.text[-VIEW_CHARACTERS:])

    @property
    def text_tokens(self) -> int:
        """Estimated tokens of `system` and `text`: what the network foresees the cost of."""
        return estimate_tokens(self.text) + (estimate_tokens(self.system) if self.system else 0)

    @property
    def context_tokens(self) -> int:
        """Input tokens counted beyond those estimated of `system` and `text`; below 0 where they are fewer."""
        return 0 if self.input_tokens is None else self.input_tokens - self.text_tokens


def _encodable(text: str) -> str:
    """Replace what UTF-8 cannot hold (lone surrogates), which tokenizers refuse."""
    return text.encode("utf-8", "replace").decode("utf-8")
