"""The static tier: the mean of token vectors that model2vec distilled from a sentence transformer.

The numbers that add up over the words of a text are cached per word.
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
from crossroute.encoder.features import MEASURES, Counts, is_of_words, measure_word
from crossroute.encoder.static_files import BUNDLED, load, locate, splits_at_blanks, unknown_token
from crossroute.errors import EncoderError, one_line

FEW = 16
"""With fewer texts, tokenization and sums are done one text at a time."""

PART = re.compile(r"[^\W_]+|.", re.ASCII)
"""The parts of an ASCII word that BERT's tokenizer handles separately: runs of letters and digits, and single marks."""

BESIDE = 1 + MEASURES
"""Numbers of a word after its vector: its tokens, then `measure_word`."""

KNOWN_WORDS = 16_384
"""Words in the cache; when it is full, it is emptied."""


class StaticEncoder:
    """Token vectors, averaged and normalized, without torch or a download; safe to share between threads.

    Args:
        model: A model2vec folder or hub id; empty for the bundled vectors (distilled from all-MiniLM-L6-v2).

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
            vectors[self._unknown] = 0
        self._vectors = vectors
        self._most: float = (self._tokenizer.truncation or {}).get("max_length", np.inf)
        self._width = vectors.shape[1]
        self.by_word = splits_at_blanks(self._tokenizer)
        added = self._tokenizer.get_added_tokens_decoder().values()
        self._read_whole = [token.content.lower() for token in added]
        self._words = WordRows(self._width + BESIDE, self._measure_words)

    def encode(self, texts: list[str]) -> Embeddings:
        """Return normalize_rows vectors, shape (n, d); a text without a known token is the zero vector."""
        words = [text.split() if self.by_word and is_of_words(text) else [] for text in texts]
        if all(words):
            sums = self._words.sum_texts(words)
            if sums[:, self._width].max(initial=0) <= self._most:
                return normalize_rows(sums[:, : self._width])
        return normalize_rows(self._sum_tokens(texts, words))

    def _sum_tokens(self, texts: list[str], words: Sequence[Sequence[str]]) -> Embeddings:
        """Return the sums of the token vectors of texts, by word where possible, shape (n, d)."""
        sums, others = np.zeros((len(texts), self._width), dtype=np.float32), [*range(len(texts))]
        if rows := [row for row, each in enumerate(words) if each]:
            known = self._words.sum_texts([words[row] for row in rows])
            sums[rows] = known[:, : self._width]
            cut = np.array(rows)[known[:, self._width] > self._most].tolist()
            others = sorted({*others}.difference(rows).union(cut))
        if others:
            sums[others] = self._sum_token_vectors([texts[row] for row in others])[:, : self._width]
        return sums

    def read(self, words: Sequence[Sequence[str]]) -> tuple[Embeddings, list[Counts | None]]:
        """Return unit vectors of texts given as words, shape (n, d), and their counts.

        The counts are sums of `measure_word`, without its first number. They are None for a text that is truncated, or
        that contains a word with another reading: its vector is then not that of its view.

        Args:
            words: Words of each text, at least one; `by_word` must be true.
        """
        sums = self._words.sum_texts(words)
        rows = sums[:, self._width :].tolist()
        counts = [None if other or tokens > self._most else each for tokens, other, *each in rows]
        return normalize_rows(sums[:, : self._width]), counts

    @property
    def tokens(self) -> list[str]:
        """The vocabulary."""
        return list(self._tokenizer.get_vocab())

    def known_share(self, texts: list[str]) -> npt.NDArray[np.floating]:
        """Return the share of each text's letters in words that have a vector of their own, shape (n,), in [0, 1].

        It is near 1 for English, about 0.4 for a language whose words are split into pieces, 0 for an unknown script,
        and 1 for a text without letters.
        """
        return np.array([self._measure_known_share(text) for text in texts])

    def _measure_words(self, words: list[str]) -> Embeddings:
        """Return the row of each word: the sum of its token vectors, their number, and `measure_word`."""
        tokens = self._tokens_of_words(words)
        rows = np.zeros((len(words), self._width + BESIDE), dtype=np.float32)
        rows[:, self._width :] = [
            (len(each), *measure_word(word)) for word, each in zip(words, tokens, strict=True)
        ]
        held = [*filter(None, tokens)]  # a mark alone may have no token
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
        """Return the tokens of printable words, as `_tokens_of` does.

        ASCII words are split here, which is faster than the tokenizer.
        """
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

    def _sum_token_vectors(self, texts: list[str]) -> Embeddings:
        """Return the sum of the vectors of each text's tokens, and their number, shape (n, d + 1).

        The sum has the direction of the mean.
        """
        sums = np.empty((len(texts), self._width + 1), dtype=np.float32)
        for row, tokens in zip(sums, self._tokens_of(texts), strict=True):
            vectors = self._vectors.take(tokens, axis=0).astype(np.float32, copy=False)
            row[:-1], row[-1] = _ones(len(tokens)).dot(vectors), len(tokens)
        return sums

    def _tokens_of(self, texts: list[str]) -> list[list[int]]:
        """Return the tokens of each text."""
        if len(texts) >= FEW:
            encodings = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
            return [encoding.ids for encoding in encodings]
        # in this thread: for few texts, a thread pool is slower
        return [self._tokenizer.encode(text, add_special_tokens=False).ids for text in texts]

    def _measure_known_share(self, text: str) -> float:
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
    """Cached rows of numbers by word; safe to share between threads.

    Args:
        width: Numbers per word.
        measure: Words -> their rows, shape (w, width).
    """

    def __init__(self, width: int, measure: Callable[[list[str]], Embeddings]) -> None:
        self._width, self._most, self._measure = width, KNOWN_WORDS, measure
        self._known = _KnownWords(width, self._most)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known.places)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle with an empty cache."""
        return WordRows, (self._width, self._measure)

    def sum_texts(self, texts: Sequence[Sequence[str]]) -> Embeddings:
        """Return the sum of the rows of each text's words, shape (n, width); each text has at least one word.

        >>> rows = WordRows(2, lambda words: np.array([[len(w), 1] for w in words], dtype=np.float32))
        >>> rows.sum_texts([["a", "bcd"]])
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
            return _sum_rows(known.rows, places)[None]
        return _sum_groups(known.rows, places, np.fromiter(map(len, texts), np.intp, len(texts)))

    def _learn(self, words: Sequence[str]) -> _KnownWords:
        """Add words to the cache, and return a cache that contains all of them."""
        with self._lock:
            known, different = self._known, [*dict.fromkeys(words)]
            missing = [word for word in different if word not in known.places]
            if len(known.places) + len(missing) > self._most:
                known, missing = _KnownWords(self._width, max(self._most, len(different))), different
                if len(different) <= self._most:
                    self._known = known
            if missing:  # else another thread has added them
                known.add(missing, self._measure(missing))
        return known


def _sum_groups(rows: Embeddings, places: npt.NDArray[np.intp], lengths: npt.NDArray[np.intp]) -> Embeddings:
    """Return the sums of consecutive groups of rows, shape (n, width).

    Args:
        rows: All rows.
        places: Indices of the rows of all texts, concatenated.
        lengths: Number of rows of each text, shape (n,).

    First words of all texts are added together, then second words, and so on, until few texts are left: taking all
    rows at once would exceed the processor's caches.
    """
    order = np.argsort(-lengths)  # the longest first
    starts = (lengths.cumsum() - lengths)[order]
    left = len(lengths) - np.bincount(lengths).cumsum()  # texts that have a word at each position
    together = np.count_nonzero(left >= FEW)
    total = np.zeros((len(lengths), rows.shape[1]), dtype=np.float32)
    for position, count in enumerate(left[:together].tolist()):
        total[:count] += rows.take(places[starts[:count] + position], axis=0)
    for place, (start, length) in enumerate(zip(starts.tolist(), lengths[order].tolist(), strict=True)):
        if length <= together:
            break
        total[place] += _sum_rows(rows, places[start + together : start + length])
    sums = np.empty_like(total)
    sums[order] = total
    return sums


def _sum_rows(rows: Embeddings, places: npt.NDArray[np.intp]) -> Embeddings:
    """Return the sum of rows, shape (width,), as a dot product with ones, which is faster than a sum."""
    return np.asarray(_ones(len(places)).dot(rows.take(places, axis=0)))


@lru_cache
def _ones(count: int) -> Embeddings:
    return np.ones(count, dtype=np.float32)


class _KnownWords:
    """Words and the indices of their rows. A row never changes once its word is known, so reading needs no lock.

    An index is stored as the bytes of an integer, so that joining the indices of many words gives an array.
    """

    def __init__(self, width: int, size: int) -> None:
        self.places: dict[str, bytes] = {}
        self.rows = np.empty((size, width), dtype=np.float32)  # uses memory only as it is filled

    def places_of(self, words: Sequence[str]) -> npt.NDArray[np.intp]:
        """Return the index of each word's row, shape (w,).

        Raises:
            KeyError: A word is unknown.
        """
        return np.frombuffer(b"".join(map(self.places.__getitem__, words)), dtype=np.intp)

    def add(self, words: list[str], rows: Embeddings) -> None:
        """Add words. Their rows are written first, so that no other thread sees an index without its row."""
        start = len(self.places)
        self.rows[start : start + len(words)] = rows
        places = (np.intp(place).tobytes() for place in range(start, start + len(words)))
        self.places.update(zip(words, places, strict=True))


def normalize_rows(vectors: Embeddings) -> Embeddings:
    """Return vectors scaled to length 1, shape (n, d); a zero vector stays 0."""
    if len(vectors) == 1:  # for one vector, a dot product is faster
        return np.asarray(vectors / (math.sqrt(vectors[0].dot(vectors[0])) + 1e-32))
    return np.asarray(vectors / (np.sqrt(np.add.reduce(vectors * vectors, axis=1, keepdims=True)) + 1e-32))
