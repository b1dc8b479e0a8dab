"""A query's plan: the candidate to call first, and the next ones, by the decision's numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from crossroute.candidate import Candidate
from crossroute.decision import Decision, Promise
from crossroute.errors import FloorError
from crossroute.escalation import Escalation
from crossroute.escalation.agreement import SAME_WRONG
from crossroute.escalation.cascade import STOP, Forecast, choose_next_call
from crossroute.escalation.correlation import logit
from crossroute.escalation.evidence import Evidence, Kind
from crossroute.escalation.gain import NEVER
from crossroute.escalation.panel import Panel, Same
from crossroute.escalation.verifier import CHECK_ERROR, Verifier
from crossroute.numeric import sigmoid

TYPICAL_SECONDS = 1.0
"""Expected duration of a call before the first answer: that of the slowest model of gpt4o-llama-qwen."""

MOST_CANDIDATES = 16
"""Number of candidates, by reward, in the plan; the time of look-ahead grows with its square."""


class EscalationPlan:
    """Chooses the candidate to call first, whether to call another after an answer, and the best answer.

    Args:
        decision: Decision with the candidates, their predicted quality and cost, and the willingness to pay.
        candidates: Candidates that may be called; those without predictions are left out.
        verifier: Converts evidence to P(right).
        escalation: The limits, and whether a check or a judge sees the answers.
        silent: Candidates whose answers came without log-probabilities.
    """

    def __init__(
        self,
        decision: Decision,
        candidates: Sequence[Candidate],
        verifier: Verifier,
        escalation: Escalation,
        silent: Collection[str] = (),
    ) -> None:
        predicted = {
            a.candidate: a for a in decision.alternatives if a.excluded is None and not np.isnan(a.quality)
        }
        known = {candidate.name: candidate for candidate in candidates}
        self.names = [name for name in predicted if name in known][:MOST_CANDIDATES]
        self._candidates = [known[name] for name in self.names]
        self._decision, self._verifier, self._escalation = decision, verifier, escalation
        speaks = np.array([escalation.logprobs and name not in silent for name in self.names], dtype=bool)
        prior = np.array([[predicted[name].quality for name in self.names]])  # (1, m)
        cost = np.array([[predicted[name].cost for name in self.names]])
        signals = verifier.signals(self._candidates, speaks, self._opinion_error)
        self._forecast = Forecast(prior, cost, signals, escalation.usd_per_second * TYPICAL_SECONDS)
        alike = escalation.answers is not None and not speaks.any() and self._opinion_error is None
        self.compares = alike and min(escalation.max_calls, len(self.names)) > 2
        """Whether answers are judged, and calls planned, by agreement only."""

    @property
    def answers(self) -> Kind | None:
        """The expected kind of answers."""
        return self._escalation.answers

    def __len__(self) -> int:
        return len(self.names)

    def begin(self) -> Decision:
        """Return the decision for the best first candidate, given that another may be called.

        Raises:
            FloorError: The floor was proved for fewer calls.
        """
        decision, calls = self._decision, min(self._escalation.max_calls, len(self))
        if calls < 2:
            return decision
        floor = _find_promise(decision, self._escalation, calls)
        decision = decision.model_copy(update={"max_calls": calls, "floor": floor})
        first = self.choose_first()
        if first != decision.candidate:
            decision = decision.switched(first, f"{first} first: its answer may be good enough")
        return decision

    def choose_first(self) -> str:
        """Return the best candidate to begin with, given that another may be called."""
        budget = np.inf if self._escalation.max_cost is None else self._escalation.max_cost
        decision = self._decision
        if self.compares:
            calls = self._build_panel().calls(decision.willingness_to_pay, decision.reward, budget=budget)
            return self.names[int(calls.first[0])]
        column = self._forecast.first(decision.willingness_to_pay, decision.reward, budget=budget)
        return self.names[int(column[0])]

    def choose_next(
        self,
        called: Sequence[str],
        shifts: Sequence[float],
        left: float,
        barred: Collection[str] = (),
        *,
        seconds: float = TYPICAL_SECONDS,
        same: Same | None = None,
    ) -> str | None:
        """Return the candidate to call after these answers, or None if the best in hand should be returned.

        Args:
            called: Candidates that have answered, in order.
            shifts: Change of each answer's log-odds by its evidence; NaN without evidence.
            left: Maximum cost of a further call, USD.
            barred: Candidates that cannot be called now.
            seconds: Expected duration of a further call.
            same: Which of these answers agree, shape (r, r); None if unknown.
        """
        if self._is_compared(shifts, same):
            return self._choose_after_agreement(
                called, self._build_panel(called, shifts, barred, seconds), same, left
            )
        hand = self._forecast.hand(self._columns(called), np.array([shifts]))
        for name in barred:
            if name in self.names:
                hand.gain[0, self.names.index(name)] = NEVER
        pay, reward = self._decision.willingness_to_pay, self._decision.reward
        waiting = self._escalation.usd_per_second * seconds
        column = choose_next_call(
            hand.posterior, hand.gain, self._forecast.cost, pay, reward, waiting=waiting, budget=left
        )[0]
        return None if column == STOP else self.names[column]

    def posteriors(
        self, called: Sequence[str], shifts: Sequence[float], same: Same | None = None
    ) -> list[float]:
        """Return P(right) of each answer in hand."""
        if same is not None and self._is_compared(shifts, same):
            panel = self._build_panel(called, shifts)
            told: list[float] = panel.posterior(self._columns(called), same[None])[0].tolist()
            return told
        found: list[float] = (
            self._forecast.hand(self._columns(called), np.array([shifts])).posterior[0].tolist()
        )
        return found

    def prior(self, name: str, called: Sequence[str], shifts: Sequence[float]) -> float:
        """Return P(right) of a candidate's answer before it is seen, after the answers of others."""
        if not called:
            return float(self._forecast.prior[0, self.names.index(name)])
        hand = self._forecast.hand(self._columns(called), np.array([shifts]))
        return float(hand.prior[0, self.names.index(name)])

    def shift(self, name: str, evidence: Evidence) -> float:
        """Return the change of the log-odds of a candidate's answer by its evidence; NaN without evidence."""
        if self.compares:
            # agreement is used for all answers together, in `posteriors`
            evidence = evidence.model_copy(update={"agreement": None})
        if evidence.is_silent:
            return np.nan
        column, judge = self.names.index(name), self._escalation.judge
        if judge and judge.scale and evidence.judge is not None:
            others = evidence.model_copy(update={"judge": None})
            return judge.shift(evidence.judge) + float(np.nan_to_num(self.shift(name, others)))
        prior = float(self._forecast.prior[0, column])
        error = judge.error_rate if judge else CHECK_ERROR
        return self._verifier.shift(self._candidates[column], prior, evidence, judge_error=error)

    def _is_compared(self, shifts: Sequence[float], same: Same | None) -> bool:
        """Return whether agreement and form are the only evidence."""
        return self.compares and (same is not None or (len(shifts) < 2 and bool(np.isnan(shifts).all())))

    def _choose_after_agreement(
        self, called: Sequence[str], panel: Panel, same: Same | None, left: float
    ) -> str | None:
        """Return the candidate to call after one answer, or after two, which may agree."""
        columns = self._columns(called)[0]
        pay, reward = self._decision.willingness_to_pay, self._decision.reward
        if len(called) == 1:
            spent = float(self._forecast.cost[0, columns[0]])
            column = panel.second(columns, pay, reward, budget=left + spent)[0]
        elif len(called) == 2 and same is not None:
            first, second = columns[:1], columns[1:]
            column = panel.third(first, second, same[:1, 1], pay, reward, budget=left)[0]
        else:
            return None
        return None if column == STOP else self.names[column]

    def _build_panel(
        self,
        called: Sequence[str] = (),
        shifts: Sequence[float] = (),
        barred: Collection[str] = (),
        seconds: float = TYPICAL_SECONDS,
    ) -> Panel:
        """Return the predictions with agreement as the evidence, and with the form of the answers in hand."""
        log_odds = logit(self._forecast.prior)
        log_odds[0, self._columns(called)[0]] += np.nan_to_num(shifts)
        waiting = self._escalation.usd_per_second * seconds
        cost = np.where([name in barred for name in self.names], np.inf, self._forecast.cost + waiting)
        told = self._escalation.same_wrong
        share = SAME_WRONG[self._escalation.answers or "choice"] if told is None else told
        return Panel(sigmoid(log_odds), cost, share, self._verifier.correlation)

    @property
    def _opinion_error(self) -> float | None:
        errors = [CHECK_ERROR] * (self._escalation.check is not None)
        errors += [self._escalation.judge.error_rate] if self._escalation.judge else []
        return min(errors, default=None)

    def _columns(self, names: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.intp]]:
        return np.array([[self.names.index(name) for name in names]], dtype=np.intp)


def _find_promise(decision: Decision, escalation: Escalation, calls: int) -> Promise | None:
    """Return the floor's promise if this escalation keeps it: it was proved without checks, judges and limits.

    Raises:
        FloorError: It was proved for fewer calls.
    """
    promise = decision.floor
    if promise is not None and promise.max_calls < calls:
        raise FloorError(
            f"The quality floor is proved for up to {promise.max_calls} of the {calls} calls that may be made. "
            f"Calibrate it with with_floor(..., max_calls={calls}), remove it with without_floor(), or turn "
            "escalation off."
        )
    limits = (escalation.max_cost, escalation.max_latency_s)
    others = (escalation.check, escalation.judge, escalation.answers, *limits)
    plain = all(other is None for other in others) and not escalation.usd_per_second
    return promise if plain else None
