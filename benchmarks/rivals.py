"""Simple bandits, which learn the choice of candidates from rewards only."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from crossroute.numeric import Floats

EPSILON, NEIGHBOURS = 0.1, 10
WIDTH = 0.5
"""Number of standard errors that LinUCB adds."""


class Rival(Protocol):
    """A bandit that chooses an arm for each query, and learns from rewards of graded calls."""

    def __init__(self, x: Floats, arms: int, random: np.random.Generator) -> None: ...

    def choose(self, row: int) -> int:
        """Return an arm for a query."""
        ...

    def learn(self, row: int, arm: int, reward: float) -> None:
        """Take note of a reward."""
        ...


class LinUCB:
    """Source: Li et al., "A Contextual-Bandit Approach to Personalized News", arXiv 1003.0146, disjoint models."""

    def __init__(self, x: Floats, arms: int, random: np.random.Generator) -> None:
        self.x = np.hstack([x / np.linalg.norm(x, axis=1, keepdims=True), np.ones((len(x), 1))])
        self.inverse = np.stack([np.eye(self.x.shape[1])] * arms)  # (arms, d, d)
        self.sums = np.zeros((arms, self.x.shape[1]))

    def choose(self, row: int) -> int:
        """Return an arm for a query."""
        x = self.x[row]
        mean = np.einsum("ad,ade,e->a", self.sums, self.inverse, x)
        return int((mean + WIDTH * np.sqrt(np.einsum("d,ade,e->a", x, self.inverse, x))).argmax())

    def learn(self, row: int, arm: int, reward: float) -> None:
        """Take note of a reward."""
        x, held = self.x[row], self.inverse[arm]
        moved = held @ x
        self.inverse[arm] = held - np.outer(moved, moved) / (1 + x @ moved)
        self.sums[arm] += reward * x


class Neighbours:
    """Epsilon-greedy by the mean reward of each arm's nearest graded queries, by cosine."""

    def __init__(self, x: Floats, arms: int, random: np.random.Generator) -> None:
        self.x, self.random = x / np.linalg.norm(x, axis=1, keepdims=True), random
        self.seen: list[tuple[list[int], list[float]]] = [([], []) for _ in range(arms)]

    def choose(self, row: int) -> int:
        """Return an arm for a query."""
        if self.random.random() < EPSILON:
            return int(self.random.integers(len(self.seen)))
        return int(np.argmax([self._value(row, *seen) for seen in self.seen]))

    def learn(self, row: int, arm: int, reward: float) -> None:
        """Take note of a reward."""
        self.seen[arm][0].append(row)
        self.seen[arm][1].append(reward)

    def _value(self, row: int, rows: list[int], rewards: list[float]) -> float:
        if not rows:
            return 1.0  # tried first
        near = np.argsort(-(self.x[rows] @ self.x[row]))[:NEIGHBOURS]
        return float(np.array(rewards)[near].mean())


class Thompson:
    """Thompson sampling over the candidates, without the query; rewards in [0, 1] count as fractional successes."""

    def __init__(self, x: Floats, arms: int, random: np.random.Generator) -> None:
        self.good, self.bad, self.random = np.ones(arms), np.ones(arms), random

    def choose(self, row: int) -> int:
        """Return an arm for a query."""
        return int(self.random.beta(self.good, self.bad).argmax())

    def learn(self, row: int, arm: int, reward: float) -> None:
        """Take note of a reward."""
        self.good[arm] += reward
        self.bad[arm] += 1 - reward


RIVALS: dict[str, type[Rival]] = {
    "LinUCB": LinUCB,
    "epsilon-greedy, 10 nearest": Neighbours,
    "Thompson sampling": Thompson,
}
