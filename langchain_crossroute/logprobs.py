"""Token log-probabilities: which members are asked for them, and how their answers tell them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable

from crossroute.calls.failover import is_transient, status
from langchain_crossroute.member import Change, Member, copied

T = TypeVar("T")

FIELD = "logprobs"
"""A field of OpenAI-compatible chat models, a keyword of their API, and where their answers tell."""

REFUSALS = frozenset({400, 422})


class LogprobRequests:
    """Asks members for log-probabilities, and remembers who refuses them, as reasoning models do.

    Safe to share between threads.
    """

    def __init__(self) -> None:
        self._accept: dict[str, bool] = {}

    def call(self, member: Member, ask: Callable[[bool], T], *, wanted: bool = True) -> T:
        """Return a member's answer, with log-probabilities where it can tell them.

        Args:
            member: Who is asked.
            ask: Asks it, with log-probabilities or without; called again, without, where these are refused.
            wanted: Whether to ask for them at all.
        """
        if not (wanted and self._worthwhile(member)):
            return ask(False)
        try:
            answer = ask(True)
        except Exception as error:
            if not self.refused(member.name, error):
                raise
        else:
            self._accept[member.name] = True
            return answer
        answer = ask(False)
        self._accept[member.name] = False
        return answer

    async def acall(self, member: Member, ask: Callable[[bool], Awaitable[T]], *, wanted: bool = True) -> T:
        """Return a member's answer; as `call`, awaited."""
        if not (wanted and self._worthwhile(member)):
            return await ask(False)
        try:
            answer = await ask(True)
        except Exception as error:
            if not self.refused(member.name, error):
                raise
        else:
            self._accept[member.name] = True
            return answer
        answer = await ask(False)
        self._accept[member.name] = False
        return answer

    def refused(self, name: str, error: Exception) -> bool:
        """Return whether an error may be the parameter's fault, so that a call without it may succeed.

        It is where the error names the parameter; a bad request may be, while no call with it succeeded.
        """
        if is_transient(error):
            return False
        return FIELD[:-1] in str(error).lower() or (status(error) in REFUSALS and name not in self._accept)

    def _worthwhile(self, member: Member) -> bool:
        return can_be_asked(member.model) and self._accept.get(member.name, True)


def can_be_asked(model: BaseChatModel) -> bool:
    """Return whether a chat model can be asked, and its user left that open.

    OpenAI's Responses API has another way to ask, which is not used here.
    """
    if FIELD not in type(model).model_fields or getattr(model, FIELD) is not None:
        return False
    stated = getattr(model, "model_kwargs", None) or {}
    return FIELD not in stated and getattr(model, "use_responses_api", None) is not True


def asking(change: Change | None) -> Change:
    """Return a change that also asks for log-probabilities; the user's own chat model is not altered."""

    def changed(model: BaseChatModel) -> Runnable[Any, Any]:
        asked = copied(model, {FIELD: True}) if can_be_asked(model) else model
        return asked if change is None else change(asked)

    return changed


def logprobs_of(message: AIMessage) -> tuple[float, ...] | None:
    """Return the log-probability of each token of an answer, or None where it tells none."""
    told = message.response_metadata.get(FIELD)
    tokens = told.get("content") if isinstance(told, dict) else told
    if not isinstance(tokens, list):
        return None
    values = [token.get("logprob") for token in tokens if isinstance(token, dict)]
    return tuple(float(value) for value in values if isinstance(value, (int, float))) or None


def without_logprobs(message: AIMessage) -> AIMessage:
    """Return an answer without log-probabilities that its caller did not ask for."""
    kept = {key: value for key, value in message.response_metadata.items() if key != FIELD}
    return message.model_copy(update={"response_metadata": kept})
