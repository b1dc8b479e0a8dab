"""The overview for the page at `/`: counts and sums of calls; never a prompt or an answer.

Each process sums up its own calls and publishes the sum on a board: files on one machine, or Redis for several
machines. The process that answers a request adds up the board.
"""

from __future__ import annotations

import json
import math
import time
import uuid
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from statistics import quantiles
from typing import Any, Protocol

from crossroute.cache import Lock
from crossroute.calls.hooks import Called
from crossroute.decision import Decision
from crossroute.files import replace_entry
from crossroute.serve.guard import find_caller

KEPT = 500
"""Number of recent calls that are kept individually."""
SHOWN = 50
SHOW_S = 1.0
"""Between two looks at whether there is something to show to other processes."""


class Board(Protocol):
    """A store in which processes publish their counts."""

    def show(self, name: str, text: str) -> None:
        """Show a text of a process, in place of its last one."""
        ...

    def read(self) -> dict[str, str]:
        """Return the last text of each process."""
        ...


class Folder:
    """A board for the processes of one machine: a folder with a file of each, which is kept when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def show(self, name: str, text: str) -> None:
        """Show a text of a process, in place of its last one."""
        replace_entry(self._path / f"{name}.overview", text.encode())

    def read(self) -> dict[str, str]:
        """Return the last text of each process."""
        return {path.stem: path.read_text("utf-8") for path in self._path.glob("*.overview")}


class Overview:
    """An observer that sums up; safe to share between threads.

    Args:
        board: The other processes' sums; None if there are no others.
    """

    def __init__(self, board: Board | None = None) -> None:
        self._began = time.time()
        self._lock = Lock()
        self._models: dict[str, dict[str, float]] = {}
        self._keys: dict[str, dict[str, Any]] = {}
        self._calls: deque[tuple[float, str, Called]] = deque(maxlen=KEPT)
        self._board, self._name = board, uuid.uuid4().hex
        self._counted = self._shown = 0

    @property
    def news(self) -> bool:
        """Whether there is something that the other processes were not shown."""
        return self._board is not None and self._counted != self._shown

    def decided(self, decision: Decision) -> None:
        """Do nothing: a call is summed up when it has ended."""

    def called(self, call: Called) -> None:
        """Take in a call that has ended."""
        key, decision, now = find_caller(), call.decision, time.time()
        with self._lock:
            self._counted += 1
            model = self._models.setdefault(
                decision.candidate, dict.fromkeys(("calls", "usd", "unknown", "failures"), 0.0)
            )
            if not call.answered:
                model["failures"] += isinstance(call.error, Exception)
                return
            held = self._keys.setdefault(key, {"calls": 0, "usd": 0.0, "unknown": 0})
            held |= {"cost_preference": decision.cost_preference, "time": now}
            for counted in (model, held):
                counted["calls"] += 1
                counted["usd"] += call.cost or 0.0
                counted["unknown"] += call.cost is None
            self._calls.append((now, key, call))

    def show(self) -> None:
        """Publish this process's counts."""
        if self._board is not None:
            self._shown = self._counted
            self._board.show(self._name, json.dumps(self._own()))

    def told(self) -> dict[str, Any]:
        """Return the data of the page as JSON data: the sum over all processes."""
        others = {} if self._board is None else self._board.read()
        others.pop(self._name, None)
        return _merge([self._own(), *map(json.loads, others.values())])

    def _own(self) -> dict[str, Any]:
        """Return this process's counts."""
        with self._lock:
            calls = list(self._calls)
            models = {name: dict(counts) for name, counts in self._models.items()}
            keys = {name: dict(counts) for name, counts in self._keys.items()}
        spent, best = _compare_with_best([call.decision for _, _, call in calls])
        return {
            "since": self._began,
            "predicted_usd": spent,
            "always_best_usd": best,
            "models": models,
            "keys": keys,
            "seconds": [(call.decision.candidate, call.seconds) for _, _, call in calls],
            "recent": [_describe_call(*one) for one in reversed(calls[-SHOWN:])],
        }


def _merge(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the sum of several processes' counts."""
    models = {name: _sum_counts(found) for name, found in _group_by_name(parts, "models").items()}
    for name, counts in models.items():
        seconds = [taken for part in parts for model, taken in part["seconds"] if model == name]
        counts["p50_s"], counts["p95_s"] = _find_percentiles(seconds)
    keys = {}
    for name, found in _group_by_name(parts, "keys").items():
        latest = max(found, key=lambda one: float(one["time"]))
        keys[name] = {**_sum_counts(found), "cost_preference": latest["cost_preference"]}
    recent = sorted((line for part in parts for line in part["recent"]), key=lambda line: -line["time"])
    return {
        "processes": len(parts),
        "since": min(part["since"] for part in parts),
        "usd": sum(counts["usd"] for counts in models.values()),
        "unknown": sum(int(counts["unknown"]) for counts in models.values()),
        "calls": sum(int(counts["calls"]) for counts in models.values()),
        "predicted_usd": sum(part["predicted_usd"] for part in parts),
        "always_best_usd": sum(part["always_best_usd"] for part in parts),
        "models": models,
        "keys": keys,
        "recent": recent[:SHOWN],
    }


def _group_by_name(parts: list[dict[str, Any]], what: str) -> dict[str, list[dict[str, Any]]]:
    """Return the parts' counts by model or key."""
    found: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        for name, counts in part[what].items():
            found.setdefault(name, []).append(counts)
    return found


def _sum_counts(found: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the sums of counts."""
    told = list(found)
    summed = ("calls", "usd", "unknown", "failures")
    return {name: sum(one[name] for one in told) for name in summed if name in told[0]}


def _compare_with_best(decisions: list[Decision]) -> tuple[float, float]:
    """Return the predicted cost of decisions, USD, and that of the best candidate of each."""
    spent = best = 0.0
    for decision in decisions:
        known = [one for one in decision.alternatives if one.excluded is None and not math.isnan(one.quality)]
        if known and not math.isnan(decision.cost):
            spent += decision.cost
            best += max(known, key=lambda one: (one.quality, -one.cost)).cost
    return spent, best


def _find_percentiles(seconds: list[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile."""
    if len(seconds) < 2:
        return (seconds[0], seconds[0]) if seconds else (0.0, 0.0)
    cuts = quantiles(seconds, n=20, method="inclusive")
    return cuts[9], cuts[18]


def _describe_call(when: float, key: str, call: Called) -> dict[str, Any]:
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
