"""Fit what reads of a query its kind of work, how hard it is, how long the answer, and whether a run is asked for.

A benchmark asks all its queries in one frame (headings, "let's think step by step", a letter as the answer), so a
head that is fitted to them as they are reads the frame in place of the question. Each is therefore read a second time,
in a frame drawn at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.model.inference import InferenceNetwork
from crossroute.numeric import Floats
from crossroute.query import Query

RIDGE = 30.0
"""Penalty on the heads' weights, in training queries, for standardized inputs."""

KIND_STRENGTH = 0.01
"""Inverse penalty on the weights that tell kinds apart."""

MOST_KIND_WEIGHT = 3.0
"""Of any query in what tells kinds apart: stated kinds are no surer than those of training tasks."""

NEVER = -30.0
"""Log-odds of a run where no query is known that asks for one."""

RUNS = 0.2
"""Share of runs in what tells them from training queries and from ordinary requests, whatever their number."""

RUN_STRENGTH = 0.1
"""Inverse penalty on the weights that tell runs, for standardized inputs and as many queries as labelled ones."""

FRAMED = 4000
"""Training queries that are read in another frame as well."""

FRAMES = (
    "{}\n\nAnswer:",
    "Question: {}\nAnswer:",
    "Q: {}\n\nA:",
    "## Question\n\n{}\n\n## Instruction\n\nReason first, then give the final answer.",
    "# Task\n{}\n\n# Output format\nJSON with the keys `reasoning` and `answer`.",
    "{}\n\nLet's think step by step.",
    "{} Give only the final answer.",
    "**Problem**\n\n{}\n\n**Your solution:**",
    "You are a careful expert.\n\n{}\n\nPut the final answer in \\boxed{{}}.",
    "### Input\n{}\n\n### Response",
    "<question>\n{}\n</question>\nRespond inside <answer></answer> tags.",
    "Please help me with this: {}",
    "hi, {} thanks",
    "Here is what I have to solve.\n\n- {}\n- explain each step\n- check the result",
    "{}\n\nPlease answer this question by first reasoning and then providing your answer.",
)
"""Ways in which people and benchmarks put a question; ours, of no data set."""


class Labelled(NamedTuple):
    """Queries whose kind, ease and length of answer are stated rather than observed.

    Attributes:
        vectors: As encoded, shape (n, D).
        kinds: Index of the kind of work, shape (n,).
        ease: Logit of the quality of a candidate of ability 0, shape (n,).
        log_tokens: Of a typical candidate's answer, shape (n,).
        run: Whether an agent's whole run is asked for, shape (n,), rather than one answer.
        weight: Of each beside a training query, where a query nearer to them than to training is read.
    """

    vectors: Floats
    kinds: npt.NDArray[np.intp]
    ease: Floats
    log_tokens: Floats
    run: npt.NDArray[np.bool_]
    weight: float = 1.0

    def rows(self, network: InferenceNetwork) -> Rows:
        """Return what heads are fitted to, each query at a weight of 1."""
        told = np.stack([self.ease, self.log_tokens], axis=1)
        return Rows(network.project(self.vectors), self.kinds, told, self.run, np.ones(len(told)))


class Rows(NamedTuple):
    """What heads are fitted to.

    Attributes:
        x: Principal components and surface features, shape (n, p).
        kind: Index of the kind of work, shape (n,).
        told: Ease and log tokens, shape (n, 2).
        run: Whether an agent's whole run is asked for, shape (n,).
        weight: Of each, shape (n,).
    """

    x: Floats
    kind: npt.NDArray[np.intp]
    told: Floats
    run: npt.NDArray[np.bool_]
    weight: Floats

    def beside(self, other: Rows) -> Rows:
        """Return these and the others."""
        return Rows(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def taken(self, rows: npt.NDArray[np.intp] | slice) -> Rows:
        """Return some of these."""
        return Rows(self.x[rows], self.kind[rows], self.told[rows], self.run[rows], self.weight[rows])

    def times(self, factor: float) -> Rows:
        """Return the same at other weights."""
        return self._replace(weight=self.weight * factor)

    def framed(
        self, texts: Sequence[str], encoder: QueryEncoder, network: InferenceNetwork, seed: int = 0
    ) -> Rows:
        """Return some of these in other frames: the same question, asked otherwise.

        Args:
            texts: Of the n queries.
            encoder: Of queries.
            network: That projects what is encoded.
            seed: Of the draw.
        """
        rng = np.random.default_rng(seed)
        share = self.weight / self.weight.sum()
        picked = rng.choice(len(texts), size=min(FRAMED, len(texts)), replace=False, p=share)
        frames = rng.integers(len(FRAMES), size=len(picked))
        asked = [Query(FRAMES[f].format(texts[i])) for i, f in zip(picked, frames, strict=True)]
        x = network.project(encoder.encode(asked))
        return self.taken(picked)._replace(x=x, weight=np.full(len(picked), self.weight.sum() / len(picked)))


def fit_heads(rows: Rows, kinds: int) -> tuple[Floats, Floats]:
    """Return weights (p, K + 2) and biases (K + 2,) of kinds, ease and length, for inputs as they are.

    Args:
        rows: What they are fitted to.
        kinds: K.
    """
    z, mean, deviation = _standardized(rows.x)
    columns = np.concatenate([np.ones((len(z), 1)), z], axis=1)
    gram = (columns * rows.weight[:, None]).T @ columns
    gram[np.arange(1, len(gram)), np.arange(1, len(gram))] += RIDGE
    solved = np.linalg.solve(gram, (columns * rows.weight[:, None]).T @ rows.told)  # (1 + p, 2)
    scores, offsets = _kind_scores(z, rows.kind, np.minimum(rows.weight, MOST_KIND_WEIGHT), kinds)
    heads = np.concatenate([scores, solved[1:]], axis=1) / deviation[:, None]
    return heads, np.concatenate([offsets, solved[0]]) - mean @ heads


def fit_runs(rows: Rows, labelled: Rows, kinds: int) -> dict[str, Floats]:
    """Return what tells queries that ask for an agent's whole run, and what is stated to be typical of these.

    Args:
        rows: Of training.
        labelled: Stated.
        kinds: K.
    """
    size = rows.x.shape[1]
    if not labelled.run.any():
        return {"run_head": np.zeros(size), "run_bias": np.array([NEVER]), "run": np.zeros(kinds + 2)}
    from sklearn.linear_model import LogisticRegression

    every = rows.beside(labelled)
    z, mean, deviation = _standardized(every.x)
    stated = np.repeat([False, True], [len(rows.run), len(labelled.run)])
    weight = np.zeros(len(z))
    for source in (stated, ~stated):
        for run, share in ((every.run, RUNS), (~every.run, 1 - RUNS)):
            group = source & run
            weight[group] = share * every.weight[group] / max(every.weight[group].sum(), 1e-9)
    fitted = LogisticRegression(C=RUN_STRENGTH, max_iter=1000).fit(
        z, every.run, sample_weight=weight * len(labelled.run) / weight.sum()
    )
    head = fitted.coef_[0] / deviation
    shares = np.bincount(labelled.kind[labelled.run], minlength=kinds) / labelled.run.sum()
    typical = np.concatenate([shares, labelled.told[labelled.run].mean(axis=0)])
    return {"run_head": head, "run_bias": fitted.intercept_ - mean @ head, "run": typical}


def _kind_scores(z: Floats, kind: npt.NDArray[np.intp], weight: Floats, kinds: int) -> tuple[Floats, Floats]:
    scores, offsets = np.zeros((z.shape[1], kinds)), np.zeros(kinds)
    found = np.unique(kind)
    if len(found) < 2:
        return scores, offsets
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=KIND_STRENGTH, max_iter=300).fit(z, kind, sample_weight=weight)
    if len(found) == 2:
        scores[:, found[1]], offsets[found[1]] = fitted.coef_[0], fitted.intercept_[0]
    else:
        scores[:, found], offsets[found] = fitted.coef_.T, fitted.intercept_
    offsets[np.setdiff1d(np.arange(kinds), found)] = -20.0  # a kind that no query is of
    return scores, offsets


def _standardized(x: Floats) -> tuple[Floats, Floats, Floats]:
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-3
    return (x - mean) / deviation, mean, deviation
