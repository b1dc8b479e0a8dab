"""What profiling will cost, before a call is made."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from crossroute.calibration import GradedQuery
from crossroute.candidate import Price
from crossroute.query import estimate_tokens

TERSE, THINKING = 40, 1000
"""Output tokens of an answer by a model that comes to the point, and by one that reasons at length."""


class Estimate(BaseModel):
    """What some queries will take.

    Attributes:
        queries: How many.
        input_tokens: Of all together.
        least: USD, where the model is terse.
        most: USD, where it reasons at length.
    """

    model_config = ConfigDict(frozen=True)

    queries: int
    input_tokens: int
    least: float
    most: float

    @classmethod
    def of(cls, queries: Sequence[GradedQuery], price: Price) -> Estimate:
        """Estimate at four characters a token.

        >>> from crossroute.calibration import calibration_set
        >>> Estimate.of(calibration_set(), Price(input=0.25, output=2)).least < 0.05
        True
        """
        read = sum(estimate_tokens(query.text) for query in queries)
        least, most = (
            price.cost(input_tokens=read, output_tokens=len(queries) * written)
            for written in (TERSE, THINKING)
        )
        return cls(queries=len(queries), input_tokens=read, least=least, most=most)

    def __str__(self) -> str:
        if not self.most:
            return f"{self.queries} queries, {self.input_tokens:,} input tokens, at no charge"
        return (
            f"{self.queries} queries, {self.input_tokens:,} input tokens: ${self.least:.2g} for terse answers, "
            f"${self.most:.2g} where the model reasons at length"
        )
