"""Fit what each word tells of a request's ease: python benchmarks/word_ease.py.

On the requests of stated difficulty (ordinary_queries.jsonl, further_requests.jsonl), beside a reading that is linear
in what the network of the bundled router reads of them; one ridge, solved together. Writes the words' numbers to the
package, where `crossroute.encoder.word_ease` reads them; fit the router's heads again afterwards
(`train_universal.py --only heads`). How well it reads requests that it has not seen: difficulty.py.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import sparse
from train_universal import EASE, FURTHER, ORDINARY, queries_of, rows_of

from crossroute import Router
from crossroute.encoder.word_ease import FILE, words_of
from crossroute.numeric import Floats

RIDGE = 100.0
"""Penalty on the linear reading, for standardized inputs."""

WORDS = 50.0
"""How much more freely a word's number moves. Chosen by five-fold cross-validation, as the next."""

LEAST = 3
"""Requests that a word stands in."""


def main() -> None:
    """Write the numbers."""
    rows = rows_of(ORDINARY) + rows_of(FURTHER)
    queries = queries_of(rows)
    predictor = Router.from_pretrained("universal").predictor
    x = predictor.network.project(predictor.query_encoder.encode(queries))
    texts = [words_of(query.view.instance) for query in queries]
    found = fitted(x, texts, np.array(EASE)[[row["level"] for row in rows]])
    FILE.write_text(
        json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n", "utf-8"
    )
    print(f"{len(found):,} words")


def fitted(x: Floats, texts: Sequence[Sequence[str]], ease: Floats) -> dict[str, float]:
    """Return each word's number.

    Args:
        x: What a network reads of the requests, shape (n, p).
        texts: Their words.
        ease: As stated, shape (n,).
    """
    often = Counter(word for text in texts for word in set(text))
    words = sorted(word for word, count in often.items() if count >= LEAST)
    column = {word: place for place, word in enumerate(words)}
    shares = [
        (row, column[word], count / np.sqrt(len(text)))
        for row, text in enumerate(texts)
        for word, count in Counter(text).items()
        if word in column
    ]
    at_row, at_column, share = zip(*shares, strict=True)
    bags = sparse.csr_matrix((share, (at_row, at_column)), shape=(len(texts), len(words)))
    z = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-3)
    alike = z @ z.T + WORDS * (bags @ bags.T).toarray()
    solved = np.linalg.solve(alike + RIDGE * np.eye(len(ease)), ease - ease.mean())
    numbers = (WORDS * (bags.T @ solved)).round(2).tolist()
    return {word: number for word, number in zip(words, numbers, strict=True) if number}


if __name__ == "__main__":
    main()
