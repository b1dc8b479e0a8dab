"""The decision on an answer: what was decided, what it really took, and where a caller finds both."""

from __future__ import annotations

import json
import math
from json import JSONDecodeError
from typing import Any, TypeVar
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import LLMResult
from pydantic import ValidationError

from crossroute import Decision
from crossroute.calls.spend import TIERS, Usage

KEY = "crossroute"
"""Where a decision stands: in `response_metadata` of an answer, in the metadata of a trace."""

NUMBERS = ("quality", "cost", "cost_preference", "willingness_to_pay")
"""Those that a trace tells of a decision."""

UNREADABLE = (OutputParserException, ValidationError, JSONDecodeError)
UNREADABLE_NAMES = frozenset(
    {
        *("LengthFinishReasonError", "ContentFilterFinishReasonError", "OpenAIRefusalError"),
        *("StructuredOutputValidationError", "MultipleStructuredOutputsError"),
    }
)
"""Names of other errors which say that an answer came, and could not be read as its schema."""

M = TypeVar("M", bound=AIMessage)


def stamped(message: M, decision: Decision) -> M:
    """Return a copy of an answer that carries its decision; all else is the member's.

    A copy, since the answer may lie in the member's cache.
    """
    metadata = {**message.response_metadata, KEY: as_json(decision)}
    return message.model_copy(update={"response_metadata": metadata})


def message_of(answer: Any) -> AIMessage | None:
    """Return the message of an answer: itself, the raw part of a parsed one, or a first generation's."""
    if isinstance(answer, dict):
        answer = answer.get("raw")
    elif isinstance(answer, LLMResult):
        answer = getattr(answer.generations[0][0], "message", None)
    return answer if isinstance(answer, AIMessage) else None


def with_message(answer: Any, message: AIMessage) -> Any:
    """Return an answer with another message in the place where `message_of` found one."""
    if isinstance(answer, dict):
        return {**answer, "raw": message}
    if isinstance(answer, LLMResult):
        first, *others = answer.generations[0]
        first = first.model_copy(update={"message": message})
        return answer.model_copy(update={"generations": [[first, *others]]})
    return message


def as_json(decision: Decision) -> dict[str, Any]:
    """Return a decision as plain JSON data; `Decision.model_validate` reads it back."""
    data: dict[str, Any] = json.loads(decision.model_dump_json())
    return data | {"decision_id": decision.id}


def traced(decision: Decision) -> dict[str, Any]:
    """Return what a trace says of a decision: the numbers and the reasons, no alternatives."""
    told = {name: getattr(decision, name) for name in NUMBERS}
    numbers = {name: None if value is None or math.isnan(value) else value for name, value in told.items()}
    return {
        "decision_id": decision.id,
        "candidate": decision.candidate,
        **numbers,
        "reasons": [*decision.reasons],
        "failures": [failure.model_dump(mode="json") for failure in decision.failures],
    }


def usage_of(metadata: UsageMetadata | None) -> Usage | None:
    """Return the tokens of an answer; none at all where it came from a cache of LangChain's."""
    if metadata is None:
        return None
    if metadata.get("total_cost") == 0:  # how langchain-core marks a cache hit
        return Usage()
    details: dict[str, Any] = {**(metadata.get("input_token_details") or {})}
    written: dict[str, Any] = {**(metadata.get("output_token_details") or {})}
    tier = next((name for name in TIERS if details.get(name) is not None), "")
    prefix = f"{tier}_" if tier else ""
    hour = details.get("ephemeral_1h_input_tokens") or 0
    minutes = details.get("ephemeral_5m_input_tokens") or details.get("cache_creation") or 0
    return Usage(
        input_tokens=metadata["input_tokens"],
        output_tokens=metadata["output_tokens"],
        cached_input_tokens=details.get(f"{prefix}cache_read") or 0,
        cache_write_tokens=minutes,
        cache_write_1h_tokens=hour,
        input_audio_tokens=details.get("audio") or 0,
        output_audio_tokens=written.get("audio") or 0,
        output_image_tokens=written.get("image") or 0,
        tier=TIERS.get(tier, 1.0),
    )


def is_unreadable(error: BaseException) -> bool:
    """Return whether an error says that an answer came, and could not be read as its schema."""
    return isinstance(error, UNREADABLE) or type(error).__name__ in UNREADABLE_NAMES


def message_in(error: BaseException) -> AIMessage | None:
    """Return the answer that an agent or OpenAI's client could not read, where the error holds it.

    The body of no other error is looked at: it may not be read yet, or only be awaited.
    """
    if not is_unreadable(error):
        return None
    message = getattr(error, "ai_message", None)
    if isinstance(message, AIMessage):
        return message
    try:
        body = json.loads(error.response.content)  # type: ignore[attr-defined]
        choice, usage = body["choices"][0], body["usage"]
        read, written = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
        text = choice["message"]["content"] or ""
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        return None  # RuntimeError: a streamed body that was not read
    return AIMessage(
        text,
        response_metadata={key: choice.get(key) for key in ("finish_reason", "logprobs")},
        usage_metadata=UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written),
    )


class UsageProbe(BaseCallbackHandler):
    """Overhears a call whose answer reaches the caller parsed, without its message, or not at all.

    Attributes:
        answered: Whether an answer came.
        usage: Its tokens; None where they are not known.
    """

    run_inline = True
    cost: float | None = None

    def __init__(self) -> None:
        self.answered = False
        self.usage: UsageMetadata | None = None
        self._streamed: dict[UUID, Usage] = {}

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        """Take no note of a beginning: without this, LangChain would spell the messages out for `on_llm_start`."""

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: UUID, **_: Any) -> None:
        """Follow what a stream tells: LangChain adds its chunks' tokens, also where each tells the whole so far."""
        message = getattr(chunk, "message", None)
        told = usage_of(message.usage_metadata) if isinstance(message, AIMessage) else None
        if told is not None:
            self._streamed[run_id] = told.after(self._streamed.get(run_id))

    def on_llm_end(self, response: LLMResult, **_: Any) -> None:
        """Add the tokens of an answer."""
        for generations in response.generations:
            for generation in generations:
                self.answered = True
                message = getattr(generation, "message", None)
                if isinstance(message, AIMessage) and message.usage_metadata:
                    self.usage = add_usage(self.usage, message.usage_metadata)

    def raised(self, error: BaseException) -> None:
        """Take in the answer that an error holds, if it does."""
        message = message_in(error)
        if message is not None:
            self.answered, self.usage = True, message.usage_metadata

    def took(self, told: Usage | None) -> Usage | None:
        """Return the tokens of the one stream that was overheard, or those that the answer tells, or all overheard."""
        streamed = list(self._streamed.values())
        return streamed[0] if len(streamed) == 1 else told or usage_of(self.usage)
