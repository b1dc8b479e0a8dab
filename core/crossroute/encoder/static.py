"""The static tier: the mean of token vectors that model2vec distilled from a sentence transformer.

What is added up over a text's words is worked out once a word, and remembered.
"""

from __future__ import annotations

import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from typing import Any

import numpy as np
import numpy.typing as npt

from crossroute.encoder import Embeddings
from crossroute.encoder.static_files import BUNDLED, load, locate, splits_at_blanks, unknown_token
from crossroute.encoder.surface import COUNTS, Counts, is_of_words, word_counts
from crossroute.encoder.word_ease import SUMS, sum_words
from crossroute.errors import EncoderError, one_line

FEW = 16
"""Texts fewer than these are cut, and the rows of their words added up, one by one."""

PART = re.compile(r"[^\W_]+|.", re.ASCII)
"""What BERT's tokenizer reads by itself in a word of ASCII: letters and digits between marks, and each mark."""

BESIDE = 1 + COUNTS + SUMS
"""Numbers of a word beside its vector: tokens, `word_counts`, `sum_words`."""

KNOWN_WORDS = 16_384
"""Words that are remembered; when there are more, all are forgotten."""


class StaticEncoder:
    """Token vectors, averaged and normalized: needs neither torch nor a download; safe to share between threads.

    Args:
        model: A model2vec folder or hub id; empty for the bundled vectors (all-MiniLM-L6-v2 distilled).

    Raises:
        EncoderError: There is no such model, or it cannot be reached.

    Source: model2vec, https://github.com/MinishLab/model2vec.
    """

    def __init__(self, model: str = "") -> None:
        self.name = f"static:{model}" if model else "static"
        try:
            self._tokenizer, vectors = load(locate(model))
        except (OSError, ValueError, KeyError) as error:
            raise EncoderError(
                f"Cannot load the static encoder {model or str(BUNDLED)!r}: {one_line(error)}. Expected a model2vec "
                "folder or a hub id that can be reached."
            ) from error
        self._unknown = unknown_token(self._tokenizer)
        if self._unknown is not None:
            vectors[self._unknown] = 0  # it tells nothing
        self._vectors = vectors
        self._most: float = (self._tokenizer.truncation or {}).get("max_length", np.inf)
        self._width = vectors.shape[1]
        self.by_word = splits_at_blanks(self._tokenizer)
        added = self._tokenizer.get_added_tokens_decoder().values()
        self._read_whole = [token.content.lower() for token in added]
        self._words = WordRows(self._width + BESIDE, self._measured)

    def encode(self, texts: list[str]) -> Embeddings:
        """Return unit vectors, shape (n, d); a text without a known token is the zero vector."""
        words = [text.split() if self.by_word and is_of_words(text) else [] for text in texts]
        if all(words):
            sums = self._words.sums(words)
            if sums[:, self._width].max(initial=0) <= self._most:
                return unit(sums[:, : self._width])
        return unit(self._sums(texts, words))

    def _sums(self, texts: list[str], words: Sequence[Sequence[str]]) -> Embeddings:
        """Return the sums of texts of which some are not read word by word, or cut, shape (n, d)."""
        sums, others = np.zeros((len(texts), self._width), dtype=np.float32), [*range(len(texts))]
        if rows := [row for row, each in enumerate(words) if each]:
            found = self._words.sums([words[row] for row in rows])
            sums[rows] = found[:, : self._width]
            cut = np.array(rows)[found[:, self._width] > self._most].tolist()
            others = sorted({*others}.difference(rows).union(cut))
        if others:
            sums[others] = self._token_sums([texts[row] for row in others])[:, : self._width]
        return sums

    def read(self, words: Sequence[Sequence[str]]) -> tuple[Embeddings, list[Counts | None]]:
        """Return unit vectors of texts that are read word by word, and counts of each: `word_counts`, then `sum_words`.

        A text that is cut, or is read as something other than its words, has no counts: its vector is not that of its
        view.

        Args:
            words: Of each text some; `by_word` must hold.
        """
        sums = self._words.sums(words)
        told = sums[:, self._width :].tolist()
        counts = [None if strange or tokens > self._most else each for tokens, strange, *each in told]
        return unit(sums[:, : self._width]), counts

    @property
    def tokens(self) -> list[str]:
        """The vocabulary."""
        return list(self._tokenizer.get_vocab())

    def known_share(self, texts: list[str]) -> npt.NDArray[np.floating]:
        """Return how much of each text the vectors know, shape (n,), in [0, 1].

        That is the share of its letters that stand in words with a vector of their own: near 1 for English, about
        0.4 for a language whose words fall into pieces, 0 for a script that is unknown; 1 for a text without letters.
        """
        return np.array([self._known_share(text) for text in texts])

    def _measured(self, words: list[str]) -> Embeddings:
        """Return the row of each word: the sum of its vectors, its tokens, its counts, and its ease."""
        tokens = self._tokens_of_words(words)
        rows = np.zeros((len(words), self._width + BESIDE), dtype=np.float32)
        rows[:, self._width :] = [
            (len(each), *word_counts(word), *sum_words(word))
            for word, each in zip(words, tokens, strict=True)
        ]
        held = [*filter(None, tokens)]  # a mark alone has none
        if held:
            vectors = self._vectors.take([*chain.from_iterable(held)], axis=0).astype(np.float32, copy=False)
            starts = [0, *accumulate(map(len, held[:-1]))]
            own = rows[:, : self._width]
            if len(held) == len(tokens):
                np.add.reduceat(vectors, starts, axis=0, out=own)
            else:
                own[[*map(bool, tokens)]] = np.add.reduceat(vectors, starts, axis=0)
        return rows

    def _tokens_of_words(self, words: list[str]) -> list[list[int]]:
        """Return what `_tokens_of` does, of printable words: parts of ASCII are known without the tokenizer."""
        text = " ".join(words)
        lowered = text.lower()
        if any(token in lowered for token in self._read_whole):
            return self._tokens_of(words)
        model, lower = self._tokenizer.model, self._tokenizer.normalizer.lowercase
        return [
            [
                token.id
                for part in PART.findall(word.lower() if lower else word)
                for token in model.tokenize(part)
            ]
            if word.isascii()
            else self._tokenizer.encode(word, add_special_tokens=False).ids
            for word in words
        ]

    def _token_sums(self, texts: list[str]) -> Embeddings:
        """Return the sum of the vectors of each text's tokens, and how many there are, shape (n, d + 1).

        The sum points where the mean does.
        """
        sums = np.empty((len(texts), self._width + 1), dtype=np.float32)
        for row, tokens in zip(sums, self._tokens_of(texts), strict=True):
            vectors = self._vectors.take(tokens, axis=0).astype(np.float32, copy=False)
            row[:-1], row[-1] = _ones(len(tokens)).dot(vectors), len(tokens)
        return sums

    def _tokens_of(self, texts: list[str]) -> list[list[int]]:
        """Return the tokens of each text."""
        if len(texts) >= FEW:
            found = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
            return [encoding.ids for encoding in found]
        # in this thread, rather than wake others
        return [self._tokenizer.encode(text, add_special_tokens=False).ids for text in texts]

    def _known_share(self, text: str) -> float:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        pieces = Counter(encoding.word_ids)
        letters = known = 0
        for token, word, (start, end) in zip(encoding.ids, encoding.word_ids, encoding.offsets, strict=True):
            size = end - start if text[start].isalpha() else 0
            letters += size
            if pieces[word] == 1 and token != self._unknown and (size > 1 or text[start].isascii()):
                known += size
        return known / letters if letters else 1.0


class WordRows:
    """Rows of numbers by word; safe to share between threads.

    Args:
        width: Numbers a word.
        measure: Words -> their rows, shape (w, width).
    """

    def __init__(self, width: int, measure: Callable[[list[str]], Embeddings]) -> None:
        self._width, self._most, self._measure = width, KNOWN_WORDS, measure
        self._known = _Known(width, self._most)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known.places)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle what is remembered empty."""
        return WordRows, (self._width, self._measure)

    def sums(self, texts: Sequence[Sequence[str]]) -> Embeddings:
        """Return the sum of the rows of each text's words, shape (n, width); each text has some.

        >>> WordRows(2, lambda words: np.array([[len(w), 1] for w in words], dtype=np.float32)).sums([["a", "bcd"]])
        array([[4., 2.]], dtype=float32)
        """
        words = texts[0] if len(texts) == 1 else [*chain.from_iterable(texts)]
        known = self._known
        try:
            places = known.places_of(words)
        except KeyError:
            known = self._learn(words)
            places = known.places_of(words)
        if len(texts) == 1:
            return _added(known.rows, places)[None]
        return _sums(known.rows, places, np.fromiter(map(len, texts), np.intp, len(texts)))

    def _learn(self, words: Sequence[str]) -> _Known:
        """Return what holds all of these words."""
        with self._lock:
            known, different = self._known, [*dict.fromkeys(words)]
            missing = [word for word in different if word not in known.places]
            if len(known.places) + len(missing) > self._most:
                known, missing = _Known(self._width, max(self._most, len(different))), different
                if len(different) <= self._most:
                    self._known = known
            if missing:  # else another thread has learned them meanwhile
                known.add(missing, self._measure(missing))
        return known


def _sums(rows: Embeddings, places: npt.NDArray[np.intp], lengths: npt.NDArray[np.intp]) -> Embeddings:
    """Return the sums of the rows at some places, so many for each text, shape (n, width).

    All first words together, then all second ones, and so on, until few texts go on: a row for each word at once would
    be too large for the processor's caches.
    """
    order = np.argsort(-lengths)  # the longest first
    starts = (lengths.cumsum() - lengths)[order]
    going = len(lengths) - np.bincount(lengths).cumsum()  # how many have a word at each position
    together = np.count_nonzero(going >= FEW)
    total = np.zeros((len(lengths), rows.shape[1]), dtype=np.float32)
    for position, count in enumerate(going[:together].tolist()):
        total[:count] += rows.take(places[starts[:count] + position], axis=0)
    for place, (start, length) in enumerate(zip(starts.tolist(), lengths[order].tolist(), strict=True)):
        if length <= together:
            break
        total[place] += _added(rows, places[start + together : start + length])
    sums = np.empty_like(total)
    sums[order] = total
    return sums


def _added(rows: Embeddings, places: npt.NDArray[np.intp]) -> Embeddings:
    """Return the sum of the rows at some places, as a product, which is quicker than a sum, shape (width,)."""
    return np.asarray(_ones(len(places)).dot(rows.take(places, axis=0)))


@lru_cache
def _ones(count: int) -> Embeddings:
    return np.ones(count, dtype=np.float32)


class _Known:
    """Words, and the place of each among the rows; what a place holds never changes, so that readers need no lock.

    A place is kept as the bytes of a number: joined, those of many words are an array already.
    """

    def __init__(self, width: int, size: int) -> None:
        self.places: dict[str, bytes] = {}
        self.rows = np.empty((size, width), dtype=np.float32)  # takes memory as it is filled

    def places_of(self, words: Sequence[str]) -> npt.NDArray[np.intp]:
        """Return the place of each word; a KeyError is raised where one is not held."""
        return np.frombuffer(b"".join(map(self.places.__getitem__, words)), dtype=np.intp)

    def add(self, words: list[str], rows: Embeddings) -> None:
        """Hold further words: their rows first, so that no place is known before it is filled."""
        start = len(self.places)
        self.rows[start : start + len(words)] = rows
        places = (np.intp(place).tobytes() for place in range(start, start + len(words)))
        self.places.update(zip(words, places, strict=True))


def unit(vectors: Embeddings) -> Embeddings:
    """Return vectors at length 1, shape (n, d); 0 stays 0."""
    if len(vectors) == 1:  # of one, a product is quicker
        return np.asarray(vectors / (math.sqrt(vectors[0].dot(vectors[0])) + 1e-32))
    return np.asarray(vectors / (np.sqrt(np.add.reduce(vectors * vectors, axis=1, keepdims=True)) + 1e-32))
