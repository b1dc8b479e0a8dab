"""Efforts in each provider's keywords.

| provider | words |
|---|---|
| OpenAI, Chat Completions | `reasoning_effort="low"` |
| OpenAI, Responses | `reasoning={"effort": "low"}` |
| Anthropic, up to Sonnet 4.5 | `thinking={"type": "enabled", "budget_tokens": 8192}` |
| Anthropic, Opus 4.5 | the same, beside `output_config={"effort": "low"}` |
| Anthropic, later | `thinking={"type": "adaptive"}`, `output_config={"effort": "low"}` |
| Google, Gemini 2.5 | `thinking_budget=8192` |
| Google, later | `thinking_level="low"` |
| Ollama | `think=True`, or `think="low"` of gpt-oss |
| hosts of open weights | `reasoning_effort`, or a switch in the body: see `_switched` |

Source: the providers' API references as of November 2026, and the classes of langchain-openai 1.7, langchain-anthropic
1.7, langchain-google-genai 4.4, langchain-ollama 1.1 and LlamaIndex's of 0.14.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlsplit

from crossroute.catalogue import Catalogue, Entry
from crossroute.effort import OFF, EffortLevel

Api = Literal["openai", "openai_responses", "anthropic", "google", "ollama"]
"""A vocabulary; `openai` is Chat Completions, also of other hosts."""

LOG = logging.getLogger("crossroute.calls")

Words = dict[str, Any]
ANSWER = 4_096
"""Tokens for an answer without a stated length, in addition to any thinking budget."""

LEAST_BUDGET = 1_024
"""Tokens, the least that Anthropic takes."""

GENERATION_OF_BUDGETS = "gemini-2.5"
SWITCHED = ("none", "high")
"""The levels of models that only have a switch."""

OWN_HOSTS = ("", "api.openai.com")

LEVEL_FIELDS = ("reasoning_effort", "reasoning", "reasoning_options", "output_config", "thinking")
BUDGET_FIELDS = ("thinking", "thinking_dict", "thinking_budget")
"""Fields of chat models with an effort: a level, a switch, a budget, or a dict with one of them."""


def translate_effort(api: Api, model: str, effort: EffortLevel, *, base_url: str | None = None) -> Words:
    """Return the keywords that set a model's effort, as its provider spells them.

    Args:
        api: The vocabulary.
        model: Its name, as its provider spells it.
        effort: The effort.
        base_url: Its address, if not its provider's own.
    """
    found = Catalogue.bundled().find(model)
    return _WORDS[api](found.entry if found else None, effort, _host(base_url))


def adjust_to_thinking(words: Words, *, max_tokens: int | None, temperature: float | None) -> Words:
    """Return the limits that Anthropic's API requires in addition to the keywords of an effort.

    A thinking budget counts within `max_tokens`, so it is added to the answer's stated length. While a model
    thinks, the API only accepts a temperature of 1.

    Args:
        words: Keywords from `translate_effort`.
        max_tokens: The stated length of an answer, or None.
        temperature: The stated temperature.

    Source: https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking.

    >>> adjust_to_thinking({"thinking": {"budget_tokens": 16_000}}, max_tokens=2_000, temperature=0.2)
    {'max_tokens': 18000, 'temperature': 1.0}
    """
    thinking = words.get("thinking", {})
    if thinking.get("type") == "disabled":
        return {}
    budget, further = thinking.get("budget_tokens", 0), Words()
    if budget and (max_tokens is None or max_tokens <= budget):
        further["max_tokens"] = budget + (max_tokens or ANSWER)
    if temperature not in (None, 1):
        further["temperature"] = 1.0
    return further


def read_stated_effort(model: object) -> str | None:
    """Return the effort in a model's own fields, of LangChain's classes or LlamaIndex's; None without one.

    >>> class ChatOpenAI: reasoning = {"effort": "low"}
    >>> class Anthropic: thinking_dict = {"type": "enabled", "budget_tokens": 4_096}
    >>> read_stated_effort(ChatOpenAI()), read_stated_effort(Anthropic()), read_stated_effort(object())
    ('low', 'budget=4096', None)
    """
    level = next(filter(None, (_level_in(getattr(model, name, None)) for name in LEVEL_FIELDS)), None)
    budgets = (_budget_in(getattr(model, name, None)) for name in BUDGET_FIELDS)
    budget = next((budget for budget in budgets if budget is not None), None)
    return f"budget={budget}" if level is None and budget is not None and budget >= 0 else level


def warn_unsettable(kind: type) -> None:
    """Log that the effort of a class's models cannot be set."""
    LOG.warning(
        "%s has no field for effort; it is called as it was given. Set its effort on it.", kind.__name__
    )


def _openai(entry: Entry | None, effort: EffortLevel, host: str) -> Words:
    if host.endswith("openrouter.ai"):
        return {"extra_body": {"reasoning": _for_openrouter(effort)}}
    switches = entry is not None and (
        entry.levels == SWITCHED or (effort.level == OFF and entry.open_weights)
    )
    if entry and switches and host not in OWN_HOSTS:
        return {"extra_body": _switched(entry, effort, host)}
    return {"reasoning_effort": effort.level}


def _responses(entry: Entry | None, effort: EffortLevel, host: str) -> Words:
    return {"reasoning": {"effort": effort.level}}


def _anthropic(entry: Entry | None, effort: EffortLevel, host: str) -> Words:
    levels = entry.levels if entry else ()
    adapts = "max" in levels or (entry is not None and not entry.budgets)
    if effort.level == OFF:
        return {"thinking": {"type": "disabled"}}
    if adapts and effort.budget is None:
        thinks_anyway = entry is not None and (entry.reasoning == "always" or entry.thinks_untold)
        adaptive: Words = {} if thinks_anyway else {"thinking": {"type": "adaptive"}}
        return adaptive | {"output_config": {"effort": effort.level}}
    words: Words = {"thinking": {"type": "enabled", "budget_tokens": max(effort.tokens, LEAST_BUDGET)}}
    takes_effort = entry is not None and (entry.efforts_from or "").startswith("langchain-anthropic")
    return words | (
        {"output_config": {"effort": effort.level}} if takes_effort and effort.budget is None else {}
    )


def _google(entry: Entry | None, effort: EffortLevel, host: str) -> Words:
    by_budget = effort.budget is not None or (
        entry is not None and entry.name.startswith(GENERATION_OF_BUDGETS)
    )
    return {"thinking_budget": effort.tokens} if by_budget else {"thinking_level": effort.level}


def _ollama(entry: Entry | None, effort: EffortLevel, host: str) -> Words:
    if entry and entry.name.startswith("gpt-oss"):
        return {"think": effort.level}
    return {"think": effort.level != OFF}


_WORDS: dict[Api, Callable[[Entry | None, EffortLevel, str], Words]] = {
    "openai": _openai,
    "openai_responses": _responses,
    "anthropic": _anthropic,
    "google": _google,
    "ollama": _ollama,
}


def _level_in(stated: object) -> str | None:
    if isinstance(stated, bool):
        return "high" if stated else "none"
    level = stated.get("effort") if isinstance(stated, dict) else stated
    return level if isinstance(level, str) else None


def _budget_in(stated: object) -> int | None:
    budget = stated.get("budget_tokens") if isinstance(stated, dict) else stated
    return budget if isinstance(budget, int) and not isinstance(budget, bool) else None


def _for_openrouter(effort: EffortLevel) -> Words:
    if effort.level == OFF:
        return {"enabled": False}
    return {"effort": effort.level} if effort.budget is None else {"max_tokens": effort.budget}


def _switched(entry: Entry, effort: EffortLevel, host: str) -> Words:
    """Return the switch of open weights: by their maker's service, else as vLLM and SGLang hand it to the template."""
    on = effort.level != OFF
    if host.endswith(("deepseek.com", "z.ai", "bigmodel.cn", "moonshot.ai", "moonshot.cn")):
        return {"thinking": {"type": "enabled" if on else "disabled"}}
    if host.endswith("aliyuncs.com"):
        budget = {} if effort.budget is None or not on else {"thinking_budget": effort.budget}
        return {"enable_thinking": on} | budget
    switch = "thinking" if entry.maker == "deepseek" else "enable_thinking"
    return {"chat_template_kwargs": {switch: on}}


def _host(base_url: str | None) -> str:
    return (urlsplit(base_url).hostname or "") if base_url else ""
