"""Fill in missing prices of candidates.

If costs are known, in this order: a price fitted to the costs and tokens of the outcomes; RouterBench's table; the
price in a router; the bundled catalogue; the cost divided by the estimated tokens of the text. The price in a router or
the catalogue is preferred to the fitted one if it explains the costs as well. If no cost is known: the price in a
router; the catalogue; the table of the genai-prices package. Each price states its source.
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
from crossroute.catalogue import look_up_price
from crossroute.data.outcomes import Outcomes
from crossroute.data.readers.routerbench import PRICES
from crossroute.errors import require_extra
from crossroute.numeric import Floats
from crossroute.tokens import estimate_tokens

FITTED = "fitted from outcomes"
ESTIMATED = "fitted from outcomes, tokens estimated from the text"

_ROWS = 5
"""Minimum number of outcomes with cost and tokens to fit a price."""

_PAIRS = 200
"""Number of pairs of outcomes that are tried as starting points of the fit."""

_JUDGES = 1000
"""Number of outcomes on which a starting point is compared."""

_TOLERANCE = 0.1
"""Largest median relative error of a fitted price."""

_AS_WELL = 0.02
"""A known price is kept if its median relative error is at most this plus twice that of the fitted price."""

USUAL_RATIO = 4.0
"""Price of output in that of input, where nothing tells it."""

_ALIKE = 0.005
"""Calls are alike if the lesser singular value of their tokens is at most this share of the larger one, and a price of
the usual ratio explains their costs if its median relative error is at most this above the fitted one's."""

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
"""Family of an open model -> its maker in OpenRouter's model names."""


def priced(outcomes: Outcomes, known: Mapping[str, Price] | None = None) -> Outcomes:
    """Fill in missing prices of candidates, and missing costs from prices and tokens.

    Present prices are kept.

    Args:
        outcomes: Outcomes of candidates with or without a price.
        known: Candidate -> its price, for example in a router; preferred to the catalogue.
    """
    known = known or {}
    text_tokens = np.array([estimate_tokens(text) for text in outcomes.texts], dtype=np.float64)
    candidates = [
        candidate
        if candidate.price
        else candidate.model_copy(
            update={"price": _find_price(candidate, outcomes, column, text_tokens, known.get(candidate.name))}
        )
        for column, candidate in enumerate(outcomes.pool)
    ]
    return _fill_costs(outcomes.with_pool(Pool(candidates)))


def fill_own_costs(parts: Sequence[Outcomes]) -> list[Outcomes]:
    """Fill in the costs of each set if the sets state different prices, before they are concatenated.

    Otherwise the price of the first set would apply to the tokens of all sets.
    """
    stated: dict[str, set[tuple[float, float]]] = {}
    for candidate in (candidate for part in parts for candidate in part.pool if candidate.price):
        price = cast("Price", candidate.price)
        stated.setdefault(candidate.name, set()).add((price.input, price.output))
    differ = any(len(prices) > 1 for prices in stated.values())
    return [_fill_costs(part) if differ else part for part in parts]


def find_unpriced(outcomes: Outcomes) -> tuple[str, ...]:
    """Return the names of the candidates without a price."""
    return tuple(candidate.name for candidate in outcomes.pool if candidate.price is None)


def _find_price(
    candidate: Candidate, outcomes: Outcomes, column: int, text_tokens: Floats, known: Price | None
) -> Price | None:
    cost = outcomes.cost[:, column]
    tokens = np.stack([outcomes.input_tokens[:, column], outcomes.output_tokens[:, column]], axis=1)
    paid, counted = ~np.isnan(cost), ~np.isnan(tokens).any(axis=1)
    known = known or look_up_price(candidate.name)
    if not paid.any():
        return known or look_up_listed_price(candidate.name) if counted.any() else None
    if known and _is_free(known) == cost[paid].any():
        known = None  # the known price is 0 and the calls were paid for, or the reverse
    cost_and_tokens = cost[paid & counted], tokens[paid & counted]
    ratio = known.output / known.input if known and known.input and known.output else USUAL_RATIO
    fitted = fit_price(*cost_and_tokens, ratio)
    if known and fitted and _explains_as_well(known, fitted, *cost_and_tokens):
        return known
    return fitted or PRICES.get(candidate.name) or known or _price_text_tokens(cost[paid], text_tokens[paid])


def _explains_as_well(known: Price, fitted: Price, cost: Floats, tokens: Floats) -> bool:
    """Return whether a known price explains the costs about as well as the fitted one.

    Many prices explain costs that are rounded, few, or of similar calls. Exact costs that vary identify the price
    that was paid, even if another is listed today.
    """
    share = _tokens_per_usd(cost, tokens)
    if not len(share):
        return True  # nothing was paid, and both prices agree
    off, least = (_error(share, np.array([price.input, price.output])) for price in (known, fitted))
    return off <= 2 * least + _AS_WELL


def _is_free(price: Price) -> bool:
    return price.input == price.output == 0


def fit_price(cost: Floats, tokens: Floats, ratio: float = USUAL_RATIO) -> Price | None:
    """Fit a price to costs and tokens by robust regression.

    Ordinary least squares is biased by outcomes with extra costs (a second call, another provider for a while).
    Therefore least trimmed squares on relative errors: start from the exact solution of a pair of outcomes with the
    smallest median error, and finish with non-negative least squares on the half with the smallest errors.

    Source: Rousseeuw, "Least Median of Squares Regression", JASA 79, 1984.

    Args:
        cost: USD, shape (n,).
        tokens: Input and output tokens, shape (n, 2).
        ratio: The price of output in that of input, where the calls are too much alike to tell it.

    Returns:
        The price; None if fewer than five outcomes have a cost and tokens, or its median relative error is over 10 %.
    """
    if len(cost) >= _ROWS and not cost.any():
        return Price(input=0, output=0, source=FITTED)
    share = _tokens_per_usd(cost, tokens)
    if len(share) < _ROWS:
        return None
    starts = np.concatenate([_solve_pairs(share), _nnls(share)[None]])  # (starts, 2)
    judges = share[:: -(-len(share) // _JUDGES)]  # (judges, 2)
    start = starts[np.median(np.abs(starts @ judges.T - 1), axis=1).argmin()]
    closest = np.argsort(np.abs(share @ start - 1), kind="stable")[: len(share) // 2 + 1]
    price = _nnls(share[closest])
    if _error(share, price) > _TOLERANCE:
        return None
    price = _spread_evenly(price, share, ratio)
    read, written = (float(f"{usd:.4g}") for usd in price)
    return Price(input=read, output=written, source=FITTED)


def _spread_evenly(usd: Floats, share: Floats, ratio: float) -> Floats:
    """Return the price with the usual ratio of output to input if the calls are too much alike to tell another.

    A fit would charge all to one of both.

    Args:
        usd: The other price, shape (2,).
        share: Million tokens per USD, shape (k, 2).
        ratio: The price of output in that of input.
    """
    shape = np.array([1.0, ratio])
    even = shape / np.median(share @ shape)
    largest, least = np.linalg.svd(share / np.abs(share).max(), compute_uv=False)
    return even if least <= _ALIKE * largest and _error(share, even) <= _error(share, usd) + _ALIKE else usd


def _tokens_per_usd(cost: Floats, tokens: Floats) -> Floats:
    """Return million tokens per USD of the k outcomes with cost and tokens, shape (k, 2); times the price, 1."""
    usable = (cost > 0) & (tokens.sum(axis=1) > 0)
    return np.asarray(tokens[usable] / 1e6 / cost[usable, None])


def _error(share: Floats, price: Floats) -> float:
    """Return the median relative error of a price."""
    return float(np.median(np.abs(share @ price - 1)))


def _solve_pairs(share: Floats) -> Floats:
    """Return the non-negative exact solutions of random pairs of outcomes, shape (pairs, 2)."""
    pairs = share[np.random.default_rng(0).integers(len(share), size=(_PAIRS, 2))]  # (pairs, 2, 2)
    (a, b), (c, d) = pairs[:, 0].T, pairs[:, 1].T
    determinant = a * d - b * c
    solvable = np.abs(determinant) > 1e-9 * (np.abs(a * d) + np.abs(b * c))
    solutions = np.stack([d - b, a - c], axis=1)[solvable] / determinant[solvable, None]
    return np.asarray(solutions[(solutions >= 0).all(axis=1)])


def _nnls(share: Floats) -> Floats:
    with require_extra("Fitting prices to costs", "train"):
        from scipy.optimize import nnls

    return np.asarray(nnls(share, np.ones(len(share)))[0])


def _price_text_tokens(cost: Floats, text_tokens: Floats) -> Price:
    """Return one price for input and output: the cost divided by the estimated input tokens."""
    usd = float(f"{cost.sum() / text_tokens.sum() * 1e6:.4g}")
    return Price(input=usd, output=usd, source=ESTIMATED)


def look_up_listed_price(name: str) -> Price | None:
    """Return the price of a model in the genai-prices package; None without a match or the package.

    The maker's own price is preferred; open models that others host have OpenRouter's.
    """
    if find_spec("genai_prices") is None:
        return None
    from genai_prices import Usage, calc_price

    usage = Usage(input_tokens=1000, output_tokens=1000)
    for spelling, provider in _list_spellings(name):
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


def _list_spellings(name: str) -> Iterator[tuple[str, str | None]]:
    """Yield spellings (name, provider), the most exact first: as given; without host, prefix and date; by maker."""
    hostless = name.partition("@")[0]
    bare = hostless.rpartition("/")[2].lower().removeprefix("meta-")
    undated = re.sub(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})$", "", bare)
    for spelling in dict.fromkeys((name, hostless, bare, undated)):
        yield spelling, None
    family = re.match("[a-z]*", bare)
    maker = _MAKERS.get(family.group()) if family else None
    for spelling in dict.fromkeys((bare, re.sub(r"^qwen(?=\d)", "qwen-", bare), undated)):
        yield f"{maker}/{spelling}" if maker else spelling, "openrouter"


def _fill_costs(outcomes: Outcomes) -> Outcomes:
    """Fill in missing costs from the candidates' prices and the tokens."""
    prices = [candidate.price for candidate in outcomes.pool]
    read = np.array([price.input if price else np.nan for price in prices])  # (m,)
    written = np.array([price.output if price else np.nan for price in prices])  # (m,)
    computed: npt.NDArray[np.floating] = (
        outcomes.input_tokens * read + outcomes.output_tokens * written
    ) / 1e6
    return replace(outcomes, cost=np.where(np.isnan(outcomes.cost), computed, outcomes.cost))
