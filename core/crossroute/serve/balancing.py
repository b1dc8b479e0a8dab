"""Balancing: choose among a model's deployments.

A place may have its own context window. Requests go to the smallest sufficient one, so that short ones use deployments
that run many at once, and use larger windows when these are full. The tokens of a request are not counted, but
estimated from its bytes and from the bytes per token of earlier requests.

Source: "Token-Budget-Aware Pool Routing for Cost-Efficient LLM Inference", arXiv 2604.09613.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Literal

from crossroute.calls.failures import Cooldowns
from crossroute.serve.members import Place

Kind = Literal["prose", "code", "other scripts"]
MARKS = frozenset("{}[]()<>;=_/\\|`\"'")
SAMPLE = 2_000
"""Number of characters from which the kind of a text is determined."""

FIRST_RATIO: dict[Kind, float] = {"prose": 4.4, "code": 3.2, "other scripts": 3.0}
"""Bytes a token before anything is learned, of UTF-8 under OpenAI's o200k."""
LEARNED = 0.05
"""The weight of a new answer in the moving average."""
FIRST_ANSWER = 512.0
"""Tokens that an answer is expected to have before one came."""


class TokenBudgets:
    """Estimates the tokens of a request and its answer, and learns from the token counts of answers.

    >>> budgets = TokenBudgets()
    >>> before = budgets.estimate("prose", 4_400, "small", 100)
    >>> for _ in range(200):
    ...     budgets.learn("prose", 4_000, 2_000, "small", 100)
    >>> before, budgets.estimate("prose", 4_400, "small", 100)
    (1100, 2300)
    """

    def __init__(self) -> None:
        self._ratios = dict(FIRST_RATIO)
        self._answers: dict[str, float] = {}

    def estimate(self, kind: Kind, size: int, model: str, limit: int | None) -> int:
        """Return the estimated tokens of a request and its answer, with at most `limit` for the answer."""
        answer = self._answers.get(model, FIRST_ANSWER) if limit is None else limit
        return round(size / self._ratios[kind] + answer)

    def learn(self, kind: Kind, size: int, read: int, model: str, written: int) -> None:
        """Learn from the token counts of an answer to a request of some bytes."""
        if read and size:
            self._ratios[kind] += LEARNED * (size / read - self._ratios[kind])
        before = self._answers.get(model, FIRST_ANSWER)
        self._answers[model] = before + LEARNED * (written - before)


class Balancer:
    """Chooses a model's place for a request: large enough, not full, and with the fewest running calls by weight.

    Args:
        cooldowns: Cooldowns of places; those that failed recently come last.
    """

    def __init__(self, cooldowns: Cooldowns | None = None) -> None:
        self.cooldowns = cooldowns or Cooldowns()
        self.under_way: Counter[str] = Counter()

    def pick(self, places: Collection[Place], tokens: int, tried: Collection[Place] = ()) -> Place:
        """Return the best place for a request of some tokens among those that were not tried."""
        return min((place for place in places if place not in tried), key=self._order(tokens))

    @contextmanager
    def calling(self, place: Place) -> Iterator[None]:
        """Count a call as running within the block."""
        self.under_way[place.name] += 1
        try:
            yield
        finally:
            self.under_way[place.name] -= 1

    def _order(self, tokens: int) -> Callable[[Place], tuple[bool, bool, bool, float, float]]:
        def order(place: Place) -> tuple[bool, bool, bool, float, float]:
            window = float("inf") if place.window is None else place.window
            calls = self.under_way[place.name]
            full = place.most_calls is not None and calls >= place.most_calls
            cooling = place.name in self.cooldowns.failed and self.cooldowns.remaining(place.name) > 0
            return window < tokens, cooling, full, window, (calls + 1) / place.weight

        return order


def find_kind(text: str) -> Kind:
    """Return the kind of text of a request, judged by its end.

    >>> find_kind("Tell me a story."), find_kind("for (i = 0; i < n; i++) { s[i] = 0; }"), find_kind("こんにちは")
    ('prose', 'code', 'other scripts')
    """
    sample = text[-SAMPLE:]
    if len(sample.encode(errors="replace")) > 1.3 * len(sample):
        return "other scripts"
    return "code" if sum(map(sample.count, MARKS)) > 0.06 * len(sample) else "prose"
