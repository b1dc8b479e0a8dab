"""What an answer tells of itself: its text, its log-probabilities, why it ended, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.tools import BaseTool
from pydantic import BaseModel

from crossroute.calls.reply import Reply
from crossroute.calls.spend import Usage
from llamaindex_crossroute.messages.stamp import RESPONSES, Response, field_of, usage_of
from llamaindex_crossroute.messages.tool_calls import asks_for_tools, fault_of, misfit
from llamaindex_crossroute.probe import UsageProbe

T = TypeVar("T")

REASONS = ("finish_reason", "stop_reason", "stopReason", "done_reason", "reason")
"""What providers call why an answer ended."""


@dataclass(frozen=True)
class Given(Generic[T]):
    """What a member gave.

    Attributes:
        facts: What it tells of itself.
        value: What the endpoint gave, a stream as the list of its chunks; None where it raised.
        error: What the endpoint raised of an answer that did not fit its schema.
        message: The message, where the caller gets one.
    """

    facts: Reply
    value: T | None = None
    error: Exception | None = None
    message: ChatMessage | None = None


def given(value: T, probe: UsageProbe, llm: Any, tools: Sequence[BaseTool]) -> Given[T]:
    """Return what a member gave, with its facts.

    Args:
        value: What the endpoint gave.
        probe: What the call's LLM events told.
        llm: The member.
        tools: Those that the call offered.
    """
    parts = value if isinstance(value, list) else [value]
    own = [part for part in parts if isinstance(part, RESPONSES)]
    told = own or probe.chunks or probe.responses[-1:]
    last = parts[-1] if parts else None
    chat = last if isinstance(last, ChatResponse) else None
    facts = _facts(
        told,
        text=_text(parts),
        usage=probe.took(_latest(map(usage_of, own))),
        cost=probe.cost,
        schema_error=fault_of(chat, llm, tools) if chat else None,
        asks_for_tools=chat is not None and asks_for_tools(chat.message),
    )
    return Given(facts, value=value, message=chat.message if chat else None)


def unfit(error: Exception, probe: UsageProbe) -> Given[Any]:
    """Return what a member gave whose answer did not fit its schema."""
    told = probe.chunks or probe.responses[-1:]
    facts = _facts(told, text=_text(told), usage=probe.usage, cost=probe.cost, schema_error=misfit(error))
    return Given(facts, error=error)


def finish_reason(response: Response) -> str | None:
    """Return why an answer ended, in the provider's own word, or None where it does not tell."""
    raw = response.raw
    places = (choice_of(raw), raw, field_of(raw, "delta"), field_of(raw, "incomplete_details"))
    found = (field_of(place, name) for place in places for name in REASONS)
    words = (value.name if isinstance(value, Enum) else value for value in found)
    return next((word for word in words if isinstance(word, str) and word), None)


def tells_its_end(response: Response) -> bool:
    """Return whether a response, or a chunk of one, is of a format that tells why answers end.

    OpenAI's and Google's have choices, Anthropic's events or a stop reason, Ollama's say whether they are done.
    """
    raw = response.raw
    anthropic = str(field_of(raw, "type")).startswith(("content_block", "message"))
    return choice_of(raw) is not None or anthropic or isinstance(field_of(raw, "done"), bool)


def is_finished(response: Response) -> bool:
    """Return whether a response, or a chunk of one, tells why it ended."""
    return finish_reason(response) is not None or field_of(response.raw, "done") is True


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


def _facts(
    told: Sequence[Response],
    *,
    text: str,
    usage: Usage | None,
    cost: float | None,
    schema_error: str | None,
    asks_for_tools: bool = False,
) -> Reply:
    """Return the facts of an answer; `told` are its responses, a stream's chunk by chunk."""
    return Reply(
        text=text,
        logprobs=tuple(number for response in told for number in logprobs_of(response)) or None,
        finish_reason=_latest(map(finish_reason, told)),
        usage=usage,
        cost=cost,
        schema_error=schema_error,
        asks_for_tools=asks_for_tools,
        refused=any(map(_refused, told)),
    )


def _refused(response: Response) -> bool:
    choice = choice_of(response.raw)
    said = field_of(choice, "message") or field_of(choice, "delta")
    return bool(field_of(said, "refusal"))


def _text(parts: Sequence[Any]) -> str:
    """Return the text of an answer: responses and objects grow chunk by chunk, words follow each other."""
    last = parts[-1] if parts else ""
    if isinstance(last, ChatResponse):
        return last.message.content or ""
    if isinstance(last, CompletionResponse):
        return last.text
    if isinstance(last, BaseModel):
        return last.model_dump_json()
    return "".join(part for part in parts if isinstance(part, str))


def _latest(found: Iterable[Any]) -> Any:
    return next((one for one in reversed(list(found)) if one is not None), None)
