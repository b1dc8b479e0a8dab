"""The overview: what this process's calls came to, for the page at `/`; never a prompt or an answer."""

from __future__ import annotations

import math
import time
from collections import deque
from statistics import quantiles
from typing import Any

from crossroute.calls.ledger import Called
from crossroute.decision import Decision
from crossroute.locks import Lock
from crossroute.serve.guard import caller

KEPT = 500
"""Calls of which more than their sum is kept."""
SHOWN = 50


class Overview:
    """An observer that sums up; safe to share between threads."""

    def __init__(self) -> None:
        self._began = time.time()
        self._lock = Lock()
        self._models: dict[str, dict[str, float]] = {}
        self._keys: dict[str, dict[str, Any]] = {}
        self._calls: deque[tuple[float, str, Called]] = deque(maxlen=KEPT)

    def decided(self, decision: Decision) -> None:
        """Do nothing: a call is summed up when it has ended."""

    def called(self, call: Called) -> None:
        """Take in a call that has ended."""
        key, decision = caller(), call.decision
        with self._lock:
            model = self._models.setdefault(
                decision.candidate, dict.fromkeys(("calls", "usd", "failures"), 0.0)
            )
            if not call.answered:
                model["failures"] += isinstance(call.error, Exception)
                return
            held = self._keys.setdefault(key, {"calls": 0, "usd": 0.0, "cost_preference": None})
            held["cost_preference"] = decision.cost_preference
            for counted in (model, held):
                counted["calls"] += 1
                counted["usd"] += call.cost or 0.0
            self._calls.append((time.time(), key, call))

    def told(self) -> dict[str, Any]:
        """Return what the page shows, as JSON data."""
        with self._lock:
            calls = list(self._calls)
            models = {name: dict(counts) for name, counts in self._models.items()}
            keys = {name: dict(counts) for name, counts in self._keys.items()}
        for name, counts in models.items():
            seconds = [call.seconds for _, _, call in calls if call.decision.candidate == name]
            counts["p50_s"], counts["p95_s"] = _middle_and_late(seconds)
        spent, best = _against_best([call.decision for _, _, call in calls])
        return {
            "since": self._began,
            "usd": sum(counts["usd"] for counts in models.values()),
            "calls": sum(int(counts["calls"]) for counts in models.values()),
            "predicted_usd": spent,
            "always_best_usd": best,
            "models": models,
            "keys": keys,
            "recent": [_line(*one) for one in reversed(calls[-SHOWN:])],
        }


def _against_best(decisions: list[Decision]) -> tuple[float, float]:
    """Return USD that decisions were predicted to take, and what the best candidate of each was."""
    spent = best = 0.0
    for decision in decisions:
        known = [one for one in decision.alternatives if one.excluded is None and not math.isnan(one.quality)]
        if known and not math.isnan(decision.cost):
            spent += decision.cost
            best += max(known, key=lambda one: (one.quality, -one.cost)).cost
    return spent, best


def _middle_and_late(seconds: list[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile."""
    if len(seconds) < 2:
        return (seconds[0], seconds[0]) if seconds else (0.0, 0.0)
    cuts = quantiles(seconds, n=20, method="inclusive")
    return cuts[9], cuts[18]


def _line(when: float, key: str, call: Called) -> dict[str, Any]:
    decision = call.decision
    return {
        "time": when,
        "key": key,
        "candidate": decision.candidate,
        "quality": None if math.isnan(decision.quality) else decision.quality,
        "usd": call.cost,
        "cost_preference": decision.cost_preference,
        "seconds": call.seconds,
        "reasons": list(decision.reasons) or ["the best reward"],
        "failures": [str(failure) for failure in decision.failures],
        "id": decision.id,
    }
