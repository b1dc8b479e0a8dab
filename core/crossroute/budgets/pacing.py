"""Pacing: a willingness to pay that spends a budget evenly over the calls of a period.

Dual mirror descent on the logarithm of the willingness to pay: after each call it rises by the share of a fair price
that the call did not use, and falls by what it used beyond. The fair price of a call is what is left, divided by the
calls that are still expected: by how many came so far today, by how many came the period before, and by the shape of a
day. So the spending follows arrivals, and the money is used up at the end whatever the prices turn out to be.

Source: Balseiro, Lu and Mirrokni, "The Best of Many Worlds", arXiv 2011.10124, algorithm 1 with the negative entropy as
mirror map: the multiplier of the budget is 1 / willingness to pay. Deviation: the target of a call is computed anew
from what is left, in place of a constant; and the price is bounded, since one dear call should not stop the next ones.
"""

from __future__ import annotations

import math

from crossroute.budgets.state import Balance

STEP = 0.02
"""How much a fair price moves the logarithm, once many calls were seen."""

FIRST_STEP, WARM_UP = 0.2, 10
"""How much it does at first, and about after how many calls less."""

DEAREST = 4.0
"""Times the fair price that one call counts at most."""

CONFIDENCE = 50.0
"""Calls after which those of today tell as much as those of the period before."""

AHEAD = 0.03
"""Share of the calls to come that is not counted on. Money that is left at the end of a period buys nothing, and few
calls cannot spend much: so spending runs a little ahead, and the last calls make up for it."""

LEAST_SEEN = 0.002
"""Share of a period that counts as seen at least: the first calls tell little of how many will come."""

LOWEST, HIGHEST = 1e-2, 1e4
"""Times the fair price that the willingness to pay is not driven beyond: no choice would change there."""


def fair_price(usd: float, today: Balance, before: Balance, elapsed: float) -> float:
    """Return USD that a call may take if what is left is to last, and to be used up.

    Args:
        usd: Of the whole period.
        today: The account in this period.
        before: The account in the period before.
        elapsed: Share of the period's calls that is expected to lie behind, in [0, 1].
    """
    seen = max(elapsed - today.since, LEAST_SEEN)
    usual = before.calls / max(1 - before.since, 1e-6)  # calls of a whole period
    if usual:
        factor = (today.calls + CONFIDENCE) / (usual * seen + CONFIDENCE)
        coming = usual * (1 - elapsed) * factor
    else:
        coming = (today.calls + 1) / seen * (1 - elapsed)
    return max(usd - today.spent, 0.0) / max((1 - AHEAD) * coming, 1.0)


def step(log_pay: float, cost: float, fair: float, calls: float) -> float:
    """Return what a settled call adds to the logarithm of the willingness to pay.

    Args:
        log_pay: The logarithm now.
        cost: USD that the call took.
        fair: Its fair price, USD.
        calls: Settled before it.

    >>> step(0.0, cost=1.0, fair=1.0, calls=1000)
    0.0
    >>> step(0.0, cost=0.0, fair=1.0, calls=1000) > 0 > step(0.0, cost=2.0, fair=1.0, calls=1000)
    True
    """
    size = max(STEP, FIRST_STEP * WARM_UP / (WARM_UP + calls))
    price = min(cost / fair, DEAREST) if fair > 0 else DEAREST
    if fair > 0 and (log_pay > math.log(HIGHEST * fair) if price < 1 else log_pay < math.log(LOWEST * fair)):
        return 0.0
    return size * (1 - price)
