"""Remove from a conversation what a member of the same format refuses: what another provider wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossroute.calls.tools import READABLE, readable_id
from crossroute.serve.members import Member

REASONING = ("reasoning_content", "reasoning", "reasoning_details")
"""Where hosts of open weights put reasoning, which OpenAI's own API takes in no message."""


def fitted(messages: Any, member: Member) -> list[Any] | None:
    """Return messages as a member's API takes them; None where they stay as they came."""
    if not isinstance(messages, Sequence) or isinstance(messages, str):
        return None
    fit = _for_anthropic if member.speaks == "anthropic" else _for_openai
    changed = [fit(one, member) if isinstance(one, Mapping) else one for one in messages]
    return None if all(new is old for new, old in zip(changed, messages, strict=True)) else changed


def _for_anthropic(message: Mapping[str, Any], _: Member) -> Mapping[str, Any]:
    """Return a message without reasoning that no model of Anthropic's signed."""
    content = message.get("content")
    if message.get("role") != "assistant" or not isinstance(content, list):
        return message
    kept = [block for block in content if not _is_unsigned(block)]
    return message if len(kept) == len(content) else {**message, "content": kept}


def _is_unsigned(block: Any) -> bool:
    return isinstance(block, Mapping) and block.get("type") == "thinking" and not block.get("signature")


def _for_openai(message: Mapping[str, Any], member: Member) -> Mapping[str, Any]:
    """Return a message with ids that every host takes, and for OpenAI without reasoning."""
    update: dict[str, Any] = {}
    calls = message.get("tool_calls") or []
    if any(not READABLE.fullmatch(str(call.get("id") or "")) for call in calls):
        update["tool_calls"] = [
            {**call, "id": readable_id(call.get("id"), str(at))} for at, call in enumerate(calls)
        ]
    answered = message.get("tool_call_id")
    if isinstance(answered, str) and not READABLE.fullmatch(answered):
        update["tool_call_id"] = readable_id(answered)
    at_openai = member.places[0].host == "api.openai.com"
    if message.get("role") == "developer" and not at_openai:  # which takes either, and many hosts do not
        update["role"] = "system"
    changed = {**message, **update} if update else message
    if at_openai and not changed.keys().isdisjoint(REASONING):
        return {name: value for name, value in changed.items() if name not in REASONING}
    return changed
