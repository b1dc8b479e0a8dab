"""Read an answer's text, tokens, cost and end, and attach a decision to it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig

from crossroute import Decision
from crossroute.calls.counting import read_cost, read_count, read_response, read_usage, set_tier
from crossroute.calls.dialects import words
from crossroute.calls.ending import UNENDED, is_failed
from crossroute.calls.reply import Reply
from crossroute.calls.spend import TIERS, Usage, sum_output
from crossroute.tokens import estimate_tokens
from langchain_crossroute.messages.reading import to_answer
from langchain_crossroute.messages.tool_calls import find_tool_flaw

KEY = "crossroute"
"""Key of the decision in an answer's `response_metadata` and in a trace's metadata."""

NUMBERS = ("quality", "cost", "cost_preference", "willingness_to_pay")
"""Numeric fields of a decision in traces."""

LOGPROBS = "logprobs"
FINISH = ("finish_reason", "stop_reason", "stopReason", "done_reason")
DONE = ("status", "done")
"""Other fields that state the end of an answer: OpenAI's Responses API and Ollama."""
FINISHING = words(
    "openai anthropic google_genai ollama groq mistralai fireworks xai deepseek bedrock_converse"
)
"""Providers that state a finish reason in each complete answer."""
COUNTING = frozenset({"google_genai"})
"""Providers whose chunks state the tokens so far."""
CACHE = frozenset({"cache_read", "cache_creation"})
"""Token counts that some classes omit."""
PICTURES = frozenset({"image", "image_url"})
"""Types of blocks with a picture."""
PARSED = frozenset({"raw", "parsed", "parsing_error"})
"""Keys of structured output with `include_raw`."""

M = TypeVar("M", bound=AIMessage)


def stamp(message: M, decision: Decision) -> M:
    """Return a copy of an answer with its decision.

    A copy, since the answer may be in the member's cache.
    """
    metadata = {**message.response_metadata, KEY: decision.as_json()}
    return message.model_copy(update={"response_metadata": metadata})


def make_trace_config(decision: Decision) -> RunnableConfig:
    """Return a config with the tags and metadata of a decision, for inner runs."""
    return {"tags": [f"{KEY}:{decision.candidate}"], "metadata": {KEY: summarize_for_trace(decision)}}


def summarize_for_trace(decision: Decision) -> dict[str, Any]:
    """Return the fields of a decision for traces: the numbers and the reasons, without alternatives."""
    told = {name: getattr(decision, name) for name in NUMBERS}
    numbers = {name: None if value is None or math.isnan(value) else value for name, value in told.items()}
    return {
        "decision_id": decision.id,
        "candidate": decision.candidate,
        **numbers,
        "reasons": [*decision.reasons],
        "failures": [failure.model_dump(mode="json") for failure in decision.failures],
    }


def find_message(answer: Any) -> AIMessage | None:
    """Return the message of an answer: itself, the raw part of a parsed one, or a first generation's."""
    if isinstance(answer, dict):
        answer = answer.get("raw")
    elif isinstance(answer, LLMResult):
        answer = getattr(answer.generations[0][0], "message", None)
    return to_answer(answer) if isinstance(answer, BaseMessage) else None


def replace_message(answer: Any, message: AIMessage) -> Any:
    """Replace the message of an answer that `find_message` returned."""
    if isinstance(answer, dict):
        return {**answer, "raw": message}
    if isinstance(answer, LLMResult):
        first, *others = answer.generations[0]
        first = first.model_copy(update={"message": message})
        return answer.model_copy(update={"generations": [[first, *others]]})
    return message


class MemberResult(NamedTuple):
    """The result of a member's call.

    Attributes:
        answer: A message, an `LLMResult`, or structured output with its message; None if there is only an error.
        usage: Tokens of the answer.
        asked_logprobs: Whether the pool requested its log-probabilities.
        error: The member's error about an unreadable answer.
    """

    answer: Any
    usage: UsageMetadata | None
    asked_logprobs: bool
    error: Exception | None = None


def build_reply(
    taken: MemberResult,
    tools: Sequence[Any] = (),
    *,
    others: bool = False,
    structured: bool = False,
    amid: bool = False,
) -> Reply:
    """Return the facts of an answer.

    Args:
        taken: The result of the call.
        tools: The tools that came with the call.
        others: Whether there may be other tools.
        structured: Whether the answer should fit a schema; then its tool calls are its content.
        amid: See `is_torn`.
    """
    usage = read_message_usage(taken.usage)
    message = find_message(taken.answer)
    error = _find_schema_error(taken) if structured else None
    if message is None:
        text = "" if taken.answer is None or error else _to_text(taken.answer)
        return Reply(text=text, usage=usage, schema_error=error)
    flaw = error if structured else find_tool_flaw(message, tools, others=others)
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    return Reply(
        text=_to_text(calls[0]["args"]) if structured and calls else str(message.text),
        logprobs=read_logprobs(message),
        finish_reason="incomplete" if is_torn(message, amid=amid) else read_finish_reason(message),
        usage=usage,
        schema_error=flaw,
        asks_for_tools=bool(calls) and not structured,
        refused=_refuses(message),
    )


def complete_usage(message: AIMessage) -> UsageMetadata | None:
    """Return an answer's tokens, completed from provider fields that LangChain does not read, such as a cache's."""
    usage, sent = message.usage_metadata, message.response_metadata.get("token_usage")
    details = (usage.get("input_token_details") if usage else None) or {}
    if not sent or details.keys() >= CACHE or (counts := read_usage(sent)) is None:
        return usage
    if usage is None or read_message_usage(usage) is None:
        read, written = counts.input_tokens, counts.output_tokens
        usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
    told = {"cache_read": counts.cached_input_tokens, "cache_creation": counts.cache_write_tokens}
    more = {name: count for name, count in told.items() if count and name not in details}
    return cast("UsageMetadata", {**usage, "input_token_details": {**details, **more}}) if more else usage


def read_message_usage(metadata: UsageMetadata | None) -> Usage | None:
    """Return the tokens of an answer; None if unreadable, zero for an answer from LangChain's cache."""
    if metadata is None or not isinstance(metadata, Mapping):
        return None
    if metadata.get("total_cost") == 0:  # how langchain-core marks a cache hit
        return Usage()
    details: dict[str, Any] = {**(metadata.get("input_token_details") or {})}
    written: dict[str, Any] = {**(metadata.get("output_token_details") or {})}
    read, answered = read_count(metadata.get("input_tokens")), read_count(metadata.get("output_tokens"))
    # LangChain converts `"usage": {}` to zeros
    if read is None or answered is None or not (read or answered):
        return None
    tier = next((name for name in TIERS if details.get(name) is not None), "")
    prefix = f"{tier}_" if tier else ""
    told = {name: read_count(count) or 0 for name, count in details.items()}
    made = {name: read_count(count) or 0 for name, count in written.items()}
    thought, total = made.get("reasoning", 0), read_count(metadata.get("total_tokens"))
    return Usage(
        input_tokens=read,
        output_tokens=sum_output(read, answered, thought, total),
        cached_input_tokens=told.get(f"{prefix}cache_read", 0),
        cache_write_tokens=told.get("ephemeral_5m_input_tokens") or told.get("cache_creation", 0),
        cache_write_1h_tokens=told.get("ephemeral_1h_input_tokens", 0),
        input_audio_tokens=told.get("audio", 0),
        output_audio_tokens=made.get("audio", 0),
        output_image_tokens=made.get("image", 0),
        tier=TIERS.get(tier, 1.0),
    )


def count_message(message: AIMessage) -> Usage | None:
    """Return the tokens of an answer, completed from its provider's fields that LangChain does not read."""
    usage, metadata = read_message_usage(message.usage_metadata), message.response_metadata
    if usage == Usage():
        return usage
    sent = metadata.get("token_usage")
    told = read_response({**metadata, "usage": sent or metadata.get("usage")})
    if usage is None:
        return _mark_media(told, message) if sent and told is not None else None
    if told is None:
        told = set_tier(Usage(), metadata)
    elif not usage.input_tokens:
        told = told.model_copy(update={"input_tokens": 0})
    return _mark_media(usage.completed(told), message)


def _mark_media(usage: Usage, message: AIMessage) -> Usage:
    """Count tokens that are not text as pictures or sound, if LangChain's class does not state which they are."""
    blocks = message.content if isinstance(message.content, list) else []
    kinds = {block.get("type") for block in blocks if isinstance(block, dict)}
    told = "image" if kinds & PICTURES else "audio" if message.additional_kwargs.get("audio") else ""
    if not told or usage.output_image_tokens or usage.output_audio_tokens:
        return usage
    details = message.usage_metadata.get("output_token_details") if message.usage_metadata else None
    thought = (details.get("reasoning") if details else None) or 0
    text = estimate_tokens(str(message.text)) if str(message.text) else 0
    rest = max(0, usage.output_tokens - text - thought)
    return Usage(**{**dict(usage), f"output_{told}_tokens": rest})


def read_message_cost(message: AIMessage) -> float | None:
    """Return the cost that an answer's provider states, USD, or None."""
    told = message.response_metadata
    return read_cost(told.get("token_usage"), told.get("usage"), told)


def read_finish_reason(message: AIMessage) -> str | None:
    """Return the finish reason of an answer in its provider's spelling, or None."""
    metadata = message.response_metadata
    stopped = metadata.get("incomplete_details")  # OpenAI's Responses API
    told = [stopped.get("reason")] if isinstance(stopped, dict) else []
    told += [metadata.get(key) for key in FINISH]
    blocked = metadata.get("prompt_feedback")  # Google's
    told += [blocked.get("block_reason")] if isinstance(blocked, dict) else []
    status = metadata.get("status")
    told += [status] if status and is_failed(status) else []
    return next((reason for reason in told if isinstance(reason, str)), None)


def states_end(message: AIMessage) -> bool:
    """Return whether an answer or a chunk is from a provider that states finish reasons."""
    return message.response_metadata.get("model_provider") in FINISHING


def is_finished(message: AIMessage) -> bool:
    """Return whether an answer or a chunk states a finish reason."""
    return bool(read_finish_reason(message)) or is_done(message)


def is_done(message: AIMessage) -> bool:
    """Return whether an answer or a chunk states its end without a reason."""
    told = (message.response_metadata.get(key) for key in DONE)
    return any(one and one not in UNENDED for one in told)


TORN = (
    "Call it again. If its server never states a finish reason, set stream_usage=True on the model, or turn off "
    "streaming with disable_streaming=True."
)
"""The remedy for an answer from a cut stream."""


def is_torn(message: AIMessage, *, amid: bool = False) -> bool:
    """Return whether an answer was built from a cut stream.

    A complete response has a field for the finish reason. An answer built from a stream has it, and token counts, only
    if they arrived, at the end of the stream.

    Args:
        message: The answer.
        amid: Whether its stream ended within a tool call, whose arguments LangChain completes.
    """
    told = message.response_metadata
    if read_finish_reason(message) or any(key in told for key in (*FINISH, *DONE)):
        return False
    if amid or not states_end(message):
        return amid
    return message.usage_metadata is None or told["model_provider"] in COUNTING


def sum_usage(parts: Sequence[UsageMetadata | None]) -> UsageMetadata | None:
    """Return the sum of several answers' tokens; None if none is known."""
    total: UsageMetadata | None = None
    for part in filter(None, parts):
        total = add_usage(total, part) if total else part
    # LangChain's mark of a cache hit, which does not apply to the sum
    if total is not None and "total_cost" in total:
        total = UsageMetadata(**{key: value for key, value in total.items() if key != "total_cost"})  # type: ignore[typeddict-item]
    return total


def read_logprobs(message: AIMessage) -> tuple[float, ...] | None:
    """Return the log-probability of each token of an answer, or None."""
    told = message.response_metadata.get(LOGPROBS)
    tokens = told.get("content") if isinstance(told, dict) else told
    if not isinstance(tokens, list):
        return None
    values = [token.get("logprob") for token in tokens if isinstance(token, dict)]
    return tuple(float(value) for value in values if isinstance(value, (int, float))) or None


def remove_logprobs(message: AIMessage) -> AIMessage:
    """Remove log-probabilities that the caller did not request."""
    kept = {key: value for key, value in message.response_metadata.items() if key != LOGPROBS}
    return message.model_copy(update={"response_metadata": kept})


def _find_schema_error(taken: MemberResult) -> str | None:
    if taken.error is not None:
        return f"the answer does not fit its schema: {type(taken.error).__name__}"
    if not isinstance(taken.answer, dict) or taken.answer.keys() != PARSED:
        return None if taken.answer is not None else "there is no structured output"
    error = taken.answer["parsing_error"]
    if error is not None:
        return f"the answer does not fit its schema: {type(error).__name__}"
    return "there is no structured output" if taken.answer["parsed"] is None else None


def _refuses(message: AIMessage) -> bool:
    blocks = message.content if isinstance(message.content, list) else []
    kinds = {block.get("type") for block in blocks if isinstance(block, dict)}
    return bool(message.additional_kwargs.get("refusal")) or "refusal" in kinds


def _to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str)
