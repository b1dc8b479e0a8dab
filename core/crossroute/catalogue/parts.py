"""Parts of a model's name: brand, words, generation and size, read from any spelling.

`qwen3.9-9b-instruct-q4_K_M` is a qwen of generation 3.9 with 9 billion parameters. The storage of its weights, the
kind of service and a date at the end do not matter.
"""

# ruff: noqa: SIM905 - lists of words

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import NamedTuple

from crossroute.catalogue.catalogue import Catalogue
from crossroute.catalogue.hosts import HOSTS, MAKERS
from crossroute.patterns import lazy

OTHER_WORK = frozenset(
    (
        "embed embedding embeddings rerank reranker tts stt asr whisper transcribe speech voice voxtral realtime live"
        " audio image images imagen imagine video veo sora dall moderation guard safeguard ocr search base pt pretrain"
        " text reward classifier draft eagle lora adapter bge sonic canvas reel ft finetune finetuned custom imported"
        " provisioned endpoint router"
    ).split()
)
"""Words in the names of models that are not for chat, or differ from the measured ones."""

FORM = (
    r"i?q\d(?:[-_][0-9a-z]+)*|b?f(?:16|32)|fp(?:4|6|8|16)|nvfp4|mxfp[48]|int[48]|[2-8]-?bit|bnb|w\da\d+|awq|gptq|gguf"
    r"|ggml|mlx|exl[23]|onnx|qat|dynamic|ud|maas"
)
_SERVED = (
    "latest|default|stable|preview|exp|experimental|beta|instruct|chat|it|hf|online|extended|cloud|batch|free|nitro"
    "|floor|exacto|eu|us|global"
)
_DATE = (
    r"20\d{6}|2[3-9](?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])|20\d\d-\d\d(?:-\d\d)?|\d\d-20\d\d|\d\d-\d\d|\d{4}|00\d"
    r"|v\d+(?::\d+k?)+|v1"
)
DRESS = lazy(rf"(?i)(?P<name>.+?)[-:@_ ]+(?:{FORM}|{_SERVED}|{_DATE})")
"""A name, and behind it a number format, how it is served, or a date."""

TOLD = lazy(
    r"(?i)(?P<name>.+?)[-:_ ]+\(?(?:(?:thinking|reasoning|effort)[-: ])?(?P<told>(?:non-)?[a-z]+|\d+k)\)?"
)
MOST_TAKEN_OFF = 6

SIZE = lazy(r"(?<![a-z\d.])(?:(\d+)x|[ae])?(\d+(?:\.\d+)?)([bmt])(?![a-z\d])")
LENGTH = lazy(r"(?<![a-z\d])\d+[ke](?![a-z\d])")
GENERATION = lazy(r"(?<![\d.])([1-9]\d?)(?:[.-](\d{1,2}))?(?![\d.])")
WORD = lazy("[a-z]+")
VERSION_LETTERS = frozenset("vkm")
"""Letters that mark a number as a version: deepseek-v4, kimi-k3, minimax-m2."""

STEPS = {
    **dict.fromkeys(("nano", "micro", "tiny"), -3.0),
    **dict.fromkeys(("mini", "lite", "haiku", "luna", "lightning"), -2.0),
    **dict.fromkeys(("flash", "small", "sonnet", "terra", "fast", "air", "super", "scout"), -1.0),
    "medium": -0.5,
    **dict.fromkeys(("plus", "large", "turbo", "sol", "open"), 0.0),
    **dict.fromkeys(("pro", "opus", "max", "ultra", "astra", "heavy", "argon"), 1.0),
    **dict.fromkeys(("fable", "mythos", "premier"), 1.5),
}
"""Word of a name -> how much larger a model it means than the usual one of a family, in steps."""

FULL_SIZE, A_STEP, SMALLEST = 70.0, 1.1, -6.0
"""Billions of parameters at step 0, e-folds of them to a step, and the least step."""

A_WORD, UNTOLD = 1.2, 1.5
"""Distance of two names by a word such as `coder` that only one has, and by a generation that only one states,
in generations and steps."""

SAME_SIZE = 0.03
"""E-folds between two sizes that are one, as two names round it."""

UNITS = {"m": 1e-3, "b": 1.0, "t": 1e3}


class Parts(NamedTuple):
    """A model's name by its parts.

    Attributes:
        brand: The first word: gpt, claude, qwen.
        words: The others.
        generation: The first number that is neither a size nor a date; None without one.
        step: Its size: by parameters if the name states them, else by its words; the usual model of a family is at 0.
        sizes: Stated billions of parameters: all, and active ones.
    """

    brand: str
    words: frozenset[str]
    generation: float | None
    step: float
    sizes: tuple[float, ...] = ()

    def distance(self, other: Parts) -> float:
        """Return how far two models of a brand are apart, in generations, steps and words."""
        words = len((self.words ^ other.words) - STEPS.keys())
        told = (self.generation is None) + (other.generation is None)
        newer = UNTOLD if told == 1 else self.newer(other)
        return math.hypot(newer, self.larger(other), A_WORD * words)

    def newer(self, other: Parts) -> float:
        """Return by how many generations it is newer; 0 if a name states none."""
        if self.generation is None or other.generation is None:
            return 0.0
        return self.generation - other.generation

    def larger(self, other: Parts) -> float:
        """Return by how many steps it is larger; names that state active parameters or leave them out may be alike."""
        alike = self.sizes and other.sizes and len(self.sizes) != len(other.sizes)
        if alike and abs(math.log(max(self.sizes) / max(other.sizes))) < SAME_SIZE:
            return 0.0
        return self.step - other.step


@lru_cache(4096)
def read_parts(name: str) -> Parts | None:
    """Return the parts of a name without prefixes; None if it contains no word.

    >>> read_parts("claude-opus-5-5")
    Parts(brand='claude', words=frozenset({'opus'}), generation=5.5, step=1.0, sizes=())
    >>> read_parts("qwen3.5-70b")[2:]
    (3.5, 0.0, (70.0,))
    """
    name = strip_suffixes(name.lower())
    sizes = tuple(float(size[2]) * int(size[1] or 1) * UNITS[size[3]] for size in SIZE.finditer(name))
    rest = LENGTH.sub(" ", SIZE.sub(" ", name))
    words = WORD.findall(rest)
    while len(words) > 1 and words[0] in MAKERS.keys() | HOSTS and words[0] not in _brands():
        words.pop(0)
    if not words:
        return None
    found = GENERATION.search(rest)
    kept = frozenset(words) - VERSION_LETTERS - {words[0]}
    step = size_step(sizes) if sizes else sum(STEPS.get(word, 0.0) for word in kept)
    return Parts(words[0], kept, float(f"{found[1]}.{found[2] or 0}") if found else None, step, sizes)


def size_step(sizes: tuple[float, ...]) -> float:
    """Return how large a model of so many billions of parameters is; all, and those that are active, count alike."""
    return max(SMALLEST, (sum(map(math.log, sizes)) / len(sizes) - math.log(FULL_SIZE)) / A_STEP)


def strip_suffixes(name: str) -> str:
    """Strip suffixes that do not change the model, or do not state a size."""
    name = re.sub(r"(?<=\d)p(?=\d)", ".", name).replace("_", "-")
    for _ in range(MOST_TAKEN_OFF):
        shorter = DRESS.fullmatch(name)
        if not shorter or not WORD.search(shorter["name"]):
            break
        name = shorter["name"]
    return name


@lru_cache(1)
def _brands() -> frozenset[str]:
    return frozenset(WORD.findall(entry.name)[0] for entry in Catalogue.bundled())
