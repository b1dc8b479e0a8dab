"""Fit the heads that read a query: its kind of work, difficulty, answer length and manner.

A benchmark asks all its queries in one frame (headings, "let's think step by step", a letter as the answer), so a
head that is fitted to them as they are reads the frame in place of the question. Each is therefore read a second time,
in a frame drawn at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.encoder.query_encoder import EncodedQueries, QueryEncoder
from crossroute.encoder.surface import CAPITALS, LOWEST
from crossroute.model.doubt import A_RUN, AS_PEOPLE, AS_TRAINING
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
"""Log-odds of a manner in which no known query asks."""

MANNERS = (0.6, 0.2, 0.2)
"""Shares of training queries, ordinary requests and runs in what tells them apart, whatever their number."""

MANNER_STRENGTH = 0.03
"""Inverse penalty on the weights that tell manners, for standardized inputs and twice as many queries as stated ones.
Chosen, as the shares, on whole sets left out and ordinary requests held out."""

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
        encoded: As the router reads them.
        kinds: Index of the kind of work, shape (n,).
        ease: Logit of the quality of a candidate of ability 0, shape (n,).
        log_tokens: Of a typical candidate's answer, shape (n,).
        run: Whether an agent's whole run is asked for, shape (n,), rather than one answer.
        weight: Of each beside a training query, where a query is read that is asked as they are; shape (n,), or one
            for all.
        tells_manner: Whether a query counts in what tells the manner of asking, shape (n,); None where all do.
    """

    encoded: EncodedQueries
    kinds: npt.NDArray[np.intp]
    ease: Floats
    log_tokens: Floats
    run: npt.NDArray[np.bool_]
    weight: Floats | float = 1.0
    tells_manner: npt.NDArray[np.bool_] | None = None

    def telling(self, rows: Rows) -> Rows:
        """Return those that tell manners, of the same queries as rows."""
        return rows if self.tells_manner is None else rows.taken(self.tells_manner.nonzero()[0])

    def rows(self, network: InferenceNetwork) -> Rows:
        """Return what heads are fitted to, each query at a weight of 1."""
        told = np.stack([self.ease, self.log_tokens], axis=1)
        x = network.project(self.encoded.vectors)
        return Rows(x, self.kinds, told, self.run, np.ones(len(told)), self.encoded.word_ease)


class Rows(NamedTuple):
    """What heads are fitted to.

    Attributes:
        x: Principal components and surface features, shape (n, p).
        kind: Index of the kind of work, shape (n,).
        told: Ease and log tokens, shape (n, 2).
        run: Whether an agent's whole run is asked for, shape (n,).
        weight: Of each, shape (n,).
        word_ease: How easy its words make each, shape (n,).
    """

    x: Floats
    kind: npt.NDArray[np.intp]
    told: Floats
    run: npt.NDArray[np.bool_]
    weight: Floats
    word_ease: Floats

    def beside(self, other: Rows) -> Rows:
        """Return these and the others."""
        return Rows(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def taken(self, rows: npt.NDArray[np.intp] | slice) -> Rows:
        """Return some of these."""
        x, kind, told, run, weight, word_ease = self
        return Rows(x[rows], kind[rows], told[rows], run[rows], weight[rows], word_ease[rows])

    def times(self, factor: Floats | float) -> Rows:
        """Return the same at other weights."""
        return self._replace(weight=self.weight * factor)

    def in_any_case(self) -> Rows:
        """Return the same without the share of capitals, the ninth of the surface features that end each row.

        How one types is not what one asks, and the requests of one author are typed alike.
        """
        x = self.x.copy()
        x[:, CAPITALS - len(LOWEST)] = 0
        return self._replace(x=x)

    def beside_words(self) -> Rows:
        """Return the same with what the ease of words leaves to be told of ease."""
        left = self.told - np.stack([self.word_ease, np.zeros(len(self.told))], axis=1)
        return self._replace(told=left)

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
        encoded = encoder.read(asked)
        return self.taken(picked)._replace(
            x=network.project(encoded.vectors),
            weight=np.full(len(picked), self.weight.sum() / len(picked)),
            word_ease=encoded.word_ease,
        )


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


def fit_manners(rows: Rows, stated: Rows, kinds: int) -> dict[str, Floats]:
    """Return what tells in what manner a query asks, and what is typical of agents' runs: observed, or else stated.

    Args:
        rows: Of training.
        stated: Ordinary requests and runs; without any, all queries ask as those of training do.
        kinds: K.
    """
    size = rows.x.shape[1]
    head, bias, typical = np.zeros((size, 3)), np.array([0, NEVER, NEVER]), np.zeros(kinds + 2)
    if len(stated.run):
        from sklearn.linear_model import LogisticRegression

        every = rows.beside(stated)
        is_stated = np.repeat([False, True], [len(rows.run), len(stated.run)])
        manner = np.where(every.run, A_RUN, np.where(is_stated, AS_PEOPLE, AS_TRAINING))
        z, mean, deviation = _standardized(every.x)
        weight = _balanced(manner, is_stated, every.weight) * 2 * len(stated.run)
        fitted = LogisticRegression(C=MANNER_STRENGTH, max_iter=500).fit(z, manner, sample_weight=weight)
        found = fitted.classes_[
            -len(fitted.coef_) :
        ]  # of two manners, the scores are the second's over the first's
        head[:, found] = (fitted.coef_ / deviation).T
        bias[fitted.classes_] = 0
        bias[found] = fitted.intercept_
        bias = bias - mean @ head
    known = next((group for group in (rows, stated) if group.run.any()), None)
    if known is not None:
        runs = known.taken(known.run.nonzero()[0])
        shares = np.bincount(runs.kind, weights=runs.weight, minlength=kinds) / runs.weight.sum()
        typical = np.concatenate([shares, np.average(runs.told, axis=0, weights=runs.weight)])
    return {"manner": head, "manner_bias": bias, "run": typical}


def _balanced(manner: npt.NDArray[np.intp], is_stated: npt.NDArray[np.bool_], weight: Floats) -> Floats:
    """Return weights that sum to 1: each manner has its share, half of training and half stated where it has both."""
    balanced = np.zeros(len(manner))
    for each, share in enumerate(MANNERS):
        sources = [
            group for group in ((manner == each) & is_stated, (manner == each) & ~is_stated) if group.any()
        ]
        for group in sources:
            balanced[group] = share / len(sources) * weight[group] / weight[group].sum()
    return np.asarray(balanced / balanced.sum())


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
