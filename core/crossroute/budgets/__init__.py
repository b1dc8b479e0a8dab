"""Budgets: USD that calls may take in a period, kept over processes and restarts, and paced over the day."""

from __future__ import annotations

from collections.abc import Sequence

from crossroute.budgets.budget import Budget, day_shape
from crossroute.budgets.spending import Spending

__all__ = ["Budget", "Budgets", "Spending", "day_shape", "pacer_of"]

Budgets = Budget | Sequence[Budget] | None
"""As the integrations take them."""


def make_pacer(budgets: Budgets) -> Spending | None:
    """Return what keeps calls within budgets; None where there are none."""
    return Spending(budgets) if budgets else None
