"""The decision in an HTTP response: a few headers, and a field of the body."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from crossroute.decision import Decision

FIELD = "crossroute"
CANDIDATE, DECISION, COST = "x-crossroute-candidate", "x-crossroute-decision-id", "x-crossroute-cost-usd"


def make_stamp(decision: Decision, left_out: Sequence[str] = ()) -> dict[str, Any]:
    """Return the decision's data for the body of an answer.

    Args:
        decision: The decision after the call.
        left_out: Descriptions of the omitted arguments of the request.
    """
    told: dict[str, Any] = {
        "candidate": decision.candidate,
        "decision_id": decision.id,
        "cost_usd": decision.actual_cost,
        "predicted_cost_usd": _known(decision.cost),
        "predicted_quality": _known(decision.quality),
        "cost_preference": decision.cost_preference,
        "willingness_to_pay": decision.willingness_to_pay,
        "reasons": list(decision.reasons),
        "failures": [str(failure) for failure in decision.failures],
    }
    if decision.calls:
        told["calls"] = [{"candidate": call.candidate, "cost_usd": call.cost} for call in decision.calls]
    if left_out:
        told["left_out"] = list(left_out)
    return told


def make_headers(decision: Decision) -> dict[str, str]:
    """Return a decision's headers, with the predicted cost until the actual one is known."""
    cost = _known(decision.cost) if decision.actual_cost is None else decision.actual_cost
    headers = {CANDIDATE: _header(decision.candidate), DECISION: decision.id}
    return headers if cost is None else headers | {COST: f"{cost:.10f}".rstrip("0").rstrip(".")}


def _known(number: float) -> float | None:
    return None if math.isnan(number) else number


def _header(text: str) -> str:
    return text.encode("ascii", "replace").decode()
