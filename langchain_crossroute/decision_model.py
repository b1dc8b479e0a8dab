"""CrossRouteDecisionModel: answer LangChain's routing questions by predicted quality and cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from crossroute import Constraints, Decision
from crossroute.routing.reuse import load_router
from crossroute.routing.router import WIDEST_ROUTER
from langchain_crossroute.members import MissingPackageError
from langchain_crossroute.runnable import CrossRouteRunnable

try:
    from langchain_core.decisions import BaseDecisionModel, Choice, ChoiceAnswer, ClassifierResponse
except ImportError as error:
    raise MissingPackageError("CrossRouteDecisionModel", '"langchain>=1.5" "langchain-core>=1.8"') from error


class CrossRouteDecisionModel(BaseDecisionModel):
    """A classifier for LangChain's `ModelRouterMiddleware` that needs no language model and no criteria.

    The labels of a choice are names or aliases of the router's candidates. The probabilities are the exponential
    rewards, normalized to sum to 1; the confidence is the probability of the chosen candidate.

    Example:
        ```python
        ModelRouterMiddleware(
            choices={"small": ModelChoice(small, "any"), "large": ModelChoice(large, "any")},
            instructions="Choose.",
            classifier=CrossRouteDecisionModel(router="my-router", cost_preference=0.3),
        )
        ```
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: str = "crossroute"
    """The model name in traces."""

    router: Any = Field(default=WIDEST_ROUTER, exclude=True, repr=False)
    """A `Router`, a bundled router's name, or a folder."""

    cost_preference: float | None = Field(default=None, ge=0, le=1)
    """The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default."""

    constraints: Constraints | None = None
    """Constraints on candidates."""

    def model_post_init(self, context: Any, /) -> None:
        """Load the router once."""
        self.router = load_router(self.router)

    @property
    def _provider(self) -> str:
        return "crossroute"

    def _classify(self, state: Any, questions: Mapping[str, Any]) -> ClassifierResponse:
        answers = {name: self._answer(state, question) for name, question in questions.items()}
        return ClassifierResponse(model=self.model, answers=answers)

    def _answer(self, state: Any, question: Any) -> ChoiceAnswer:
        if not isinstance(question, Choice):
            raise ValueError(
                f"CrossRoute only chooses between models; it cannot answer a {type(question).__name__}."
            )
        among = CrossRouteRunnable(
            question.criteria,
            self.router,
            cost_preference=self.cost_preference,
            constraints=self.constraints,
        )
        decision = among._decide(state, among.settings)
        shares = _compute_shares(decision)
        return ChoiceAnswer(
            type="choice",
            choice=decision.candidate,
            probabilities=shares,
            confidence=shares[decision.candidate],
        )


def _compute_shares(decision: Decision) -> dict[str, float]:
    """Return each candidate's exponential reward as a share of the sum; 0 for excluded ones."""
    pay = decision.willingness_to_pay
    eligible = [a for a in decision.alternatives if a.excluded is None]
    logs = {a.candidate: math.log(max(a.quality, 1e-9)) - a.cost / pay for a in eligible}
    top = max(logs.values())
    rewards = {name: math.exp(value - top) for name, value in logs.items()}
    total = sum(rewards.values())
    return {a.candidate: rewards.get(a.candidate, 0.0) / total for a in decision.alternatives}
