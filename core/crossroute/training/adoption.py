"""What new outcomes take over from the router that goes on learning: its candidates, prices and shape."""

from __future__ import annotations

from crossroute.candidate import Candidate, Pool
from crossroute.data.outcomes import Outcomes
from crossroute.data.prices import priced
from crossroute.encoder import Encoder, encoder_name
from crossroute.routing.members import spellings
from crossroute.routing.router import Router
from crossroute.training.config import TrainingConfig

SHAPE = ("clusters", "hidden", "heads", "members", "dropout", "prior")
"""Settings that a trained network has once and for all; so has it its encoder and its components."""


def settled(
    config: TrainingConfig | None, start: Router, given_encoder: Encoder | None = None
) -> TrainingConfig:
    """Return how a router goes on learning: as configured, in the shape that it has.

    Raises:
        ValueError: Another shape or encoder is configured, or given.
    """
    config = config or TrainingConfig.tuning()
    if given_encoder is not None:
        config = config.model_copy(update={"encoder": encoder_name(given_encoder)})
    network, encoder = start.predictor.network.config, start.predictor.query_encoder
    own = {name: getattr(network, name) for name in SHAPE} | {"encoder": encoder.name}
    own["components"] = network.components - (network.width - encoder.views_width)
    stated = {name: getattr(config, name) for name in own if name in config.model_fields_set}
    other = [
        f"{name} {value!r} (it is {own[name]!r})" for name, value in stated.items() if value != own[name]
    ]
    if other:
        raise ValueError(
            f"A router that goes on learning keeps its shape and encoder; there is a setting of {', '.join(other)}. "
            "Leave it out, or train from nothing."
        )
    if "reward" not in config.model_fields_set:
        own["reward"] = start.reward
    return config.model_copy(update=own)


def adopted(outcomes: Outcomes, start: Router) -> Outcomes:
    """Return the outcomes, what they do not say of a candidate taken from a router that knows it.

    Its price comes from there where the outcomes do not tell a better one (data/prices.py).
    """
    names = [name for name in outcomes.pool.names if name in start.pool.names]
    outcomes = priced(outcomes, {name: price for name in names if (price := start.pool[name].price)})
    taken = spellings(outcomes.pool)
    return outcomes.with_pool(
        Pool(_filled(c, start.pool[c.name], taken) if c.name in names else c for c in outcomes.pool)
    )


def _filled(candidate: Candidate, known: Candidate, taken: set[str]) -> Candidate:
    aliases = (*candidate.aliases, *(alias for alias in known.aliases if alias not in taken))
    own = {"aliases": aliases, "profile": candidate.profile}
    return candidate.completed(known).model_copy(update=own)


def unlearned(pool: Pool, start: Router) -> Pool:
    """Return candidates, at their prices, with the profiles that `start` has of them."""
    return Pool(c.model_copy(update={"profile": start.pool[c.name].profile}) for c in pool)
