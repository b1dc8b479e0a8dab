"""What an answer tells of itself, as the core wants it: facts, no judgement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata, add_usage

from crossroute.calls.reply import Reply
from langchain_crossroute.messages.stamp import message_of, usage_of
from langchain_crossroute.messages.tool_calls import tool_flaw

LOGPROBS = "logprobs"
FINISH = ("finish_reason", "stop_reason", "stopReason", "done_reason")
DONE = ("status", "done")
"""What else says that an answer ended: OpenAI's Responses API and Ollama."""
FINISHING = frozenset(
    [
        "openai",
        "anthropic",
        "google_genai",
        "ollama",
        "groq",
        "mistralai",
        "fireworks",
        "xai",
        "deepseek",
        "bedrock_converse",
    ]
)
"""Providers that tell why an answer ended, unless it is cut."""
PARSED = frozenset({"raw", "parsed", "parsing_error"})
"""Keys of structured output with `include_raw`."""


class Taken(NamedTuple):
    """What asking a member brought.

    Attributes:
        answer: A message, an `LLMResult`, or structured output with its message; None where only an error tells.
        usage: Its tokens.
        asked_logprobs: Whether its log-probabilities are there because we asked.
        error: Why the answer could not be read, where the member raised that.
    """

    answer: Any
    usage: UsageMetadata | None
    asked_logprobs: bool
    error: Exception | None = None


def reply_of(
    taken: Taken, tools: Sequence[Any] = (), *, others: bool = False, structured: bool = False
) -> Reply:
    """Return the facts of an answer.

    Args:
        taken: What asking brought.
        tools: The tools that came with the call.
        others: Whether there may be tools beside these.
        structured: Whether the answer was to fit a schema; its tool calls then are its content.
    """
    usage = usage_of(taken.usage)
    message = message_of(taken.answer)
    error = _schema_error(taken) if structured else None
    if message is None:
        text = "" if taken.answer is None or error else _text(taken.answer)
        return Reply(text=text, usage=usage, schema_error=error)
    flaw = error if structured else tool_flaw(message, tools, others=others)
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    return Reply(
        text=_text(calls[0]["args"]) if structured and calls else str(message.text),
        logprobs=logprobs_of(message),
        finish_reason=finish_reason_of(message),
        usage=usage,
        schema_error=flaw,
        asks_for_tools=bool(calls) and not structured,
        refused=_refuses(message),
    )


def finish_reason_of(message: AIMessage) -> str | None:
    """Return why an answer ended, as its provider spells it."""
    metadata = message.response_metadata
    stopped = metadata.get("incomplete_details")  # OpenAI's Responses API
    told = [stopped.get("reason")] if isinstance(stopped, dict) else []
    told += [metadata.get(key) for key in FINISH]
    blocked = metadata.get("prompt_feedback")  # Google's
    told += [blocked.get("block_reason")] if isinstance(blocked, dict) else []
    return next((reason for reason in told if isinstance(reason, str)), None)


def tells_its_end(message: AIMessage) -> bool:
    """Return whether an answer, or a chunk of one, is of a provider that tells why answers end."""
    return message.response_metadata.get("model_provider") in FINISHING


def is_finished(message: AIMessage) -> bool:
    """Return whether an answer, or a chunk of one, tells why it ended."""
    return bool(finish_reason_of(message)) or any(message.response_metadata.get(key) for key in DONE)


def summed(parts: Sequence[UsageMetadata | None]) -> UsageMetadata | None:
    """Return the tokens of several answers together, or None where none are known."""
    total: UsageMetadata | None = None
    for part in filter(None, parts):
        total = add_usage(total, part) if total else part
    if total is not None and "total_cost" in total:  # LangChain's mark of a cache hit: not of the sum
        total = UsageMetadata(**{key: value for key, value in total.items() if key != "total_cost"})  # type: ignore[typeddict-item]
    return total


def logprobs_of(message: AIMessage) -> tuple[float, ...] | None:
    """Return the log-probability of each token of an answer, or None where it tells none."""
    told = message.response_metadata.get(LOGPROBS)
    tokens = told.get("content") if isinstance(told, dict) else told
    if not isinstance(tokens, list):
        return None
    values = [token.get("logprob") for token in tokens if isinstance(token, dict)]
    return tuple(float(value) for value in values if isinstance(value, (int, float))) or None


def without_logprobs(message: AIMessage) -> AIMessage:
    """Return an answer without log-probabilities that its caller did not ask for."""
    kept = {key: value for key, value in message.response_metadata.items() if key != LOGPROBS}
    return message.model_copy(update={"response_metadata": kept})


def _schema_error(taken: Taken) -> str | None:
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


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str)
