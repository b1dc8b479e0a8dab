"""Fit what each word tells of a request's ease: python benchmarks/word_ease.py.

On the requests of stated difficulty (ordinary_queries.jsonl, further_requests.jsonl, translated_requests.jsonl), beside
a reading that is linear in what the network of the bundled router reads of them; one ridge, solved together. Writes
the words' numbers to the package, where `crossroute.encoder.word_ease` reads them, and beside this script the ease of
each request by words that were fitted without it: heads and dial are fitted to that, since new requests are told apart
less well than those of the fit. Fit the router's heads again afterwards (`train_universal.py --only heads`). How well
it reads requests that it has not seen: difficulty.py.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from train_universal import (
    EASE,
    EASE_HELD_OUT,
    TRANSLATED_WEIGHT,
    queries_of,
    stated_requests,
    translated_requests,
)

from crossroute import Router
from crossroute.encoder.word_ease import FILE, ease_of_sums, pieces_of, sum_pieces, words_of
from crossroute.numeric import Floats

RIDGE = 100.0
"""Penalty on the linear reading, for standardized inputs."""

WORDS = 100.0
"""How much more freely a word's number moves. Chosen by five-fold cross-validation, as the next; translations stand in
the fold of their original."""

LEAST = 3
"""Requests that a word stands in."""

FOLDS = 5

LEAST_NUMBER = 0.03
"""Numbers that are smaller are left out."""


def main() -> None:
    """Write the numbers."""
    originals, translations = stated_requests(), translated_requests()
    rows = originals + translations
    queries = queries_of(rows)
    predictor = Router.from_pretrained("universal").predictor
    x = predictor.network.project(predictor.query_encoder.encode(queries))
    texts = [words_of(query.view.instance) for query in queries]
    weight = np.repeat([1.0, TRANSLATED_WEIGHT], [len(originals), len(translations)])
    ease = np.array(EASE)[[row["level"] for row in rows]]
    found = fit_numbers(x, texts, ease, weight)
    FILE.write_text(
        json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n", "utf-8"
    )
    print(f"{len(found):,} words, beginnings and ends")
    of_fold = assign_folds([row["id"].rpartition(":")[2] for row in rows])
    held_out = np.zeros(len(rows))
    for fold in range(FOLDS):
        own, others = (of_fold == fold).nonzero()[0], (of_fold != fold).nonzero()[0]
        known = fit_numbers(x[others], [texts[place] for place in others], ease[others], weight[others])
        held_out[own] = ease_of_sums([(sum_pieces(texts[place], known), len(texts[place])) for place in own])
    EASE_HELD_OUT.write_text(json.dumps(held_out.round(2).tolist()) + "\n")


def assign_folds(names: Sequence[str]) -> npt.NDArray[np.integer]:
    """Return the fold of each request by its name, shape (n,): those of one name stand in one."""
    each, at = np.unique(names, return_inverse=True)
    return np.asarray(np.random.default_rng(0).permutation(len(each))[at] % FOLDS)


def fit_numbers(x: Floats, texts: Sequence[Sequence[str]], ease: Floats, weight: Floats) -> dict[str, float]:
    """Return each word's number, and those of beginnings and ends.

    Args:
        x: What a network reads of the requests, shape (n, p).
        texts: Their words.
        ease: As stated, shape (n,).
        weight: Of each request, shape (n,).
    """
    pieces = [pieces_of(text) for text in texts]
    often = Counter(piece for each in pieces for piece in set(each))
    known = sorted(piece for piece, count in often.items() if count >= LEAST)
    column = {piece: place for place, piece in enumerate(known)}
    shares = [
        (row, column[piece], count / np.sqrt(len(texts[row])))
        for row, each in enumerate(pieces)
        for piece, count in Counter(each).items()
        if piece in column
    ]
    at_row, at_column, share = zip(*shares, strict=True)
    bags = sparse.csr_matrix((share, (at_row, at_column)), shape=(len(texts), len(known)))
    z = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-3)
    alike = z @ z.T + WORDS * (bags @ bags.T).toarray()
    beyond = ease - np.average(ease, weights=weight)
    solved = np.linalg.solve(alike + RIDGE * np.diag(1 / weight), beyond)
    numbers = (WORDS * (bags.T @ solved)).round(2).tolist()
    return {
        piece: number for piece, number in zip(known, numbers, strict=True) if abs(number) >= LEAST_NUMBER
    }


if __name__ == "__main__":
    main()
