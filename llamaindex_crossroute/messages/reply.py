"""Read an answer's text, tokens, end and faults, and attach a decision to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.tools import BaseTool
from pydantic import BaseModel

from crossroute.calls.counting import get_field, read_response, read_usage
from crossroute.calls.ending import UNENDED
from crossroute.calls.reply import Reply
from crossroute.calls.spend import Usage, sum_stream
from llamaindex_crossroute.messages.tool_calls import asks_for_tools, describe_misfit, find_tool_flaw

if TYPE_CHECKING:
    from llamaindex_crossroute.probe import UsageProbe

T = TypeVar("T")

KEY = "crossroute"
"""Key of the decision in a response's `additional_kwargs`; those of its message are unchanged."""

RESPONSES = (ChatResponse, CompletionResponse)
Response = ChatResponse | CompletionResponse

R = TypeVar("R", bound=BaseModel)
"""A ChatResponse or a CompletionResponse, or a child of one."""

REASONS = ("finish_reason", "stop_reason", "stopReason", "done_reason", "reason")
"""Providers' names of the finish reason."""
WHY = ("delta", "incomplete_details")
"""Further places of the finish reason, besides the answer itself and its first choice."""
EVENTS = ("content_block", "message", "response.")
"""Prefixes of event types, of Anthropic and of OpenAI's Responses API."""


def stamp(response: R, stamp: dict[str, Any]) -> R:
    """Return a copy of a response with its decision; `raw`, message and all other fields are unchanged."""
    kwargs: dict[str, Any] = getattr(response, "additional_kwargs", {})
    return response.model_copy(update={"additional_kwargs": {**kwargs, KEY: stamp}})


def find_candidate(response: ChatResponse) -> str | None:
    """Return the member that a response names, or None."""
    stamp = response.additional_kwargs.get(KEY)
    return stamp.get("candidate") if isinstance(stamp, dict) else None


@dataclass(frozen=True)
class MemberResult(Generic[T]):
    """The result of a member's endpoint.

    Attributes:
        value: The returned value, with a stream as the list of its chunks; None after an error.
        error: The endpoint's error about an answer that did not fit its schema.
        message: The message, if the caller gets one.
    """

    value: T | None = None
    error: Exception | None = None
    message: ChatMessage | None = None


def read_answer(
    value: T, probe: UsageProbe, llm: Any, tools: Sequence[BaseTool]
) -> tuple[MemberResult[T], Reply]:
    """Return the result of a member's endpoint, and its facts.

    Args:
        value: The returned value.
        probe: The facts from the call's LLM events.
        llm: The member.
        tools: The call's tools.
    """
    parts = value if isinstance(value, list) else [value]
    own = [part for part in parts if isinstance(part, RESPONSES)]
    told = own or probe.chunks or probe.responses[-1:]
    last = parts[-1] if parts else None
    chat = last if isinstance(last, ChatResponse) else None
    facts = _build_reply(
        told,
        text=_join_text(parts),
        usage=probe.took(sum_stream(map(usage_of, own))),
        cost=probe.cost,
        schema_error=find_tool_flaw(chat, llm, tools) if chat else None,
        asks_for_tools=chat is not None and asks_for_tools(chat.message),
    )
    return MemberResult(value=value, message=chat.message if chat else None), facts


def read_unfit(error: Exception, probe: UsageProbe) -> tuple[MemberResult[Any], Reply]:
    """Return the result and the facts of an answer that did not fit its schema."""
    told = probe.chunks or probe.responses[-1:]
    facts = _build_reply(
        told, text=_join_text(told), usage=probe.usage, cost=probe.cost, schema_error=describe_misfit(error)
    )
    return MemberResult(error=error), facts


def text_of(response: Response) -> str:
    """Return the text of an answer."""
    if isinstance(response, ChatResponse):
        return response.message.content or ""
    return response.text


def usage_of(response: Response) -> Usage | None:
    """Return the tokens of a response as stated by its provider, or None."""
    usage = read_response(response.raw)
    if usage is None:
        kept = response.additional_kwargs
        usage = next(filter(None, map(read_usage, (kept.get("usage"), kept))), None)
    return usage


def finish_reason(response: Response) -> str | None:
    """Return the provider's finish reason of an answer, or None."""
    words = (get_field(place, name) for place in _find_reasons(response.raw) for name in REASONS)
    words = (value.name if isinstance(value, Enum) else value for value in words)
    told = next((word for word in words if isinstance(word, str) and word), None)
    return told or _read_status(_find_response(response.raw))


def _find_reasons(raw: Any) -> Iterator[Any]:
    """Yield the places where a provider may state the finish reason, the usual ones first."""
    places = (first_choice(raw), raw, *(get_field(raw, name) for name in WHY))
    yield from (place for place in places if place is not None)
    whole = _find_response(raw)
    if whole is not None and whole is not raw:
        yield from (place for name in WHY if (place := get_field(whole, name)) is not None)


def states_end(response: Response) -> bool:
    """Return whether a response or a chunk is in a format with finish reasons.

    OpenAI's and Google's have choices, Anthropic's have events or a stop reason, Ollama's state whether they are done,
    and those of OpenAI's Responses API have a status.
    """
    raw = response.raw
    return (
        get_field(raw, "choices") is not None
        or first_choice(raw) is not None
        or str(get_field(raw, "type")).startswith(EVENTS)
        or isinstance(get_field(raw, "done"), bool)
        or _find_response(raw) is not None
    )


def is_finished(response: Response) -> bool:
    """Return whether a response or a chunk states a finish reason."""
    return finish_reason(response) is not None or get_field(response.raw, "done") is True


def _find_response(raw: Any) -> Any:
    """Return the response of OpenAI's Responses API in an answer or an event, or None."""
    inner = get_field(raw, "response")
    places = (place for place in (raw, inner) if get_field(place, "object") == "response")
    return next(places, None)


def _read_status(whole: Any) -> str | None:
    """Return the final status of an answer of the Responses API, or None before its end."""
    status = get_field(whole, "status")
    return status if isinstance(status, str) and status not in UNENDED else None


def read_logprobs(response: Response) -> tuple[float, ...]:
    """Return the log-probability of each token of a response or a chunk; may be empty."""
    told = get_field(first_choice(response.raw), "logprobs")
    content = get_field(told, "content")
    if content:
        numbers = [get_field(token, "logprob") for token in content]
    else:
        numbers = get_field(told, "token_logprobs") or [
            best[0].logprob for best in response.logprobs or () if best
        ]
    return tuple(float(number) for number in numbers if isinstance(number, (int, float)))


def first_choice(raw: Any) -> Any:
    """Return the first choice in a provider's response, or None."""
    choices = get_field(raw, "choices") or get_field(raw, "candidates")
    return choices[0] if isinstance(choices, Sequence) and choices else None


def _build_reply(
    told: Sequence[Response],
    *,
    text: str,
    usage: Usage | None,
    cost: float | None,
    schema_error: str | None,
    asks_for_tools: bool = False,
) -> Reply:
    """Return the facts of an answer; `told` has its responses, or the chunks of a stream."""
    return Reply(
        text=text,
        logprobs=tuple(number for response in told for number in read_logprobs(response)) or None,
        finish_reason=_find_latest(map(finish_reason, told)),
        usage=usage,
        cost=cost,
        schema_error=schema_error,
        asks_for_tools=asks_for_tools,
        refused=any(map(_is_refused, told)),
    )


def _is_refused(response: Response) -> bool:
    choice = first_choice(response.raw)
    said = get_field(choice, "message") or get_field(choice, "delta")
    return bool(get_field(said, "refusal"))


def _join_text(parts: Sequence[Any]) -> str:
    """Return the text of an answer from its parts: each response or object contains the earlier ones, words do not."""
    last = parts[-1] if parts else ""
    if isinstance(last, ChatResponse):
        return last.message.content or ""
    if isinstance(last, CompletionResponse):
        return last.text
    if isinstance(last, BaseModel):
        return last.model_dump_json()
    return "".join(part for part in parts if isinstance(part, str))


def _find_latest(found: Iterable[Any]) -> Any:
    return next((one for one in reversed(list(found)) if one is not None), None)
