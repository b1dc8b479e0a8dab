"""Fill in candidates' prices that their outcomes do not state.

In this order: the price that explains the costs and tokens of the outcomes; RouterBench's table; the price that a
router has of it; the bundled catalogue; the cost over the tokens of the text. A router's price or the catalogue's
comes first where it explains the costs as well as one that is fitted. Where no cost is known: a router's price; the
catalogue; the table of the genai-prices package. Each price says where it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from typing import cast

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Candidate, Pool, Price
from crossroute.catalogue import catalogued_price
from crossroute.data.outcomes import Outcomes
from crossroute.data.readers.routerbench import PRICES
from crossroute.errors import needs_extra
from crossroute.numeric import Floats
from crossroute.tokens import estimate_tokens

FITTED = "fitted from outcomes"
ESTIMATED = "fitted from outcomes, tokens estimated from the text"

_ROWS = 5
"""Fewest outcomes with cost and tokens that a price is fitted from."""

_PAIRS = 200
"""Pairs of outcomes that are tried as a start of the fit."""

_JUDGES = 1000
"""Outcomes by which a start is judged."""

_TOLERANCE = 0.1
"""A fitted price must explain half of the costs within this share of each."""

_AS_WELL = 0.02
"""A known price may be off by this share of a cost, and by twice what one that is fitted is off."""

_MAKERS = {
    "deepseek": "deepseek",
    "gemma": "google",
    "llama": "meta-llama",
    "mistral": "mistralai",
    "mixtral": "mistralai",
    "phi": "microsoft",
    "qwen": "qwen",
    "yi": "01-ai",
}
"""Family of an open model -> its maker in OpenRouter's names, which prices what others host."""


def priced(outcomes: Outcomes, known: Mapping[str, Price] | None = None) -> Outcomes:
    """Return the outcomes with prices where they can be known, and costs where prices and tokens are.

    A price that a candidate has already stays as it is.

    Args:
        outcomes: Of candidates with or without a price.
        known: Candidate -> its price, say a router's; comes before what the catalogue says.
    """
    known = known or {}
    text_tokens = np.array([estimate_tokens(text) for text in outcomes.texts], dtype=np.float64)
    candidates = [
        candidate
        if candidate.price
        else candidate.model_copy(
            update={"price": _price(candidate, outcomes, column, text_tokens, known.get(candidate.name))}
        )
        for column, candidate in enumerate(outcomes.pool)
    ]
    return _with_costs(outcomes.with_pool(Pool(candidates)))


def at_own_prices(parts: Sequence[Outcomes]) -> list[Outcomes]:
    """Return sets that are to be put together, with their costs filled in where they state different prices.

    Else the price of the set that comes first would be that of all tokens.
    """
    stated: dict[str, set[tuple[float, float]]] = {}
    for candidate in (candidate for part in parts for candidate in part.pool if candidate.price):
        price = cast("Price", candidate.price)
        stated.setdefault(candidate.name, set()).add((price.input, price.output))
    differ = any(len(prices) > 1 for prices in stated.values())
    return [_with_costs(part) if differ else part for part in parts]


def unpriced(outcomes: Outcomes) -> tuple[str, ...]:
    """Return the names of the candidates that have no price."""
    return tuple(candidate.name for candidate in outcomes.pool if candidate.price is None)


def _price(
    candidate: Candidate, outcomes: Outcomes, column: int, text_tokens: Floats, known: Price | None
) -> Price | None:
    cost = outcomes.cost[:, column]
    tokens = np.stack([outcomes.input_tokens[:, column], outcomes.output_tokens[:, column]], axis=1)
    paid, counted = ~np.isnan(cost), ~np.isnan(tokens).any(axis=1)
    known = known or catalogued_price(candidate.name)
    if not paid.any():
        return known or listed_price(candidate.name) if counted.any() else None
    if known and _is_free(known) == cost[paid].any():
        known = None  # something is paid here, or nothing
    cost_and_tokens = cost[paid & counted], tokens[paid & counted]
    fitted = fit_price(*cost_and_tokens)
    if known and fitted and _explains_as_well(known, fitted, *cost_and_tokens):
        return known
    return fitted or PRICES.get(candidate.name) or known or _per_text_token(cost[paid], text_tokens[paid])


def _explains_as_well(known: Price, fitted: Price, cost: Floats, tokens: Floats) -> bool:
    """Return whether a known price is as close to the costs as one that was fitted to them, but for chance.

    Costs that are rounded, few, or of calls that are all alike lie close to the line of many prices. Exact costs
    that vary do not: there the fit tells what was paid, whatever is listed today.
    """
    share = _shares(cost, tokens)
    if not len(share):
        return True  # nothing was paid, and both say so
    off, least = (_error(share, np.array([price.input, price.output])) for price in (known, fitted))
    return off <= 2 * least + _AS_WELL


def _is_free(price: Price) -> bool:
    return price.input == price.output == 0


def fit_price(cost: Floats, tokens: Floats) -> Price | None:
    """Return the price that explains most of the costs.

    Least squares over all outcomes is misled where some of them paid for more than their tokens (a second
    call, another provider for a while). So: least trimmed squares on relative errors, started from the pair
    of outcomes whose exact solution has the smallest median error, finished by non-negative least squares on
    the better half.

    Source: Rousseeuw, "Least Median of Squares Regression", JASA 79, 1984.

    Args:
        cost: USD, shape (n,).
        tokens: Input and output tokens, shape (n, 2).

    Returns:
        None where fewer than five outcomes tell, or no price explains half of the costs within a tenth.
    """
    if len(cost) >= _ROWS and not cost.any():
        return Price(input=0, output=0, source=FITTED)
    share = _shares(cost, tokens)
    if len(share) < _ROWS:
        return None
    starts = np.concatenate([_pair_solutions(share), _nnls(share)[None]])  # (starts, 2)
    judges = share[:: -(-len(share) // _JUDGES)]  # (judges, 2)
    start = starts[np.median(np.abs(starts @ judges.T - 1), axis=1).argmin()]
    closest = np.argsort(np.abs(share @ start - 1), kind="stable")[: len(share) // 2 + 1]
    price = _nnls(share[closest])
    if _error(share, price) > _TOLERANCE:
        return None
    read, written = (float(f"{usd:.4g}") for usd in price)
    return Price(input=read, output=written, source=FITTED)


def _shares(cost: Floats, tokens: Floats) -> Floats:
    """Return what, times a price, is the share of each cost that it explains, shape (telling, 2)."""
    telling = (cost > 0) & (tokens.sum(axis=1) > 0)
    return np.asarray(tokens[telling] / 1e6 / cost[telling, None])


def _error(share: Floats, price: Floats) -> float:
    """Return the median error of a price, as a share of each cost."""
    return float(np.median(np.abs(share @ price - 1)))


def _pair_solutions(share: Floats) -> Floats:
    """Return prices that explain two outcomes exactly, none negative, for many pairs, shape (pairs, 2)."""
    pairs = share[np.random.default_rng(0).integers(len(share), size=(_PAIRS, 2))]  # (pairs, 2, 2)
    (a, b), (c, d) = pairs[:, 0].T, pairs[:, 1].T
    determinant = a * d - b * c
    solvable = np.abs(determinant) > 1e-9 * (np.abs(a * d) + np.abs(b * c))
    solutions = np.stack([d - b, a - c], axis=1)[solvable] / determinant[solvable, None]
    return np.asarray(solutions[(solutions >= 0).all(axis=1)])


def _nnls(share: Floats) -> Floats:
    with needs_extra("Fitting prices to costs", "train"):
        from scipy.optimize import nnls

    return np.asarray(nnls(share, np.ones(len(share)))[0])


def _per_text_token(cost: Floats, text_tokens: Floats) -> Price:
    """Return one price for input and output: what was paid over the tokens that were read, as estimated."""
    usd = float(f"{cost.sum() / text_tokens.sum() * 1e6:.4g}")
    return Price(input=usd, output=usd, source=ESTIMATED)


def listed_price(name: str) -> Price | None:
    """Return the price that the genai-prices package lists for a model; None without a match or the package.

    The maker's own price comes first, then OpenRouter's, for open models that others host.
    """
    if find_spec("genai_prices") is None:
        return None
    from genai_prices import Usage, calc_price

    usage = Usage(input_tokens=1000, output_tokens=1000)
    for spelling, provider in _spellings(name):
        try:
            listed = calc_price(usage, spelling, provider_id=provider)
        except LookupError:
            continue
        if listed.total_price > 0:
            return Price(
                input=float(listed.input_price * 1000),
                output=float(listed.output_price * 1000),
                source=f"genai-prices {version('genai-prices')}: {listed.provider.id}/{listed.model.id}",
            )
    return None


def _spellings(name: str) -> Iterator[tuple[str, str | None]]:
    """Yield (name, provider), the exact first: as given; without host, prefix and date; by its maker."""
    hostless = name.partition("@")[0]
    bare = hostless.rpartition("/")[2].lower().removeprefix("meta-")
    undated = re.sub(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$", "", bare)
    for spelling in dict.fromkeys((name, hostless, bare, undated)):
        yield spelling, None
    family = re.match("[a-z]*", bare)
    maker = _MAKERS.get(family.group()) if family else None
    for spelling in dict.fromkeys((bare, re.sub(r"^qwen(?=\d)", "qwen-", bare), undated)):
        yield f"{maker}/{spelling}" if maker else spelling, "openrouter"


def _with_costs(outcomes: Outcomes) -> Outcomes:
    """Return the outcomes with the costs that the candidates' own prices and the tokens tell."""
    prices = [candidate.price for candidate in outcomes.pool]
    read = np.array([price.input if price else np.nan for price in prices])  # (m,)
    written = np.array([price.output if price else np.nan for price in prices])  # (m,)
    told: npt.NDArray[np.floating] = (outcomes.input_tokens * read + outcomes.output_tokens * written) / 1e6
    return replace(outcomes, cost=np.where(np.isnan(outcomes.cost), told, outcomes.cost))
