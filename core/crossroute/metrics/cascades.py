"""Replay cascades on recorded outcomes, with the cost and latency of all calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossroute.data.outcomes import Outcomes
from crossroute.escalation.cascade import STOP, Forecast, choose_next_call
from crossroute.escalation.gain import Columns
from crossroute.escalation.verifier import Verifier
from crossroute.metrics.scores import known_outcomes
from crossroute.metrics.sweep import Sweep, reorder
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats
from crossroute.reward import Reward, best

ROWS_AT_ONCE = 100


@dataclass(frozen=True, eq=False)
class CascadeSweep(Sweep):
    """A sweep with several calls per query: quality of the returned answer, cost of all calls.

    Attributes:
        calls: Number of calls, shape (n, p).
        latency: Seconds of all calls in sequence, shape (n, p); NaN if one is unknown.
        posterior: P(right) of the returned answer, shape (n, p).
    """

    calls: Floats
    latency: Floats
    posterior: Floats


def play(
    prediction: Prediction,
    outcomes: Outcomes,
    verifier: Verifier,
    willingness_to_pay: Floats,
    reward: Reward = "exponential",
    *,
    max_calls: int = 2,
    look_ahead: bool = True,
    waiting: Floats | float = 0.0,
) -> CascadeSweep:
    """Replay route-and-cascade on every query at every willingness to pay.

    Args:
        prediction: For the queries of `outcomes`, in their order; candidates in any order.
        outcomes: Observed outcomes; queries without a known one are left out.
        verifier: Scores the evidence in answers.
        willingness_to_pay: USD, shape (p,).
        reward: The reward that is maximized.
        max_calls: Most calls per query.
        look_ahead: Whether the first candidate is chosen with a second call in mind; otherwise by plain routing.
        waiting: Cost of waiting for a further answer of each candidate, USD, shape (m,).
    """
    known = known_outcomes(outcomes.quality, outcomes.cost)
    rows = known.any(axis=1)
    prior, cost = (values[rows] for values in reorder(prediction, outcomes))
    outcomes, known = outcomes.take(rows), known[rows]
    speaks = np.asarray((~np.isnan(outcomes.answer_logprob)).any(axis=0))
    shift = verifier.shifts(tuple(outcomes.pool), prior, outcomes.answer_logprob)
    signals = verifier.signals(tuple(outcomes.pool), speaks)
    parts = []
    for start in range(0, len(prior), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        forecast = Forecast(prior[part], np.where(known, cost, np.inf)[part], signals, waiting)
        table = _Table(forecast, shift[part], max_calls)
        parts.append([table.play(float(pay), reward, look_ahead) for pay in willingness_to_pay])
    # (n, p, max_calls), (n, p), (n, p)
    called, kept, posterior = (
        np.concatenate([np.stack([step[field] for step in part], axis=1) for part in parts])
        for field in range(3)
    )
    return _paid(outcomes, (prior, cost), called, kept, posterior)


def _paid(
    outcomes: Outcomes, predicted: tuple[Floats, Floats], called: Columns, kept: Columns, posterior: Floats
) -> CascadeSweep:
    """Look up cost, latency and quality of the calls."""
    made = called != STOP

    def total(values: Floats) -> Floats:
        each = np.take_along_axis(values[:, None], np.where(made, called, 0), axis=2)
        return np.asarray(np.where(made, each, 0).sum(axis=2))

    return CascadeSweep(
        predicted_quality=predicted[0],
        predicted_cost=predicted[1],
        chosen=kept,
        quality=np.take_along_axis(outcomes.quality, kept, axis=1),
        cost=total(outcomes.cost),
        calls=made.sum(axis=2).astype(float),
        latency=total(outcomes.latency),
        posterior=posterior,
    )


class _Table:
    """A batch of queries, with posteriors cached over the sweep."""

    def __init__(self, forecast: Forecast, shift: Floats, max_calls: int) -> None:
        self._forecast, self._shift, self._max_calls = forecast, shift, max_calls
        self._hands: dict[tuple[int, tuple[int, ...]], tuple[Floats, Floats]] = {}

    def play(self, pay: float, reward: Reward, look_ahead: bool) -> tuple[Columns, Columns, Floats]:
        """Return the called candidates, shape (n, max_calls), the one that answers, and its P(right), shape (n,)."""
        forecast = self._forecast
        if look_ahead and self._max_calls > 1:
            first = forecast.first(pay, reward)
        else:
            first = best(forecast.prior, forecast.cost, pay, reward)
        called = np.full((len(first), self._max_calls), STOP)
        called[:, 0] = first
        for turn in range(1, self._max_calls):
            going = np.flatnonzero(called[:, turn - 1] != STOP)
            if going.size:
                posterior, gain = self._look_up(called[going, :turn], going)
                cost = forecast.cost[going]
                called[going, turn] = choose_next_call(
                    posterior, gain, cost, pay, reward, waiting=forecast.waiting
                )
        return called, *self._kept(called)

    def _kept(self, called: Columns) -> tuple[Columns, Floats]:
        kept, posterior = called[:, 0].copy(), np.zeros(len(called))
        lengths = (called != STOP).sum(axis=1)
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            found, _ = self._look_up(called[rows, :length], rows)
            place = found.argmax(axis=1)
            kept[rows], posterior[rows] = called[rows, place], found.max(axis=1)
        return kept, posterior

    def _look_up(self, called: Columns, rows: Columns) -> tuple[Floats, Floats]:
        """Return posteriors, shape (r, calls), and expected gains, shape (r, m), given some rows' answers so far."""
        keys = list(zip(rows.tolist(), map(tuple, called.tolist()), strict=True))
        if new := [place for place, key in enumerate(keys) if key not in self._hands]:
            shift = np.take_along_axis(self._shift[rows[new]], called[new], axis=1)
            hand = self._forecast.hand(called[new], shift, rows[new])
            answers = zip(hand.posterior, hand.gain, strict=True)
            self._hands |= {keys[place]: each for place, each in zip(new, answers, strict=True)}
        posterior, gain = zip(*(self._hands[key] for key in keys), strict=True)
        return np.stack(posterior), np.stack(gain)
