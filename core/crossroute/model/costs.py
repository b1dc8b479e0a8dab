"""Convert between tokens and cost: the target of the cost head, and its conversion to USD by prices.

If the data has output tokens, they are predicted; input tokens are known when routing, so

    cost = (input price * input tokens + output price * output tokens) / 1e6

If only USD is known, the head predicts the cost as a multiple of the cost of the query's own tokens at the input price:

    cost = input price * query tokens * ratio / 1e6

This is valid at the price of the outcomes, which each profile stores. For another price the cost is decomposed: the
part beyond the query's own tokens counts as output, and is charged at the new output price. So in both cases a change
of price needs no retraining. A router that predicts output tokens can also learn from USD: the cost minus that of the
input is the cost of the output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from crossroute.candidate import Pool, Price
from crossroute.errors import DataError
from crossroute.numeric import Floats

if TYPE_CHECKING:
    from crossroute.data.outcomes import Outcomes

CostUnit = Literal["output_tokens", "input_ratio"]

LEAST_RATIO = 1e-3
"""Lower bound of a ratio, so that its logarithm is finite."""

TYPICAL_SPREAD = 0.7
"""Standard deviation of an answer's log tokens around the prediction, for a router without its own estimate;
measured."""


def cost_unit(outcomes: Outcomes) -> CostUnit:
    """Return the target of the cost head: "output_tokens" if tokens and prices explain the costs.

    They do if at least 90 % of the known costs are within 10 % of price times tokens.
    """
    price = prices(outcomes.pool)
    computed = (outcomes.input_tokens * price[:, 0] + outcomes.output_tokens * price[:, 1]) / 1e6  # (n, m)
    paid = ~np.isnan(outcomes.cost)
    explained = np.abs(computed - outcomes.cost)[paid] <= 0.1 * outcomes.cost[paid]
    return "output_tokens" if explained.size and explained.mean() >= 0.9 else "input_ratio"


def log_tokens(outcomes: Outcomes, query_tokens: Floats, unit: CostUnit) -> Floats:
    """Return the cost head's target, shape (n, m), NaN where unknown.

    Args:
        outcomes: Outcomes of n queries; for "input_ratio", each candidate needs a price.
        query_tokens: Estimated tokens of each query, shape (n,).
        unit: Target of the cost head.
    """
    if unit == "output_tokens":
        return np.log(np.clip(infer_output_tokens(outcomes, query_tokens), 1, None))
    price = prices(outcomes.pool)
    read_free = price[:, 0] == 0
    unit_price = np.where(read_free, price[:, 1], price[:, 0])  # (m,)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = outcomes.cost * 1e6 / unit_price / query_tokens[:, None] + read_free  # (n, m)
    return np.log(np.maximum(np.where(unit_price > 0, ratio, 1.0), LEAST_RATIO))


def infer_output_tokens(outcomes: Outcomes, query_tokens: Floats) -> Floats:
    """Return the output tokens, shape (n, m): as counted, or else the cost minus the input's, at the output price.

    Args:
        outcomes: Outcomes of n queries and m candidates.
        query_tokens: Estimated tokens of each query, shape (n,), for rows without a count of input tokens.
    """
    price = np.array([[p.input, p.output] if (p := c.price) else [np.nan] * 2 for c in outcomes.pool])
    read = np.where(np.isnan(outcomes.input_tokens), query_tokens[:, None], outcomes.input_tokens)
    with np.errstate(divide="ignore", invalid="ignore"):
        paid_for = (outcomes.cost * 1e6 - price[:, 0] * read) / price[:, 1]  # (n, m)
    paid_for = np.where(price[:, 1] > 0, np.clip(paid_for, 1, None), np.nan)
    return np.where(np.isnan(outcomes.output_tokens), paid_for, outcomes.output_tokens)


class Tariff:
    """Converts the cost head's output to tokens and USD, by a pool's prices and those at which its costs were learned.

    Args:
        price: Input and output price, shape (m, 2), USD per million tokens.
        unit: Target of the cost head.
        learned: Price of the outcomes it was learned from, shape (m, 2); by default the same.
    """

    reading: Floats
    """USD per input token, shape (m,)."""

    def __init__(self, price: Floats, unit: CostUnit, learned: Floats | None = None) -> None:
        learned = price if learned is None else learned
        self._unit = unit
        self.reading, self._writing = price.T / 1e6
        self._learned_reading, self._learned_writing = learned.T
        self._exchange = exchange_rate(learned)
        self._same = (price == learned).all(axis=1) & ((price[:, 0] > 0) | (price[:, 1] == 0))  # (m,)
        self._all_same, self._none_free = bool(self._same.all()), bool((learned[:, 0] > 0).all())

    def cost(self, log_tokens: Floats, query_tokens: Floats, context_tokens: Floats) -> Floats:
        """Return the predicted cost, shape (n, m), USD for one call.

        Args:
            log_tokens: The cost head's output, shape (n, m).
            query_tokens: Estimated tokens of each query, shape (n,).
            context_tokens: Further input tokens of each call, shape (n,); negative if the counted tokens are fewer than
                the estimated ones.
        """
        query, context = query_tokens[:, None], context_tokens[:, None]  # (n, 1)
        predicted = np.exp(log_tokens)
        if self._unit == "output_tokens":
            return np.asarray((query + context) * self.reading + predicted * self._writing)
        short = context < 0
        count = np.count_nonzero(short)
        if not count and self._all_same:
            return np.asarray((predicted * query + context) * self.reading)
        read, wrote = self._split(predicted, query)
        whole = query + context
        if count == len(short):
            return np.asarray(np.minimum(read, whole) * self.reading + wrote * self._writing)
        read = np.where(short, np.minimum(read, whole), read + context)
        as_learned = (predicted * query + context) * self.reading
        return np.where(self._same & ~short, as_learned, read * self.reading + wrote * self._writing)

    def output_tokens(self, log_tokens: Floats, query_tokens: Floats) -> Floats:
        """Return the predicted output tokens, shape (n, m); arguments as for `cost`."""
        predicted = np.exp(log_tokens)
        counted = self._unit == "output_tokens"
        return predicted if counted else self._count_output(predicted, query_tokens[:, None])

    def _count_output(self, ratio: Floats, query: Floats) -> Floats:
        return np.maximum((ratio - 1) * query * self._exchange, 1.0)

    def _split(self, ratio: Floats, query: Floats) -> tuple[Floats, Floats]:
        """Split the tokens that a ratio pays for at the learned price into input and output, each of shape (n, m).

        If the ratio is too small for the query's own tokens and one token of output, both are scaled down.
        """
        wrote, read = self._count_output(ratio, query), query * self._learned_reading
        paid = ratio * read
        whole = read + wrote * self._learned_writing  # (n, m)
        free = not self._none_free
        part = np.divide(paid, whole, out=np.ones_like(paid), where=paid > 0) if free else paid / whole
        return part * query, part * wrote


def exchange_rate(learned: Floats) -> Floats:
    """Return the output tokens that cost as much as one input token, shape (m,); 1 if one of them was free."""
    read, wrote = learned.T
    worth: Floats = np.divide(read, wrote, out=np.ones(len(learned)), where=(read > 0) & (wrote > 0))
    return worth


def ratio_at(log_ratio: Floats, learned: Floats, price: Floats) -> Floats:
    """Convert the log of a ratio learned at one price to another price, shape (k,).

    Args:
        log_ratio: Log ratio of one candidate, shape (k,).
        learned: Input and output price at which it was learned, shape (2,).
        price: The other price, shape (2,).
    """
    if (learned == price).all():
        return log_ratio
    ratio = np.exp(log_ratio)
    wrote = np.clip(ratio - 1, 0, None) * exchange_rate(learned[None])[0]  # per token of the query
    read = np.clip(ratio, None, 1) if learned[0] > 0 else np.ones_like(ratio)
    converted = read + wrote * price[1] / price[0] if price[0] > 0 else 1 + wrote
    return np.asarray(np.log(np.maximum(converted, LEAST_RATIO)))


def prices(pool: Pool) -> Floats:
    """Return input and output prices, shape (m, 2), USD per million tokens.

    Raises:
        DataError: A candidate has no price.
    """
    table = [candidate.price for candidate in pool]
    unpriced = [candidate.name for candidate in pool if candidate.price is None]
    if unpriced:
        raise DataError(
            f"No price is known for {', '.join(map(repr, unpriced))}. Add cost_usd to the rows, state "
            "prices in candidates.json, or leave these candidates out: on the command line with --priced-only."
        )
    return np.array([[price.input, price.output] for price in table if isinstance(price, Price)])
