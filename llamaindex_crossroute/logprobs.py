"""Token log-probabilities: members whose API has them are asked for them, and their answers read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from crossroute.calls.failover import status
from llamaindex_crossroute.probe import Response
from llamaindex_crossroute.stamp import field_of

T = TypeVar("T")

FIELDS = frozenset({"logprobs", "top_logprobs"})
"""What LlamaIndex's OpenAI, and all that is built on it, is asked for log-probabilities by."""

REFUSALS = frozenset({400, 403, 422})
"""What servers and models without log-probabilities answer to a call that asks for them."""


class LogprobAsker:
    """Calls members so that they tell log-probabilities; those that refuse once are asked no more."""

    def __init__(self) -> None:
        self._refused: set[str] = set()

    def call(self, name: str, llm: Any, do: Callable[[Any], T], *, wanted: bool) -> T:
        """Return what the call gives; one that is refused for asking is made again, without."""
        asking = self._asking(name, llm) if wanted else None
        if asking is not None:
            try:
                return do(asking)
            except Exception as error:
                if status(error) not in REFUSALS:
                    raise
        answer = do(llm)
        self._remember(name, refused=asking is not None)
        return answer

    async def acall(self, name: str, llm: Any, do: Callable[[Any], Awaitable[T]], *, wanted: bool) -> T:
        """Return what the call gives, awaited."""
        asking = self._asking(name, llm) if wanted else None
        if asking is not None:
            try:
                return await do(asking)
            except Exception as error:
                if status(error) not in REFUSALS:
                    raise
        answer = await do(llm)
        self._remember(name, refused=asking is not None)
        return answer

    def _asking(self, name: str, llm: Any) -> Any:
        return None if name in self._refused else asking(llm)

    def _remember(self, name: str, *, refused: bool) -> None:
        """Remember that the same call succeeded once nothing was asked: all else would have failed again."""
        if refused:
            self._refused.add(name)


def asking(llm: Any) -> Any:
    """Return a view of an LLM that asks for log-probabilities, or None where it cannot, or need not.

    The LLM itself stays as it is. The view shares its clients, also those that are opened later.
    """
    if not type(llm).model_fields.keys() >= FIELDS or llm.logprobs is not None:
        return None
    if FIELDS & getattr(llm, "additional_kwargs", {}).keys():
        return None
    # one alternative a token: llama.cpp tells nothing for none
    view = llm.model_copy(update={"logprobs": True, "top_logprobs": 1})
    object.__setattr__(view, "__pydantic_private__", llm.__pydantic_private__)
    return view


def logprobs_of(response: Response) -> tuple[float, ...]:
    """Return the log-probability of each token of a response, or of a chunk; empty where it tells none."""
    told = field_of(choice_of(response.raw), "logprobs")
    content = field_of(told, "content")
    if content:
        numbers = [field_of(token, "logprob") for token in content]
    else:
        numbers = field_of(told, "token_logprobs") or [
            best[0].logprob for best in response.logprobs or () if best
        ]
    return tuple(float(number) for number in numbers if isinstance(number, (int, float)))


def choice_of(raw: Any) -> Any:
    """Return the first of the choices that a provider sent, or None."""
    choices = field_of(raw, "choices") or field_of(raw, "candidates")
    return choices[0] if isinstance(choices, Sequence) and choices else None
