"""Remove credentials and prompts from other software's messages, before a log, a trace or an error shows them.

Three rules: values under a name that says what they are (`api_key=`, `Authorization:`, `password is`), forms that
providers give their keys, and, for all others, words that no language has: letters and digits mixed at length. Digests
and UUIDs are such words and name things; they are taken out where keys are spoken of beside them.
"""

from __future__ import annotations

import re

REMOVED = "[removed]"

LONGEST = 2_000
"""Characters of a message that are looked at; the rest is left out."""

NAME = (
    r"[\w-]*(?:api[-_ ]?key|access[-_ ]?key|account[-_ ]?key|private[-_ ]?key|subscription[-_ ]?key|license[-_ ]?key"
    r"|token|secret|pass(?:word|wd|phrase)|pwd|credentials?|signature|session(?:[-_ ]?id)?)(?!s|i[sz])[\w-]*"
)
"""Names of secret values. Tokens, in the plural, are counted; a tokenizer is none."""

VALUE = r"[^\s'\",;&})\]]"
COUNT = r"\d{1,9}(?:\.\d+)?\b(?![-\w])"
MEASURE = (
    r"(?:\d[\d.,]*(?:[-+][a-z]*)*|(?-i:[A-Z]{2,}-?\d+)(?:[-\w]*[a-z])?|[a-z]+-\d{1,4}(?:-[a-z]+)?)"
    r"[.,;:!?)]*(?:\s|$)"
)
"""A number, with what it counts (8-character, 45-minutes), or a name with one (RSA-2048, COVID-19, version-2)."""

RULES = (
    re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|$)", re.DOTALL),
    re.compile(r"(?i)\b(?:proxy-)?authorization\b['\"]?\s*[:=]\s*['\"]?(?:[\w-]+\s+)?[^\s'\",}]+"),
    re.compile(r"(?i)\b(?:set-)?cookie['\"]?\s*[:=].*"),
    re.compile(r"(?i)\bbearer\s+(?=\S*[\d.=])[\w.~+/=-]{8,}"),
    re.compile(r"(?i)\bbasic\s+(?=\S*[\d=])[\w+/]{10,}=*"),
    re.compile(r"(?<=//)(?:[^/\s@:'\"]*:(?!\d+/)[^\s@'\"]*|[^/\s@:'\"]{12,})@"),  # https://user:password@
    # of several words, in quotes
    re.compile(
        r"(?i)(?:pass(?:word|wd|phrase)|pwd|secret)\w{0,9}(?:['\"]?\s*=\s*|['\"]\s*:\s*)"
        r"(['\"])(?=[^'\"\n]* )[^'\"\n]{3,}\1"
    ),
    # name=value, "name": "value"; a number is a count, but after a password
    re.compile(
        rf"(?i)\b{NAME}(?:['\"]?\s*=\s*|['\"]\s*:\s*)['\"]?(?!(?:null|none|true|false)\b)(?!{COUNT}){VALUE}{{3,}}"
    ),
    re.compile(
        r"(?i)\b(?:pass(?:word|wd|phrase|code)|pwd|pin)(?:['\"]?\s*[=:]|\s+(?:is|was))\s*['\"]?\d{4,}\b"
    ),
    # name: value, name is value; a word alone is none but after a password or a key
    re.compile(
        rf"(?i)\b{NAME}(?: provided| given)?(?:\s*:|\s+(?:is|was))\s+['\"`]?(?!{MEASURE})(?=\S*[\d*!#$%^]\S*\w)"
        rf"{VALUE}{{6,}}"
    ),
    re.compile(
        rf"(?i)\b(?:pass(?:word|wd|phrase)|pwd|api[-_ ]?key)(?: provided| given)?:\s*['\"]?(?=[a-z]{{8,}}\b)"
        rf"(?!(?:required|incorrect|invalid|expired|unknown|missing|rejected|disabled|forbidden|mismatch)\b){VALUE}+"
    ),
    re.compile(r"(?i)(?<=[?&])(?:key|sig|sv|code|auth|pass|jwt|access|hmac)=[^&\s'\"]+"),
    re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]+)*"),  # a JSON web token
    re.compile(r"\b(?:AKIA|ASIA|AIDA|AROA|AGPA|ANPA|ABIA|ACCA)[A-Z0-9]{8,}|\bAIza[\w-]{10,}|\bya29\.[\w-]+"),
    re.compile(
        r"(?i)\b(?:sk|pk|rk|gsk|csk|xai|hf|gh[opsur]|github_pat|glpat|xox[a-z]|nvapi|r8|pplx|key|tvly|npm|pypi|jina"
        r"|lsv2|whsec|shpat|dop_v1|fw|rpa|sg|dapi|vcp|esecret|tgp_v1|pcsk|fc|vck|sbp|ntn|figd|lin_api|hvs)[-_.](?=[\w*.-]*[\d*])[\w*.-]{6,}"
    ),
    re.compile(r"\b(?:sk-(?:proj|ant|or|svcacct|admin)-|gsk_|ghp_|nvapi-|pplx-|glpat-|xai-)[\w*.-]{8,}"),
    re.compile(r"\b(?:sk|pk|gsk|csk|hf|key)[-_][A-Za-z]{28,}(?![\w-])"),  # of letters alone
    re.compile(r"\w{2,}\*{3,}\w*"),  # masked by its provider
    re.compile(r"\b(?:bot)?\d{8,10}:[\w-]{30,}"),  # Telegram's
)

UUID = r"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}"
DIGEST = re.compile(
    rf"(?i)(?<![\w-])(?:{UUID}|(?:[\da-f]{{24}}|[\da-f]{{32}}|[\da-f]{{40}}|[\da-f]{{56}}|[\da-f]{{64}}|[\da-f]{{96}}"
    r"|[\da-f]{128}))(?![\w-])"
)
"""Names a thing or its content, unless a word on keys stands beside it: UUIDs, object ids, MD5, SHA-1 (git), SHA-2."""

KEYS = re.compile(
    r"(?i)(?<!cache )(?<!primary )(?<!foreign )(?<!partition )(?<!sort )\bkeys?\b"
    r"|(?:api|access|account|subscription)[-_]?key"
    r"|\b(?:token|secret|pass(?:word|wd|phrase)|credentials?|bearer|(?:un)?auth\w*|log ?in)\b"
)
NAMED = re.compile(
    r"(?i)(?:\b(?:request|trace|span|correlation|conversation|thread|run|message|resource|tenant|object|deployment|job|event"
    r"|commit|revision|build|version|image|layer|digest|hash|checksum|fingerprint|etag|rev|md5|sha-?\d*|uu?id|file|blob)"
    r"(?:[-_ ]?ids?\b|\b)[^\w\n]{0,4}(?:is |was |of )?[^\w\n]{0,2}|\bsha\d+[:-])$"
)
BEFORE, AFTER = 80, 40
"""Characters beside a digest in which a word on keys makes one of it."""

FAULT = re.compile(
    r"(?i)invalid|error|expected|must|fail|refus|reject|unsupported|not (?:allowed|valid)|violat|block|bad "
)
PROMPT = re.compile(
    r"(?i)\b(?:(?:prompt|input\w*|content|text|query|messages?|value|request|body)\b['\"]?[^'\"`\n]{0,24}[:=]"
    r"|(?:got|received)\b(?: \w+)?[:=]?)\s*[\[{(]*(['\"])(?=[^\s'\"`]*\s|[^\x00-\x7f]{6})[^\n]*"
)
"""In a message of a fault, a quotation of more than a word that may be what a person wrote, and all after it."""

ECHOED = re.compile(r"(?i)(?<=\bprompt)(?: was| text)?:\s+[^\n]*")

RUN = re.compile(r"(?<!\b0x)[\w.~+=%-]{10,}")
BASE64 = re.compile(
    r"(?<![/.\w])(?=[\w+/]*[a-z])(?=[\w+/]*[A-Z])(?=[A-Za-z+/]*\d)[A-Za-z\d+/]{30,}={0,2}(?![\w./-])"
)
PART = re.compile(r"[A-Za-z\d]+")
CHANGE = re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[a-z])")
WORDS = re.compile(r"[a-z]*(?:[A-Z][a-z]{2,})+")
"""A name of words, as classes have it."""


def remove_secrets(text: str) -> str:
    """Return a message without credentials, and without what it quotes of a prompt.

    >>> remove_secrets("Incorrect API key provided: sk-proj-AbCd0123456789. You can find yours at example.com.")
    'Incorrect [removed] You can find yours at example.com.'
    >>> remove_secrets("Invalid prompt: 'My name is Bob'")
    'Invalid prompt: [removed]'
    """
    text = _remove_credentials(text[:LONGEST])
    if FAULT.search(text):
        text = PROMPT.sub(lambda found: found[0][: found.start(1) - found.start()] + REMOVED, text)
    return ECHOED.sub(f": {REMOVED}", text)


def holds_credential(text: str) -> bool:
    """Return whether a text has a credential in it.

    >>> holds_credential("sk-proj-AbCd0123456789"), holds_credential("OPENAI_API_KEY")
    (True, False)
    """
    return _remove_credentials(text[:LONGEST]) != text[:LONGEST]


def _remove_credentials(text: str) -> str:
    for rule in RULES:
        text = rule.sub(REMOVED, text)
    pieces, end = [], 0
    for digest in DIGEST.finditer(text):
        pieces += [_remove_random(text[end : digest.start()]), REMOVED if _is_key(digest) else digest[0]]
        end = digest.end()
    return "".join((*pieces, _remove_random(text[end:])))


def _is_key(digest: re.Match[str]) -> bool:
    """Return whether a digest is a key: what stands beside it speaks of keys, and it is not named otherwise."""
    text, begins, ends = digest.string, digest.start(), digest.end()
    before = text[max(0, begins - BEFORE) : begins]
    return bool(KEYS.search(before) or KEYS.search(text[ends : ends + AFTER])) and not NAMED.search(before)


def _remove_random(text: str) -> str:
    for form, is_secret in ((BASE64, _changes_often), (RUN, _is_random)):
        text = form.sub(lambda found, told=is_secret: REMOVED if told(found[0]) else found[0], text)  # type: ignore[misc]
    return text


def _is_random(run: str) -> bool:
    """Return whether a run of characters is of no language: a part of it mixes letters and digits too much."""
    return any(map(_is_mixed, PART.findall(run)))


def _is_mixed(part: str) -> bool:
    digits, changes = sum(map(str.isdigit, part)), len(CHANGE.findall(part))
    if len(part) >= 16 and len(part) - digits >= 3 and ((digits >= 5 and changes >= 2) or changes >= 3):
        return True
    cases = part != part.lower() and part != part.upper()
    if WORDS.fullmatch(part):
        return False
    return len(part) >= 10 and (
        (changes >= 5 and cases) or (len(part) >= 24 and len(HUMP.findall(part)) >= 0.42 * len(part))
    )


def _changes_often(run: str) -> bool:
    """Return whether a run changes between small and capital letters and digits as no path does."""
    return (len(HUMP.findall(run)) + len(CHANGE.findall(run))) * 4 >= len(run)
