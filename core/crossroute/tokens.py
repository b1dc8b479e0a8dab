"""Cost and tokens: what the cost head predicts, and how a price turns it into USD.

Output tokens are predicted where the data has them: input tokens are known when routing, so

    cost = (input price * input tokens + output price * output tokens) / 1e6

Where only USD is known, so are the tokens' worth of it at the input price, and the head predicts how many
times the query's own tokens that is:

    cost = input price * query tokens * ratio / 1e6

Either way a change of price needs no retraining. A router that predicts output tokens learns from USD, too:
what a cost leaves after the input's price was paid for output.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Pool, Price
from crossroute.errors import DataError
from crossroute.outcomes import Outcomes

Floats = npt.NDArray[np.floating]
CostUnit = Literal["output_tokens", "input_ratio"]

LEAST_RATIO = 1e-3


def cost_unit(outcomes: Outcomes) -> CostUnit:
    """Return what the cost head should learn: output tokens where these and the prices explain the costs.

    Costs are explained where nine in ten that are known lie within a tenth of price times tokens.
    """
    price = prices(outcomes.pool)
    told = (outcomes.input_tokens * price[:, 0] + outcomes.output_tokens * price[:, 1]) / 1e6  # (n, m)
    paid = ~np.isnan(outcomes.cost)
    explained = np.abs(told - outcomes.cost)[paid] <= 0.1 * outcomes.cost[paid]
    return "output_tokens" if explained.size and explained.mean() >= 0.9 else "input_ratio"


def log_tokens(outcomes: Outcomes, query_tokens: Floats, unit: CostUnit) -> Floats:
    """Return the cost head's target, shape (n, m), NaN where it is not known.

    Args:
        outcomes: Of n queries; each candidate needs a price for "input_ratio".
        query_tokens: Estimated tokens of each query, shape (n,).
        unit: What is predicted.
    """
    if unit == "output_tokens":
        return np.log(np.clip(written(outcomes, query_tokens), 1, None))
    price = prices(outcomes.pool)[:, 0]  # (m,)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = outcomes.cost * 1e6 / price / query_tokens[:, None]  # (n, m)
    return np.log(np.maximum(np.where(price > 0, ratio, 1.0), LEAST_RATIO))


def written(outcomes: Outcomes, query_tokens: Floats) -> Floats:
    """Return the output tokens, shape (n, m): as counted, else what the cost leaves after the input's price.

    Args:
        outcomes: Of n queries and m candidates.
        query_tokens: Estimated tokens of each query, shape (n,), where the input tokens were not counted.
    """
    price = np.array([[p.input, p.output] if (p := c.price) else [np.nan] * 2 for c in outcomes.pool])
    read = np.where(np.isnan(outcomes.input_tokens), query_tokens[:, None], outcomes.input_tokens)
    with np.errstate(divide="ignore", invalid="ignore"):
        paid_for = (outcomes.cost * 1e6 - price[:, 0] * read) / price[:, 1]  # (n, m)
    paid_for = np.where(price[:, 1] > 0, np.clip(paid_for, 1, None), np.nan)
    return np.where(np.isnan(outcomes.output_tokens), paid_for, outcomes.output_tokens)


def output_tokens(log_tokens: Floats, price: Floats, query_tokens: Floats, unit: CostUnit) -> Floats:
    """Return predicted output tokens, shape (n, m), from the cost head's output."""
    if unit == "output_tokens":
        return np.exp(log_tokens)
    worth = (np.exp(log_tokens) - 1) * query_tokens[:, None]  # (n, m), in input tokens
    exchange = np.divide(price[:, 0], price[:, 1], out=np.ones(len(price)), where=price[:, 1] > 0)
    return np.clip(worth * exchange, 1, None)


def cost(
    log_tokens: Floats, price: Floats, query_tokens: Floats, context_tokens: Floats, unit: CostUnit
) -> Floats:
    """Return predicted cost, shape (n, m), USD for one call.

    Args:
        log_tokens: The cost head's output, shape (n, m).
        price: Input and output price, shape (m, 2), USD per million tokens.
        query_tokens: Estimated tokens of each query, shape (n,).
        context_tokens: Further input tokens of each call, shape (n,).
        unit: What was predicted.
    """
    read = (query_tokens + context_tokens)[:, None]  # (n, 1)
    if unit == "output_tokens":
        return (read * price[:, 0] + np.exp(log_tokens) * price[:, 1]) / 1e6
    worth = np.exp(log_tokens) * query_tokens[:, None] + context_tokens[:, None]  # (n, m)
    return worth * price[:, 0] / 1e6


def prices(pool: Pool) -> Floats:
    """Return input and output prices, shape (m, 2), USD per million tokens.

    Raises:
        DataError: A candidate has no price.
    """
    table = [candidate.price for candidate in pool]
    unpriced = [candidate.name for candidate in pool if candidate.price is None]
    if unpriced:
        raise DataError(
            f"No price is known of {', '.join(map(repr, unpriced))}. Add cost_usd to the rows, state "
            "prices in candidates.json, or leave these candidates out: on the command line with --priced-only."
        )
    return np.array([[price.input, price.output] for price in table if isinstance(price, Price)])
