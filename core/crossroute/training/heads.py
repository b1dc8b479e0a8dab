"""Fit the heads that read a query: its kinds of work, ease, answer length and manner.

A benchmark puts all its queries into one template (headings, "let's think step by step", a letter as the answer), and
a head fitted to these texts would learn the template, not the question. So the training queries are read a second
time, in templates drawn at random (data augmentation).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.encoder.features import CAPITALS, EASE, LOWEST, PEOPLE
from crossroute.encoder.query_encoder import EncodedQueries, QueryEncoder
from crossroute.model.doubt import A_RUN, AS_PEOPLE, AS_TRAINING, HIDDEN, MANNER_WORDS
from crossroute.model.inference import InferenceNetwork
from crossroute.numeric import Floats
from crossroute.query import Query

RIDGE = 30.0
"""Ridge penalty on the weights of ease and length, for standardized inputs; in training queries."""

KIND_STRENGTH = 0.01
"""Inverse penalty on the weights of the kinds of work."""

MOST_KIND_WEIGHT = 3.0
"""Largest weight of a query in fitting the kinds of work: stated kinds are no more certain than those of training
tasks."""

NEVER = -30.0
"""Log-odds of a manner that no known query has."""

MANNERS = (0.6, 0.2, 0.2)
"""Shares of training queries, ordinary requests and runs in fitting the manner, whatever their numbers."""

MANNER_STRENGTH = 0.03
"""Inverse penalty on the weights of the manner, for standardized inputs and twice as many queries as stated ones.
Chosen, like the shares, on data sets left out of training and on ordinary requests held out."""

WORD_FREEDOM = 0.3
"""Factor on the standardized score by words in the manner, so that its weight is penalized more than the others. With 1
and more, known queries are recognized better, and unknown ones of benchmarks, runs and puzzles worse. Chosen on whole
sets left out and on validation queries of known ones."""

NETWORKS, UNITS, EPOCHS, PENALTY = 4, 16, 20, 5.0
"""Small networks of the hidden layer, their units, epochs and penalty. Chosen on series of stated requests left out."""

FRAMED = 4000
"""Training queries that are also read in another template."""

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
"""Templates in which people and benchmarks put a question; written for this, from no data set."""


class Labelled(NamedTuple):
    """Queries whose kind, ease and answer length are stated, not observed.

    Attributes:
        encoded: The n queries, as the router encodes them.
        kinds: Index of the kind of work, shape (n,).
        ease: Logit of the quality of a candidate of ability 0, shape (n,).
        log_tokens: Log tokens of a typical candidate's answer, shape (n,).
        run: Whether the query asks for an agent's whole run and not for one answer, shape (n,).
        weight: Weight of each query in the heads for ordinary requests, where a training query has 1; shape (n,), or
            one for all.
        tells_manner: Whether a query is used in fitting the manner, shape (n,); None: all are.
    """

    encoded: EncodedQueries
    kinds: npt.NDArray[np.intp]
    ease: Floats
    log_tokens: Floats
    run: npt.NDArray[np.bool_]
    weight: Floats | float = 1.0
    tells_manner: npt.NDArray[np.bool_] | None = None

    def select_for_manner(self, rows: Rows) -> Rows:
        """Return the rows that are used in fitting the manner.

        Args:
            rows: The queries, from `to_rows`.
        """
        return rows if self.tells_manner is None else rows.take(self.tells_manner.nonzero()[0])

    def to_rows(self, network: InferenceNetwork) -> Rows:
        """Return the queries as rows for fitting heads, each with a weight of 1."""
        targets = np.stack([self.ease, self.log_tokens], axis=1)
        x = network.project(self.encoded.vectors)
        return Rows(x, self.kinds, targets, self.run, np.ones(len(targets)), self.encoded.word_scores)


class Rows(NamedTuple):
    """Queries and targets that heads are fitted to.

    Attributes:
        x: Principal components and surface features, shape (n, p).
        kind: Index of the kind of work, shape (n,).
        targets: Ease and log tokens, shape (n, 2).
        run: Whether the query asks for an agent's whole run, shape (n,).
        weight: Weight of each query, shape (n,).
        word_scores: Ease and manner by words, shape (n, 2).
    """

    x: Floats
    kind: npt.NDArray[np.intp]
    targets: Floats
    run: npt.NDArray[np.bool_]
    weight: Floats
    word_scores: Floats

    def concatenate(self, other: Rows) -> Rows:
        """Return these rows followed by the others."""
        return Rows(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def take(self, rows: npt.NDArray[np.intp] | slice) -> Rows:
        """Return a selection of the rows."""
        x, kind, targets, run, weight, word_scores = self
        return Rows(x[rows], kind[rows], targets[rows], run[rows], weight[rows], word_scores[rows])

    def scale_weights(self, factor: Floats | float) -> Rows:
        """Return a copy with the weights multiplied by a factor."""
        return self._replace(weight=self.weight * factor)

    def drop_capitals(self) -> Rows:
        """Return a copy with the share of capitals, the ninth of the surface features at the end of each row, set to 0.

        Capitals show how someone types, not what is asked, and the stated requests are typed by one author.
        """
        x = self.x.copy()
        x[:, CAPITALS - len(LOWEST)] = 0
        return self._replace(x=x)

    def subtract_word_ease(self) -> Rows:
        """Return a copy with the ease by words subtracted from the ease."""
        left = self.targets - np.stack([self.word_scores[:, EASE], np.zeros(len(self.targets))], axis=1)
        return self._replace(targets=left)

    def reframe(
        self, texts: Sequence[str], encoder: QueryEncoder, network: InferenceNetwork, seed: int = 0
    ) -> Rows:
        """Return a sample of the rows, encoded anew in other templates, with the same total weight.

        Args:
            texts: Texts of the n queries.
            encoder: Encodes the new texts.
            network: Projects the encoded texts.
            seed: Seed of the sample and of the templates.
        """
        picked, framed = draw_framed(texts, self.weight / self.weight.sum(), seed)
        encoded = encoder.read([Query(text) for text in framed])
        return self.take(picked)._replace(
            x=network.project(encoded.vectors),
            weight=np.full(len(picked), self.weight.sum() / len(picked)),
            word_scores=encoded.word_scores,
        )


def draw_framed(
    texts: Sequence[str], share: Floats | None = None, seed: int = 0
) -> tuple[npt.NDArray[np.intp], list[str]]:
    """Return the places of a sample of texts, and these in templates drawn at random.

    Args:
        texts: The n texts.
        share: Probability of each, shape (n,); by default equal.
        seed: Seed of the sample and of the templates.
    """
    rng = np.random.default_rng(seed)
    picked = rng.choice(len(texts), size=min(FRAMED, len(texts)), replace=False, p=share)
    frames = rng.integers(len(FRAMES), size=len(picked))
    return picked, [FRAMES[frame].format(texts[row]) for row, frame in zip(picked, frames, strict=True)]


def fit_heads(rows: Rows, kinds: int) -> tuple[Floats, Floats]:
    """Return weights (p, K + 2) and biases (K + 2,) for kinds, ease and log tokens; the inputs need no standardization.

    Args:
        rows: Queries and targets.
        kinds: Number of kinds of work, K.
    """
    z, mean, deviation = standardize(rows.x)
    columns = np.concatenate([np.ones((len(z), 1)), z], axis=1)
    gram = (columns * rows.weight[:, None]).T @ columns
    gram[np.arange(1, len(gram)), np.arange(1, len(gram))] += RIDGE
    solved = np.linalg.solve(gram, (columns * rows.weight[:, None]).T @ rows.targets)  # (1 + p, 2)
    scores, offsets = _fit_kinds(z, rows.kind, np.minimum(rows.weight, MOST_KIND_WEIGHT), kinds)
    heads = np.concatenate([scores, solved[1:]], axis=1) / deviation[:, None]
    return heads, np.concatenate([offsets, solved[0]]) - mean @ heads


def fit_hidden_layer(rows: Rows, heads: tuple[Floats, Floats]) -> dict[str, Floats]:
    """Return the tensors `HIDDEN` of `Doubt`: a layer fitted to the ease that linear heads leave.

    The mean of several small networks is one network of all their units. A constant unit is their bias.

    Args:
        rows: Queries and targets.
        heads: Weights and biases of the linear heads, from `fit_heads`.
    """
    from sklearn.neural_network import MLPRegressor

    z, mean, deviation = standardize(rows.x)
    left = rows.targets[:, 0] - rows.x @ heads[0][:, -2] - heads[1][-2]
    layers = []
    for seed in range(NETWORKS):
        network = MLPRegressor(hidden_layer_sizes=(UNITS,), alpha=PENALTY, max_iter=EPOCHS, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that training ends after its epochs
            network.fit(z, left, sample_weight=rows.weight / rows.weight.max())
        layers.append((*network.coefs_, *network.intercepts_))
    each, outputs, offsets, constants = zip(*layers, strict=True)
    varying = np.any(z, axis=0)[:, None]  # a weight of any other feature is as it was drawn
    weights = np.hstack([*each, np.zeros((len(mean), 1))]) * varying / deviation[:, None]
    output = np.concatenate([*outputs, [np.sum(constants, axis=0)]])[:, 0] / NETWORKS
    return dict(
        zip(HIDDEN, (weights, np.concatenate([*offsets, [1.0]]) - mean @ weights, output), strict=True)
    )


def fit_manners(rows: Rows, stated: Rows, kinds: int) -> dict[str, Floats]:
    """Return the tensors of `Doubt` for the manner and for runs: `manner` (p, 3), `manner_bias` (3,), `run` (K + 2,).

    `run` is the mean of the training runs; without any, of the stated runs; zeros without either.

    Args:
        rows: Training queries.
        stated: Ordinary requests and runs. Without any, each query has the manner of training.
        kinds: Number of kinds of work, K.
    """
    size = rows.x.shape[1]
    head, bias, typical = np.zeros((size + 1, 3)), np.array([0, NEVER, NEVER]), np.zeros(kinds + 2)
    if len(stated.run):
        from sklearn.linear_model import LogisticRegression

        every = rows.concatenate(stated)
        is_stated = np.repeat([False, True], [len(rows.run), len(stated.run)])
        manner = np.where(every.run, A_RUN, np.where(is_stated, AS_PEOPLE, AS_TRAINING))
        z, mean, deviation = standardize(np.column_stack([every.x, every.word_scores[:, PEOPLE]]))
        z[:, size:] *= WORD_FREEDOM
        deviation[size:] /= WORD_FREEDOM
        weight = balance_weights(manner, is_stated, every.weight) * 2 * len(stated.run)
        fitted = LogisticRegression(C=MANNER_STRENGTH, max_iter=500).fit(z, manner, sample_weight=weight)
        # for two manners, scikit-learn returns one row of scores: of the second against the first
        found = fitted.classes_[-len(fitted.coef_) :]
        head[:, found] = (fitted.coef_ / deviation).T
        bias[fitted.classes_] = 0
        bias[found] = fitted.intercept_
        bias = bias - mean @ head
    known = next((group for group in (rows, stated) if group.run.any()), None)
    if known is not None:
        runs = known.take(known.run.nonzero()[0])
        shares = np.bincount(runs.kind, weights=runs.weight, minlength=kinds) / runs.weight.sum()
        typical = np.concatenate([shares, np.average(runs.targets, axis=0, weights=runs.weight)])
    return {"manner": head[:size], "manner_bias": bias, MANNER_WORDS: head[size], "run": typical}


def balance_weights(manner: npt.NDArray[np.intp], is_stated: npt.NDArray[np.bool_], weight: Floats) -> Floats:
    """Return weights that sum to 1: each manner has its share, half from training and half stated if it has both."""
    balanced = np.zeros(len(manner))
    for each, share in enumerate(MANNERS):
        sources = [
            group for group in ((manner == each) & is_stated, (manner == each) & ~is_stated) if group.any()
        ]
        for group in sources:
            balanced[group] = share / len(sources) * weight[group] / weight[group].sum()
    return np.asarray(balanced / balanced.sum())


def _fit_kinds(z: Floats, kind: npt.NDArray[np.intp], weight: Floats, kinds: int) -> tuple[Floats, Floats]:
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
    offsets[np.setdiff1d(np.arange(kinds), found)] = -20.0  # kinds without a query
    return scores, offsets


def standardize(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Return inputs with a mean of 0 and a variance of 1, shape (n, p), and the mean and deviation, shape (p,)."""
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-3
    return (x - mean) / deviation, mean, deviation
