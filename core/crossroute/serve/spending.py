"""Budgets of the server: of its file, and of its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from crossroute.budgets import Budget, Spending
from crossroute.budgets.state import State, open_state
from crossroute.decision import Decision
from crossroute.serve.keys import Key, Keys
from crossroute.serve.settings import ServerBudget


class KeyBudgets:
    """The pacer of a server's dispatcher: budgets that follow the file of keys.

    Args:
        keys: The keys.
        budgets: Budgets in the server's file; those with a state keep it.
        state: The store of spending.
        opening: Opens the store.
    """

    def __init__(
        self,
        keys: Keys,
        budgets: Iterable[ServerBudget | Budget],
        state: str,
        opening: Callable[[str | Path | None], State] = open_state,
    ) -> None:
        self._keys, self._state = keys, state
        self._opening = lru_cache(None)(opening)
        self._stated = tuple(
            Budget(**{**dict(budget), "state": getattr(budget, "state", None) or state}) for budget in budgets
        )
        self._of: tuple[Key, ...] | None = None
        self._spending = Spending(())

    @property
    def hold(self) -> bool:
        """Whether there is any budget."""
        return bool(self._current().budgets)

    def decide(
        self,
        route: Callable[[float | None], Decision],
        *,
        usual: float,
        asked: float | None = None,
        keys: Iterable[str] = (),
    ) -> Decision:
        """Return the decision that the budgets allow."""
        current = self._current()
        if not current.budgets:
            return route(None)
        return current.decide(route, usual=usual, asked=asked, keys=keys)

    def holds(self, decision: Decision) -> bool:
        """Return whether a call counts on any budget."""
        return bool(decision.budgets)

    def reserve(self, decision: Decision) -> None:
        """Set the decision's predicted cost aside."""
        self._current().reserve(decision)

    def settle(self, decision: Decision, cost: float | None) -> None:
        """Replace the reservation by the actual cost."""
        self._current().settle(decision, cost)

    def charge(self, decision: Decision, cost: float) -> None:
        """Count spending other than for candidates' calls."""
        self._current().charge(decision, cost)

    def _current(self) -> Spending:
        keys = self._keys.all
        if keys != self._of:
            own = (
                Budget(usd=key.usd, per=key.per, key=key.label, then="refuse", state=self._state)
                for key in keys
                if key.usd is not None
            )
            self._of, self._spending = keys, Spending((*self._stated, *own), opening=self._opening)
        return self._spending
