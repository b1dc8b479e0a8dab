"""What a pool can be relied on to do, and about how much a text costs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.model_profile import ModelProfile


def common_profile(models: Sequence[BaseChatModel]) -> ModelProfile | None:
    """Return what every model's profile allows: booleans by and, integers by minimum, all else where equal.

    What one model's profile is silent on is left out: to claim too much breaks callers, too little does not.
    """
    profiles = [cast("dict[str, Any]", model.profile or {}) for model in models]
    keys = set(profiles[0]).intersection(*profiles[1:]) if profiles else set()
    common = {key: _common([profile[key] for profile in profiles]) for key in sorted(keys)}
    return cast("ModelProfile", {key: value for key, value in common.items() if value is not None}) or None


def _common(values: list[Any]) -> Any:
    if all(isinstance(value, bool) for value in values):
        return all(values)
    if all(isinstance(value, int) for value in values):
        return min(values)
    return values[0] if all(value == values[0] for value in values) else None
