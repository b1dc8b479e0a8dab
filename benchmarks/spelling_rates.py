"""Fit the rates of pairs of letters again, on what packages say in languages of Latin script.

    python benchmarks/spelling_rates.py FILE.whl...

`crossroute.spelling` takes a letter's tokens to be a usual rate, and more by the letter before it, and by its mark.
Here they are fitted by ridge regression of the relative errors, over the passages that are counted by their letters;
each language weighs the same. Printed are the errors by language, as it is counted and where it was left out of the
fit, then the rates in the module's own form. Fit on some packages, and look at others with `tokens.py`.
"""

from __future__ import annotations

import sys
from itertools import product
from operator import add
from typing import NamedTuple

import numpy as np
from tokens import load_vocabularies, read_passages

from crossroute.spelling import LETTERS, SIGNS, WORD, rate_letters
from crossroute.tokens import Vocabulary, count_others, count_pieces, estimate_tokens

NAMES: tuple[Vocabulary, ...] = ("o200k", "cl100k")
PAIRS = [first + letter for first, letter in product(" " + LETTERS, LETTERS)]
PLACE = {pair: place for place, pair in enumerate(PAIRS)}
STEP = {"o200k": 0.075, "cl100k": 0.1}
"""Tokens between two letters of the form in which rates are kept; "n" is none."""
RIDGE, FOLDS, LINE = 0.03, 10, 104


class Passages(NamedTuple):
    """The passages of all languages, n of them.

    Attributes:
        languages: The language of each, shape (n,).
        shares: Of its letters, those behind each letter, those with each mark, and 1, shape (n, pairs + 4).
        letters: Its letters, shape (n,).
        others: Tokens of all else, by vocabulary, shape (n,).
        counted: Its tokens, by vocabulary, shape (n,).
        estimated: Its tokens as they are estimated, by vocabulary, shape (n,).
    """

    languages: np.ndarray
    shares: np.ndarray
    letters: np.ndarray
    others: dict[str, np.ndarray]
    counted: dict[str, np.ndarray]
    estimated: dict[str, np.ndarray]


def main() -> None:
    """Print errors by language, and the rates as they fit."""
    if not sys.argv[1:]:
        sys.exit("Name wheels with translations: pip download --no-deps django wagtail weblate")
    told = read(sys.argv[1:])
    print(f"{'language':10s}{'passages':>9s}" + "".join(f"{name:>9s} off  left out" for name in NAMES))
    left_out = {name: leave_out(told, name) for name in NAMES}
    for language in sorted(set(told.languages)):
        here = told.languages == language
        line = f"{language:10s}{here.sum():9d}"
        for name in NAMES:
            off = told.estimated[name][here].sum() / told.counted[name][here].sum() - 1
            line += f"{off:+13.0%}{left_out[name][here].sum() / told.counted[name][here].sum() - 1:+10.0%}"
        print(line)
    line = f"{'median':19s}"
    for name in NAMES:
        errors = [usual_error(told, name, tokens) for tokens in (told.estimated[name], left_out[name])]
        line += f"{errors[0]:13.1%}{errors[1]:10.1%}"
    print(line)
    for name in NAMES:
        rates = fit(told, name, np.ones(len(told.letters), dtype=bool))
        print(f"{name}: a letter {rates[-1]:.3f}, marked {[round(float(rate), 3) for rate in rates[-4:-1]]}")
        kept = "".join(encode(rate, STEP[name]) for rate in rates[: len(PAIRS)])
        print("\n".join(kept[place : place + LINE] for place in range(0, len(kept), LINE)))


def read(wheels: list[str]) -> Passages:
    """Return the passages that are counted by their letters."""
    found = [
        (language, text)
        for language, texts in read_passages(wheels).items()
        for text in texts
        if rate_letters(text)
    ]
    words = [WORD.findall(text) for _, text in found]
    letters = np.array([sum(map(len, each)) for each in words], dtype=float)
    pieces = [count_pieces(text) - len(each) for (_, text), each in zip(found, words, strict=True)]
    beside = np.array([count_others(text, by_letters=True) for _, text in found])
    known = load_vocabularies()
    return Passages(
        np.array([language for language, _ in found]),
        np.array([count_shares(text) for _, text in found]),
        letters,
        {name: pieces + beside[:, place] for place, name in enumerate(NAMES)},
        {
            name: np.array([len(known[name].encode(text, disallowed_special=())) for _, text in found])  # type: ignore[attr-defined]
            for name in NAMES
        },
        {name: np.array([estimate_tokens(text, name) for _, text in found]) for name in NAMES},
    )


def count_shares(text: str) -> np.ndarray:
    """Return the share of a text's letters behind each letter, and with each mark; and 1 for all of them."""
    counts, letters = np.zeros(len(PAIRS) + 4), 0
    for word in text.lower().split():
        bare = word.strip(SIGNS)
        if not bare.replace("-", "").replace("'", "").isalpha():
            continue
        letters += sum(map(len, WORD.findall(bare)))
        for pair in map(add, f" {bare}", bare):
            if pair in PLACE:
                counts[PLACE[pair]] += 1
        for letter in bare:
            if "\xbf" < letter < "\u0250" or "\u1dff" < letter < "\u1f00":
                counts[len(PAIRS) + (letter > "\xff") + (letter > "\u1dff")] += 1
    counts /= max(letters, 1)
    counts[-1] = 1
    return counts


def fit(told: Passages, name: Vocabulary, taken: np.ndarray) -> np.ndarray:
    """Return the rates of pairs, of marks, and of a letter that leave the least squares, shape (pairs + 4,)."""
    _, language, sizes = np.unique(told.languages[taken], return_inverse=True, return_counts=True)
    weight = np.sqrt(1 / sizes[language] / len(sizes)) / told.counted[name][taken]
    letters = told.letters[taken] * weight
    shares = told.shares[taken] * letters[:, None]
    wanted = (told.counted[name] - told.others[name])[taken] * weight
    penalty = np.full(shares.shape[1], RIDGE / len(PAIRS))
    penalty[-4:] = 0
    usual = shares.T @ shares + np.diag(penalty)
    rates: np.ndarray = np.linalg.lstsq(usual, shares.T @ wanted, rcond=None)[0]
    return rates


def leave_out(told: Passages, name: Vocabulary) -> np.ndarray:
    """Return the tokens of each passage by the rates of other languages, shape (n,)."""
    groups = {language: place % FOLDS for place, language in enumerate(sorted(set(told.languages)))}
    fold = np.array([groups[language] for language in told.languages])
    tokens = np.zeros(len(fold))
    for place in range(FOLDS):
        here = fold == place
        rates = fit(told, name, ~here)
        tokens[here] = told.others[name][here] + told.letters[here] * (told.shares[here] @ rates)
    return tokens


def usual_error(told: Passages, name: Vocabulary, tokens: np.ndarray) -> float:
    """Return the median over languages of the error of their passages' tokens."""
    here = [told.languages == language for language in set(told.languages)]
    return float(np.median([abs(tokens[one].sum() / told.counted[name][one].sum() - 1) for one in here]))


def encode(rate: float, step: float) -> str:
    """Return the letter under which the module keeps a rate.

    >>> encode(0.15, 0.075), encode(9.0, 0.1)
    ('p', 'z')
    """
    return chr(min(ord("z"), max(ord("a"), ord("n") + round(rate / step))))


if __name__ == "__main__":
    main()
