"""Convert grades on several scales to quality in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

Scale = Literal["quality", "thumbs", "stars"]
"""quality: a number in [0, 1]. thumbs: up or down, True or False, 1 or -1. stars: 1 to 5."""

UP = frozenset({"up", "+1", "1", "true", "yes", "good", "👍"})
DOWN = frozenset({"down", "-1", "0", "false", "no", "bad", "👎"})


def to_quality(grade: float | bool | str, scale: Scale = "quality") -> float:
    """Convert a grade to quality in [0, 1].

    Raises:
        ValueError: The scale is unknown, or the grade is not on it.

    >>> to_quality("up", "thumbs"), to_quality(4, "stars"), to_quality(0.3)
    (1.0, 0.75, 0.3)
    """
    check_scale(scale)
    quality = _READ[scale](grade)
    if quality is None:
        raise ValueError(f"{grade!r} is not on the scale {scale!r}; expected {_EXPECTED[scale]}.")
    return quality


def check_scale(scale: str) -> None:
    """Check the name of a scale.

    Raises:
        ValueError: It is unknown.
    """
    if scale not in get_args(Scale):
        raise ValueError(f"Unknown scale {scale!r}; expected one of {', '.join(get_args(Scale))}.")


def _thumb(grade: object) -> float | None:
    said = f"{grade:g}" if isinstance(grade, float) else str(grade).strip().lower()
    return 1.0 if said in UP else 0.0 if said in DOWN else None


def _share(grade: object) -> float | None:
    number = _number(grade)
    return number if number is not None and 0 <= number <= 1 else None


def _stars(grade: object) -> float | None:
    number = _number(grade)
    return (number - 1) / 4 if number is not None and 1 <= number <= 5 else None


def _number(grade: object) -> float | None:
    try:
        return float(grade)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


_READ: dict[str, Callable[[object], float | None]] = {"quality": _share, "thumbs": _thumb, "stars": _stars}
_EXPECTED = {"quality": "a number in [0, 1]", "thumbs": "up or down", "stars": "a number from 1 to 5"}
