"""Fit the scores of words: python benchmarks/word_scores.py.

The ease is fitted on the requests of stated difficulty (ordinary_queries.jsonl, further_requests.jsonl,
translated_requests.jsonl), jointly with a head that is linear in what the bundled router's network reads of them; one
ridge regression. The manner is fitted on the same requests, but for translations, and on agents' tasks
(agent_runs.jsonl), beside the train splits of all shared sets, a part of them in other templates as well; one logistic
regression.

This writes the words' numbers to the package, where `crossroute.encoder.features` reads them, and beside this script
the scores of each request by words that were fitted without it: heads and dial are fitted to these, since new requests
are distinguished less well than those of the fit. Fit the router's heads again afterwards (`train_universal.py --only
heads`). For its evaluation on requests that it has not seen, see difficulty.py.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import train_universal
from priors import find_kind
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from train_universal import (
    EASE,
    RUNS,
    TRANSLATED_WEIGHT,
    load_outcomes_without,
    make_queries,
    read_rows,
    read_stated_requests,
    read_translated_requests,
)

from crossroute import Query, Router
from crossroute.encoder import features
from crossroute.encoder.features import FILE, SCORES, compute_scores, list_pieces, split_words, sum_pieces
from crossroute.model.doubt import A_RUN, AS_PEOPLE, AS_TRAINING
from crossroute.numeric import Floats
from crossroute.training.heads import MANNER_STRENGTH, balance_weights, draw_framed, standardize

RIDGE = 600.0
"""Penalty on the linear part of the ease, for standardized inputs. Chosen, as `WORDS` and `TRANSLATED_WEIGHT`, on each
of the four series of requests and its translations, left out in turn."""

WORDS = 400.0
"""Variance of a word's number in the ease, relative to that of a linear weight."""

MANNER_WORDS = 100.0
"""The same in the manner. Chosen on requests held out, on validation queries and on whole sets left out."""

LEAST = 3
"""Number of requests that a word must occur in. Chosen by five-fold cross-validation."""

FOLDS = 5

LEAST_NUMBER = 0.03
"""Words whose numbers are all smaller are left out."""


class Texts(NamedTuple):
    """Texts as the scores are fitted to them.

    Attributes:
        x: What the network reads of each, shape (n, p).
        words: Words of each.
    """

    x: Floats
    words: list[list[str]]

    @classmethod
    def read(cls, router: Router, queries: Sequence[Query]) -> Texts:
        """Return queries as the router's network reads them."""
        predictor = router.predictor
        x = predictor.network.project(predictor.query_encoder.encode(queries))
        return cls(x, [split_words(query.view.instance) for query in queries])


def main() -> None:
    """Write the numbers."""
    write_scores(FILE, train_universal.SCORES_HELD_OUT)


def write_scores(path: Path, held_out: Path, without: tuple[str, ...] = ()) -> None:
    """Fit the scores and write both files.

    Args:
        path: Where the words' numbers go.
        held_out: Where the scores of requests by words that were fitted without them go.
        without: Names of sets that are left out.
    """
    originals, translations, tasks = read_stated_requests(), read_translated_requests(), read_rows(RUNS)
    rows = originals + translations
    router = Router.from_pretrained("universal")
    requests, of_tasks = (Texts.read(router, make_queries(each)) for each in (rows, tasks))
    training, is_run = read_training(router, without)
    pieces = find_pieces(requests.words)
    x, bags = (
        np.concatenate([requests.x, of_tasks.x, training.x]),
        count_pieces(requests.words + of_tasks.words + training.words, pieces),
    )
    ease = np.array(EASE)[[row["level"] for row in rows]]
    weight = np.repeat([1.0, TRANSLATED_WEIGHT], [len(originals), len(translations)])
    manner = np.concatenate(
        [
            np.full(len(rows), AS_PEOPLE),
            np.where([row["kind"] == "run" for row in tasks], A_RUN, AS_PEOPLE),
            np.where(is_run, A_RUN, AS_TRAINING),
        ]
    )
    stated = np.arange(len(manner)) < len(rows) + len(tasks)
    others = np.arange(len(rows), len(manner))

    def fit(fitted: npt.NDArray[np.integer]) -> dict[str, list[float]]:
        read = np.concatenate([fitted[fitted < len(originals)], others])
        found = np.column_stack(
            [
                fit_ease(x[fitted], bags[fitted], ease[fitted], weight[fitted]),
                fit_manners(x[read], bags[read], manner[read], stated[read]),
            ]
        ).round(2)
        told = zip(pieces, found.tolist(), strict=True)
        return {piece: numbers for piece, numbers in told if max(map(abs, numbers)) >= LEAST_NUMBER}

    of_fold = assign_folds([row["id"].rpartition(":")[2] for row in rows])
    scores = np.zeros((len(rows), SCORES))
    for fold in range(FOLDS):
        known = fit((of_fold != fold).nonzero()[0])
        own = (of_fold == fold).nonzero()[0]
        words = [requests.words[place] for place in own]
        scores[own] = compute_scores([[*sum_pieces(each, known), len(each)] for each in words])
    held_out.write_text(json.dumps(scores.round(2).tolist()) + "\n")
    found = fit(np.arange(len(rows)))
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    path.write_text(text + "\n", "utf-8")
    print(f"{len(found):,} words, beginnings and ends")


def use_scores(path: Path, held_out: Path) -> None:
    """Let this process read words by other numbers; only routers that are loaded afterwards do."""
    features.FILE, train_universal.SCORES_HELD_OUT = path, held_out
    features.load_numbers.cache_clear()


def read_training(router: Router, without: tuple[str, ...]) -> tuple[Texts, npt.NDArray[np.bool_]]:
    """Return the train queries of all sets but some, a part of them in other templates as well, and which are runs."""
    outcomes = load_outcomes_without(without).split("train")
    run = np.array([find_kind(*task.split(": ", 1)) == "agent" for task in outcomes.tasks])
    picked, framed = draw_framed(outcomes.texts)
    texts = Texts.read(router, [Query(text) for text in [*outcomes.texts, *framed]])
    return texts, np.concatenate([run, run[picked]])


def assign_folds(names: Sequence[str]) -> npt.NDArray[np.integer]:
    """Return the fold of each request, shape (n,): those of one name are in one fold."""
    each, at = np.unique(names, return_inverse=True)
    return np.asarray(np.random.default_rng(0).permutation(len(each))[at] % FOLDS)


def find_pieces(texts: Sequence[Sequence[str]]) -> list[str]:
    """Return the pieces that occur in enough texts."""
    often = Counter(piece for words in texts for piece in set(list_pieces(words)))
    return sorted(piece for piece, count in often.items() if count >= LEAST)


def count_pieces(texts: Sequence[Sequence[str]], pieces: Sequence[str]) -> sparse.csr_matrix:
    """Return how often each piece occurs in each text, over the root of its count of words, shape (n, pieces)."""
    column = {piece: place for place, piece in enumerate(pieces)}
    shares = [
        (row, column[piece], count / np.sqrt(len(words)))
        for row, words in enumerate(texts)
        for piece, count in Counter(list_pieces(words)).items()
        if piece in column
    ]
    at_row, at_column, share = zip(*shares, strict=True)
    return sparse.csr_matrix((share, (at_row, at_column)), shape=(len(texts), len(pieces)))


def fit_ease(x: Floats, bags: sparse.csr_matrix, ease: Floats, weight: Floats) -> Floats:
    """Return the ease of each piece, shape (pieces,).

    Args:
        x: What the network reads of the n requests, shape (n, p).
        bags: Their pieces, from `count_pieces`.
        ease: As stated, shape (n,).
        weight: Weight of each request, shape (n,).
    """
    z = standardize(x)[0]
    alike = z @ z.T + WORDS * (bags @ bags.T).toarray()
    beyond = ease - np.average(ease, weights=weight)
    return np.asarray(WORDS * (bags.T @ np.linalg.solve(alike + RIDGE * np.diag(1 / weight), beyond)))


def fit_manners(
    x: Floats, bags: sparse.csr_matrix, manner: npt.NDArray[np.intp], stated: npt.NDArray[np.bool_]
) -> Floats:
    """Return the log-odds of each piece for an ordinary request, against a query of training, shape (pieces,).

    Args:
        x: What the network reads of the n texts, shape (n, p).
        bags: Their pieces, from `count_pieces`.
        manner: Manner of each, shape (n,).
        stated: Whether a text is of our own and not of training, shape (n,).
    """
    free = np.sqrt(MANNER_WORDS)
    read = sparse.hstack([sparse.csr_matrix(standardize(x)[0]), free * bags]).tocsr()
    weight = balance_weights(manner, stated, np.ones(len(manner))) * 2 * stated.sum()
    fitted = LogisticRegression(C=MANNER_STRENGTH, max_iter=300).fit(read, manner, sample_weight=weight)
    words = free * fitted.coef_[:, x.shape[1] :]  # (3, pieces)
    return np.asarray(words[AS_PEOPLE] - words[AS_TRAINING])


if __name__ == "__main__":
    main()
