"""Strip a model's name, as spelled by a user or a host, of prefixes and suffixes.

Only parts that do not change the model are removed: a provider's prefix, a region, the version of a host's
interface, a host's tier, a number format of open weights. Any other difference means another model.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from crossroute.catalogue.hosts import (
    AZURE_REGIONS,
    BEDROCK_REGIONS,
    BEDROCK_VENDORS,
    FRONT,
    HOSTS,
    INFERENCE_PROVIDERS,
    LANGCHAIN,
    LOCAL,
    MAKERS,
)
from crossroute.patterns import lazy

_BEDROCK = lazy(rf"(?:(?:{'|'.join(sorted(BEDROCK_REGIONS))})\.)?({'|'.join(sorted(BEDROCK_VENDORS))})\.(.+)")
_BEDROCK_VERSION = lazy(r"-v\d+(:\d+)?(:\d+k)?$")
_AWS_REGION = lazy(r"[a-z]{2}(-gov)?-[a-z]+-\d")
_ARN = lazy(r"arn:aws[\w-]*:bedrock:[\w-]*:\d*:(?:inference-profile|foundation-model)/([^/]+)")
_VERTEX = lazy(r"^projects/[^/]+/locations/[^/]+/(publishers/)")
_AZURE = lazy(rf"^(azure/)(?:{'|'.join(sorted(AZURE_REGIONS))})/")
_FILE = lazy(r"(?:[a-z]:|~|\.{1,2})?/(?:.*/)?([^/]+\.gguf)")
_TIERS = frozenset({"free", "nitro", "floor", "exacto", "beta", "thinking"}) | INFERENCE_PROVIDERS
_SHORT_YEAR = lazy(r"(.+)-2[3-9]((?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]))")
"""A name and a date with the year, which others write without: `deepseek-v3-250324`."""
_VERSION_ALONE = lazy(r"[vr]\d")
_FIREWORKS = frozenset({"fireworks", "fireworks_ai"})
_NUMBERS = lazy(
    r"[-:](i?q[4-8](-[01]|-k(-[sml]|-xl)?)?|fp16|fp8(-fast)?|f(16|32)|bf16|int[48]|[48]bit|bnb-[48]bit|w\da\d+"
    r"|awq|gptq|gguf|mlx|it-qat|qat|dynamic|unsloth|maas)$"
)


class Spelling(NamedTuple):
    """A name, taken apart.

    Attributes:
        prefixes: Prefixes of the model's id, outermost first.
        ids: Ids to look up, the most literal first.
        plain_ids: The same without a number format, for open weights only.
        local: Whether it runs on your own machine.
        tier: The host's tier after the id, if any (`free`, `thinking`).
    """

    prefixes: tuple[str, ...]
    ids: tuple[str, ...]
    plain_ids: tuple[str, ...]
    local: bool
    tier: str

    @property
    def free(self) -> bool:
        """Whether it has no price a token: on one's own machine, or a host's free tier."""
        return self.local or self.tier == "free"

    def may_be_made_by(self, maker: str) -> bool:
        """Return whether every prefix is a host's or this maker's."""
        last = len(self.prefixes) - 1
        return all(
            prefix in HOSTS
            or MAKERS.get(prefix) == maker
            or (prefix in FRONT and position < last)
            or _AWS_REGION.fullmatch(prefix) is not None
            for position, prefix in enumerate(self.prefixes)
        )


def make_key(spelling: str) -> str:
    """Return a spelling in lower case, with one sign for `.`, `_`, `@` and blanks.

    >>> make_key("Meta-Llama-3_1-8B-Instruct") == make_key("meta-llama-3.1-8b-instruct")
    True
    """
    return re.sub(r"[._@\s]", "-", spelling.strip().lower())


def take_apart(text: str) -> Spelling:
    """Split a name into its prefixes and the rest.

    >>> take_apart("bedrock/us.anthropic.claude-3-haiku-20240307-v1:0").prefixes
    ('bedrock', 'anthropic')
    >>> take_apart("openai:gpt-4o").ids
    ('gpt-4o',)
    """
    name = text.strip().lower().replace("\\", "/")
    weights = _FILE.fullmatch(name)
    if weights:
        name = f"llamacpp/{weights[1]}"
    for wrapping in (_ARN, _VERTEX, _AZURE):
        name = wrapping.sub(r"\1", name)
    provider, colon, rest = name.partition(":")
    outer = (provider,) if colon and provider in LANGCHAIN else ()
    *path, last = (rest if outer else name).split("/")
    prefixes = (*outer, *path)
    last, tier = (last, "") if LOCAL & set(prefixes) else _strip_tier(last)
    vendor = _BEDROCK.fullmatch(last)
    if vendor:
        prefixes, last = (*prefixes, vendor[1]), vendor[2]
    last = last.removesuffix("@default")
    literal = [last]
    if vendor:
        if _VERSION_ALONE.match(last):  # deepseek.v3.2
            last = f"{vendor[1]}-{last}"
            literal.append(last)
        literal += [_BEDROCK_VERSION.sub("", last), re.sub(r":\d+$", "", last)]
    elif last.startswith("databricks-"):
        literal.append(last.removeprefix("databricks-"))
    elif last.startswith("doubao-seed-"):  # Volcengine's names of ByteDance's models
        literal.append(last.removeprefix("doubao-"))
    elif _FIREWORKS & set(prefixes):
        literal.append(re.sub(r"(?<=\d)p(?=\d)", "-", last))
    literal += [f"{dated[1]}-{dated[2]}" for name in literal if (dated := _SHORT_YEAR.fullmatch(name))]
    ids = tuple(dict.fromkeys(map(make_key, literal)))
    local = bool(LOCAL & set(prefixes)) or (not prefixes and ":" in last)
    return Spelling(
        tuple(prefix for prefix in prefixes if prefix),
        ids,
        tuple(plain for name in ids if (plain := _strip_number_format(name)) != name),
        local,
        tier,
    )


def _strip_tier(last: str) -> tuple[str, str]:
    name, _, tier = last.rpartition(":")
    return (name, tier) if tier in _TIERS else (last, "")


def _strip_number_format(name: str) -> str:
    while (shorter := _NUMBERS.sub("", name)) != name:
        name = shorter
    return name
