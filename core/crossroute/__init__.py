"""CrossRoute: the language model for each call, chosen by predicted quality and cost.

    >>> from crossroute import Router
    >>> router = Router.from_pretrained("routerbench")
    >>> decision = router.route("What is 17 * 23?", cost_preference=1)
    >>> decision.candidate in router.pool
    True

Importing loads nothing: each name below is fetched from its module when it is first used.
"""

from __future__ import annotations

import logging
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossroute.budgets import Budget
    from crossroute.candidate import Candidate, Capability, Pool, Price, Profile
    from crossroute.data.outcomes import Outcomes
    from crossroute.data.prices import priced
    from crossroute.data.readers import read_outcomes
    from crossroute.decision import Alternative, Decision, Promise
    from crossroute.encoder import Encoder, load_encoder
    from crossroute.errors import (
        BudgetSpentError,
        CheckpointError,
        CrossRouteError,
        DataError,
        EncoderError,
        FloorError,
        MissingExtraError,
        NoEligibleCandidateError,
        UnknownCandidateError,
    )
    from crossroute.escalation import Escalation, Judge
    from crossroute.escalation.evidence import Evidence
    from crossroute.model.prediction import Prediction
    from crossroute.profiler.answerers import Answer
    from crossroute.profiler.api import aprofile_model, profile_model
    from crossroute.profiler.settings import ProfilingSettings
    from crossroute.query import Query
    from crossroute.routing.policy import Constraints
    from crossroute.routing.router import Router
    from crossroute.training import TrainingConfig, fit

_HOME = {
    "Alternative": "decision",
    "Answer": "profiler.answerers",
    "Budget": "budgets",
    "BudgetSpentError": "errors",
    "Candidate": "candidate",
    "Capability": "candidate",
    "CheckpointError": "errors",
    "Constraints": "routing.policy",
    "CrossRouteError": "errors",
    "DataError": "errors",
    "Decision": "decision",
    "Encoder": "encoder",
    "EncoderError": "errors",
    "Escalation": "escalation",
    "Evidence": "escalation.evidence",
    "FloorError": "errors",
    "Judge": "escalation",
    "MissingExtraError": "errors",
    "NoEligibleCandidateError": "errors",
    "Outcomes": "data.outcomes",
    "Pool": "candidate",
    "Prediction": "model.prediction",
    "Price": "candidate",
    "Profile": "candidate",
    "ProfilingSettings": "profiler.settings",
    "Promise": "decision",
    "Query": "query",
    "Router": "routing.router",
    "TrainingConfig": "training",
    "UnknownCandidateError": "errors",
    "aprofile_model": "profiler.api",
    "fit": "training",
    "load_encoder": "encoder",
    "priced": "data.prices",
    "profile_model": "profiler.api",
    "read_outcomes": "data.readers",
}

__version__ = "0.2.0"

logging.getLogger("crossroute").addHandler(logging.NullHandler())  # nothing is printed unless it is set up
__all__ = [  # spelled out for type checkers
    "Alternative",
    "Answer",
    "Budget",
    "BudgetSpentError",
    "Candidate",
    "Capability",
    "CheckpointError",
    "Constraints",
    "CrossRouteError",
    "DataError",
    "Decision",
    "Encoder",
    "EncoderError",
    "Escalation",
    "Evidence",
    "FloorError",
    "Judge",
    "MissingExtraError",
    "NoEligibleCandidateError",
    "Outcomes",
    "Pool",
    "Prediction",
    "Price",
    "Profile",
    "ProfilingSettings",
    "Promise",
    "Query",
    "Router",
    "TrainingConfig",
    "UnknownCandidateError",
    "__version__",
    "aprofile_model",
    "fit",
    "load_encoder",
    "priced",
    "profile_model",
    "read_outcomes",
]
if not TYPE_CHECKING and not all(map(find_spec, ("torch", "sklearn", "scipy", "threadpoolctl"))):
    __all__.remove("TrainingConfig")  # so that `import *` works without the extra `train`
    __all__.remove("fit")


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'crossroute' has no attribute {name!r}")
    return getattr(import_module(f"crossroute.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
