"""Decide, reserve and settle calls within budgets."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from crossroute.budgets.budget import Budget
from crossroute.budgets.pacing import fair_price, step
from crossroute.budgets.state import Balance, Change, State, name_account, open_state
from crossroute.cache import LRUCache
from crossroute.decision import Decision, Held, format_usd
from crossroute.errors import BudgetSpentError

LOG = logging.getLogger("crossroute.budgets")

SETTLED = 65_536
"""Number of settled decisions that are remembered."""

CHEAPEST = 1e-12
"""USD: a willingness to pay at which the cheapest candidate is chosen."""


class Spending:
    """Enforces budgets on calls; safe to share between threads and asyncio tasks.

    The store may be slow: a locked file, a remote Redis. `decide` and `reserve` wait for it, so an event loop runs
    them in a thread. `settle` and `charge` return at once in an event loop, and a thread writes; until then the
    predicted cost stays reserved.

    Args:
        budgets: One, or several that all hold at once.
        clock: Returns seconds since 1970.
        opening: A budget's `state` -> the opened state.

    Raises:
        ValueError: Two budgets are alike.
        TypeError: One is no `Budget`.

    >>> Spending(Budget(usd=50, per="day"))
    Spending($50 a day)
    """

    def __init__(
        self,
        budgets: Budget | Iterable[Budget],
        *,
        clock: Callable[[], float] = time.time,
        opening: Callable[[str | Path | None], State] = open_state,
    ) -> None:
        self.budgets = (budgets,) if isinstance(budgets, Budget) else tuple(budgets)
        for each in self.budgets:
            if not isinstance(each, Budget):
                raise TypeError(
                    f"Expected a Budget, or several, such as Budget(usd=50, per='day'); got {each!r}."
                )
        self._clock = clock
        places = {budget.state for budget in self.budgets}
        self._states = {place: opening(place) for place in places}
        self._budget = {str(budget): budget for budget in self.budgets}
        self._settled = LRUCache[str, bool](SETTLED)
        self._told = not self.budgets
        if len(self._budget) < len(self.budgets):
            raise ValueError(f"Two budgets are alike, {', '.join(map(str, self.budgets))}: give each a name.")

    def decide(
        self,
        route: Callable[[float | None], Decision],
        *,
        usual: float,
        asked: float | None = None,
        keys: Iterable[str] = (),
    ) -> Decision:
        """Return the decision that the budgets allow.

        Args:
            route: Decides at a willingness to pay in USD; at the caller's settings for None.
            usual: The willingness to pay of these settings, USD.
            asked: The same, if the caller stated it: pacing then goes no higher.
            keys: Of the call.

        Raises:
            BudgetSpentError: A budget that refuses calls has too little left.
        """
        keys = frozenset({keys} if isinstance(keys, str) else keys)
        accounts = self._accounts(keys, usual)
        if not accounts and not self._told:
            self._told = True
            LOG.warning(
                "A call with %s counts on none of the budgets (%s), and nothing holds what it spends. It is told once.",
                f"the keys {', '.join(map(repr, sorted(keys)))}" if keys else "no budget key",
                ", ".join(self._budget),
            )
        paced = [account for account in accounts if account.pay is not None]
        allowed = min((account.pay or 0.0 for account in paced), default=math.inf)
        paced_below = bool(paced) and (asked is None or allowed < asked)
        decision = route(allowed if paced_below else None)
        held = {account.name for account in paced if paced_below and account.pay == allowed}
        short = [account for account in accounts if _exceeds(decision, account.left)]
        if short:
            decision = route(CHEAPEST)
            held = {account.name for account in short}
            for account in short:
                if account.budget.then == "refuse" and _exceeds(decision, account.left):
                    raise BudgetSpentError(str(account.budget), account.left, account.until)
        for account in accounts:
            if account.name in held:
                decision = decision.because(account.reason(short=bool(short)))
        found = tuple(account.held(account.name in held) for account in accounts)
        return decision.model_copy(update={"budgets": found})

    def holds(self, decision: Decision) -> bool:
        """Return whether a call counts for any of the budgets."""
        return bool(decision.budgets)

    def reserve(self, decision: Decision) -> None:
        """Count the decision's predicted cost as spent.

        Raises:
            BudgetSpentError: Other calls have spent the money of a budget that refuses calls.
        """
        amount = _predicted(decision)
        over = self._add(decision, lambda held, budget: self._reservation(held, budget, amount))
        if over is not None:
            raise BudgetSpentError(over.budget, 0.0, over.until)

    def settle_once(self, decision: Decision, cost: float | None) -> None:
        """Settle the one call of a decision; see `settle`.

        Raises:
            ValueError: It was settled already.
        """
        if self._settled.get(decision.id):
            raise ValueError(
                f"The decision {decision.id} was settled already: settled twice, what was reserved for it would be "
                "given back twice. Settle each call once, by the decision that was made for it."
            )
        self._settled.put(decision.id, True)
        self.settle(decision, cost)

    def settle(self, decision: Decision, cost: float | None) -> None:
        """Replace the reserved cost of a call by the actual one.

        Args:
            decision: The reserved one.
            cost: USD; 0 without an answer. None where it is not known: the predicted cost stays spent.
        """
        reserved = _predicted(decision)
        if cost is not None and not _can_be_paid(cost):
            cost = None
        took = reserved if cost is None else cost
        answered = cost is None or cost > 0 or reserved == 0
        self._write(
            decision,
            lambda held, budget: self._settlement(held, budget, took - reserved, took if answered else None),
        )

    def charge(self, decision: Decision, cost: float) -> None:
        """Count costs of a call in addition to its candidates': a judge's, say."""
        if _can_be_paid(cost):
            self._write(decision, lambda held, budget: Change(held.account, _end(held), spent=cost))

    def __repr__(self) -> str:
        return f"Spending({', '.join(self._budget)})"

    def _accounts(self, keys: frozenset[str], usual: float) -> list[_Account]:
        now = self._clock()
        return [
            _Account.at(budget, name, self._states[budget.state], now, usual)
            for budget in self.budgets
            for name in budget.accounts(keys)
        ]

    def _write(self, decision: Decision, change: Callable[[Held, Budget], Change]) -> None:
        """Make a change without a limit, in a thread if called in an event loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._add_or_tell(decision, change)
        else:
            loop.run_in_executor(None, self._add_or_tell, decision, change)

    def _add_or_tell(self, decision: Decision, change: Callable[[Held, Budget], Change]) -> None:
        """Make a change for an answered call, which is paid for; log it if it cannot be written."""
        try:
            self._add(decision, change)
        except Exception as error:
            LOG.warning("What a call took was not counted, its predicted cost stays spent: %s", error)

    def _add(self, decision: Decision, change: Callable[[Held, Budget], Change]) -> Held | None:
        """Make a change on each account of a decision; if one does not allow it, make none and return that one."""
        made: list[tuple[State, list[Change]]] = []
        for place, state in self._states.items():
            mine = [
                (held, budget)
                for held in decision.budgets
                if (budget := self._budget.get(held.budget)) is not None and budget.state == place
            ]
            changes = [change(*one) for one in mine]
            over = state.add(changes) if changes else None
            if over is not None:
                for other, done in made:
                    other.add([each._replace(spent=-each.spent, limit=None) for each in done])
                return next(held for held, _ in mine if held.account == over)
            made.append((state, changes))
        return None

    def _reservation(self, held: Held, budget: Budget, amount: float) -> Change:
        since = budget.elapsed(self._clock()) if budget.pace else 0.0
        limit = budget.usd if budget.then == "refuse" else None
        return Change(held.account, _end(held), spent=amount, since=min(max(since, 0.0), 1.0), limit=limit)

    def _settlement(self, held: Held, budget: Budget, spent: float, took: float | None) -> Change:
        """Return the change that settles a call, with its step where the budget is paced."""
        change = Change(held.account, _end(held), spent=spent, calls=float(took is not None))
        if not budget.pace or took is None or held.willingness_to_pay is None:
            return change
        now = self._clock()
        account = held.account.rpartition("@")[0]
        period = budget.period(now)
        if name_account(account, period.begin) != held.account:  # it ended meanwhile
            return change
        today, before = _balances(budget, account, self._states[budget.state], now)
        today = today._replace(spent=today.spent + spent)
        fair = fair_price(budget.usd, today, before, budget.elapsed(now))
        start = math.log(held.willingness_to_pay)
        log_pay = start if today.log_pay is None else today.log_pay
        return change._replace(start=start, step=step(log_pay, took, fair, today.calls))


class _Account(NamedTuple):
    """An account at the time of a call."""

    budget: Budget
    name: str
    left: float
    until: float | None
    pay: float | None

    @classmethod
    def at(cls, budget: Budget, account: str, state: State, now: float, usual: float) -> _Account:
        begin, end = budget.period(now)
        today, before = _balances(budget, account, state, now)
        pay = None
        if budget.pace:
            log_pay = today.log_pay if today.log_pay is not None else before.log_pay
            pay = usual if log_pay is None else math.exp(log_pay)
        until = None if math.isinf(end) else end
        return cls(budget, name_account(account, begin), budget.usd - today.spent, until, pay)

    def held(self, held: bool) -> Held:
        return Held(
            budget=str(self.budget),
            account=self.name,
            left=self.left,
            until=self.until,
            willingness_to_pay=self.pay,
            held=held,
        )

    def reason(self, *, short: bool) -> str:
        left = f"the budget of {self.budget} has {format_usd(max(self.left, 0.0))} left"
        return f"{left}: the cheapest" if short else f"{left}: paced to {format_usd(self.pay or 0.0)} to pay"


def _balances(budget: Budget, account: str, state: State, now: float) -> tuple[Balance, Balance]:
    """Return an account's balance in this period and in the one before."""
    begin = budget.period(now).begin
    if not budget.pace:
        return state.read([name_account(account, begin)])[0], Balance()
    before = budget.period(begin - 1).begin
    today, earlier = state.read([name_account(account, begin), name_account(account, before)])
    return today, earlier


def _can_be_paid(cost: float) -> bool:
    """Return whether a number can be the cost of a call; log where it cannot, since it would spoil the sums."""
    if 0 <= cost < math.inf:
        return True
    LOG.warning("A call is said to have taken %r USD, which none can: that is not counted.", cost)
    return False


def _predicted(decision: Decision) -> float:
    """Return the predicted cost of a decision, USD; 0 without a prediction."""
    return 0.0 if math.isnan(decision.cost) else max(decision.cost, 0.0)


def _exceeds(decision: Decision, left: float) -> bool:
    return left <= 0 if math.isnan(decision.cost) else decision.cost > left


def _end(held: Held) -> float:
    return math.inf if held.until is None else held.until
