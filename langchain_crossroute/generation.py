"""`generate`: several conversations at once, each routed by itself, all generations of each kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult

from langchain_crossroute.asked import CONFIG
from langchain_crossroute.call import Call


def generation_calls(
    call: Callable[..., Call], messages: Sequence[list[BaseMessage]], given: dict[str, Any]
) -> list[Call]:
    """Return a call for each conversation; the run id, which can be one's only, is the first one's.

    Args:
        call: (input, config, keywords) -> the call.
        messages: The conversations.
        given: Keywords of `generate`: parts of a config, and what is for the member.
    """
    config = {key: given[key] for key in CONFIG if given.get(key) is not None}
    kwargs = {key: value for key, value in given.items() if key not in CONFIG}
    later = {key: value for key, value in config.items() if key != "run_id"}
    return [call(one, later if place else config, dict(kwargs)) for place, one in enumerate(messages)]


def merged(results: Sequence[LLMResult]) -> LLMResult:
    """Return several results as one; what only the members' results say of the whole is the first one's."""
    runs = [run for result in results for run in result.run or []]
    return LLMResult(
        generations=[generations for result in results for generations in result.generations],
        llm_output=results[0].llm_output if results else None,
        run=runs or None,
    )
