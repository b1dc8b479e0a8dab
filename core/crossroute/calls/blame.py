"""Blame: whether the request, the member or the network is at fault for an error.

Only an error that is the request's fault is raised at once: it would fail everywhere. The core imports no framework, so
errors are classified by HTTP status, by the code or type in the body, by the message, and by the name of their class.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from crossroute.calls.faults import (
    ACCESS,
    ARGUMENT,
    BY_KIND,
    BY_NAME,
    BY_STATUS,
    CONNECTION,
    CONTENT,
    HANDLER,
    MISFIT,
    OVERLOAD,
    UNKNOWN,
    UNREADABLE,
    UNSUPPORTED,
    WINDOW,
    WORDINGS,
    Fault,
    find_note,
    get_attribute,
    message_of,
    note,
)
from crossroute.calls.handlers import is_of_handler
from crossroute.errors import NoAnswerError

CONTROL = frozenset({"GraphBubbleUp", "WaitingForEvent", "CancelledError"})
"""Names of errors that are control flow, and no failures: a framework's, and a future's that was cancelled."""

REQUESTED = frozenset((400, 422))
"""Statuses that blame the request, unless the body states otherwise. Others (406, 411, 415, 431) concern the form that
the client and the host give to any request, so another member may accept it."""

PAGE = re.compile(r"<!doctype html|<html\b", re.IGNORECASE)
"""A proxy's answer, not a model API's."""

SILENT = re.compile(
    r"\s*(?:(?:error code:? ?)?\d{3}(?: bad request| unprocessable (?:entity|content))?"
    r"|bad request|unprocessable (?:entity|content))"
    r"(?: - (?:\{\}|\[\]|none|null))?[\s.]*",
    re.IGNORECASE,
)
"""A refusal without a reason: a proxy's, too."""

TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)
"""A limit that the request exceeds by itself at any time, such as a rate of tokens."""

BY_WORDS = tuple((fault, re.compile("|".join(said), re.IGNORECASE)) for fault, said in WORDINGS)
"""Faults of a bad request by words of its message, the first match; otherwise it is an argument."""

TELLING_LENGTH = 600
"""Characters of a message that are matched: the rest may be the prompt."""

EMPTY = re.compile(
    r"no generation|null value|empty (?:response|answer)|no (?:response|choices)|unexpected response|malformed"
    r"|(?:failed to|could ?n[o']t|error) (?:parse|decode|parsing)\b|(?:invalid|not(?: valid)?) json"
    r"|unterminated string",
    re.IGNORECASE,
)
OUT_OF_QUOTA = re.compile(
    r"insufficient[_ ](?:quota|balance|credit)|credit balance|billing_hard_limit|exceeded_current_quota|suspended"
    r"|used all (?:available |your )?credits|(?:reached|exceeded) (?:\S+ ){0,2}spend(?:ing)? limit"
    r"|over budget|credits? (?:is|are|has been|have been) (?:depleted|exhausted|used up)|余额不足|欠费",
    re.IGNORECASE,
)
UNSENT = re.compile(r"argument|positional|required keyword|JSON (?:serializable|compliant)")
"""Words of an error in making a request, not in reading an answer."""
MISUSED = frozenset({TypeError, ValueError, OverflowError})
"""Causes of a client's connection error other than the network, such as an invalid timeout."""


def find_fault(error: BaseException) -> Fault:
    """Return the fault behind an error.

    The outermost error that can be classified decides, then the one that it was explicitly raised from.

    >>> find_fault(TimeoutError()).party, find_fault(ValueError("temperature must be in [0, 2]")).party
    ('network', 'member')
    """
    if is_of_handler(error):
        return HANDLER
    if find_noted_answer(error) is not None:
        kept_back = any(BY_NAME.get(name) is CONTENT for name in list_class_names(error))
        return UNREADABLE if isinstance(error, NoAnswerError) else CONTENT if kept_back else MISFIT
    for link in chain(error):
        if not isinstance(link, Exception) or isinstance(link, Warning) or CONTROL & list_class_names(link):
            return ARGUMENT
        fault = _classify_one(link)
        if fault is CONNECTION and any(type(cause) in MISUSED for cause in chain(link)):
            return UNSUPPORTED
        if fault is not None:
            return fault
    return UNKNOWN


def note_answer(error: BaseException, usage: Any = None, cost: float | None = None) -> None:
    """Record on an error that an answer arrived and was paid for, though it could not be read.

    Args:
        error: The error.
        usage: Tokens of the answer, if known.
        cost: USD, if the answer states it.
    """
    note(error, answered=(usage, cost))


def find_noted_answer(error: BaseException) -> tuple[Any, float | None] | None:
    """Return the recorded tokens and USD of the answer before an error; None if there was none."""
    return find_note(error, "answered")  # type: ignore[no-any-return]


def is_transient(error: BaseException) -> bool:
    """Return whether a later attempt at the same model may succeed after an error.

    >>> is_transient(TimeoutError()), is_transient(ValueError("temperature must be in [0, 2]"))
    (True, False)
    """
    return find_fault(error).again


def is_timeout(error: BaseException) -> bool:
    """Return whether an error is a timeout."""
    return any("Timeout" in name for link in chain(error) for name in list_class_names(link))


def status(error: BaseException) -> int | None:
    """Return the HTTP status of an error, from 400 up, or None."""
    response = get_attribute(error, "response")
    if isinstance(response, Mapping):  # botocore
        response = response.get("ResponseMetadata", {})
        places = [response.get("HTTPStatusCode") if isinstance(response, Mapping) else None]
    else:
        names = ("status_code", "http_status", "status", "code")
        places = [get_attribute(error, name) for name in names] + [getattr(response, "status_code", None)]
    return next(filter(None, map(_number, places)), None)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, those that it was explicitly raised from or names as its cause, and those of a group."""
    seen: set[int] = set()
    links: list[Any] = [error]
    while links:
        link = links.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            yield link
            seen.add(id(link))
            links += [
                link.__cause__,
                get_attribute(link, "cause"),
                *(get_attribute(link, "exceptions") or ()),
            ]


def list_class_names(error: BaseException) -> set[str]:
    """Return the names of an error's class and its bases."""
    return {base.__name__ for base in type(error).__mro__}


def to_json(told: Any) -> str:
    """Return a provider's response as JSON, or as a Python literal if it is not JSON."""
    try:
        return json.dumps(told, default=str)
    except (TypeError, ValueError, RecursionError):
        return repr(told)


def _classify_one(error: Exception) -> Fault | None:
    """Return the fault of one error, without its causes; None if it cannot be classified."""
    body = _body(error)
    code, within = status(error), next((one for one in map(_number, _fields(body)) if one), None)
    if code is None or (code in REQUESTED and within is not None):  # a gateway's own, and its provider's
        code = within or code
    words = f"{message_of(error)[:TELLING_LENGTH]} {to_json(body)[:TELLING_LENGTH] if body else ''}"
    named = CONNECTION if type(error) is OSError else None  # no route, network down
    names = [BY_NAME[base.__name__] for base in type(error).__mro__ if base.__name__ in BY_NAME]
    named = next((one for one in names if one in (WINDOW, CONTENT)), names[0] if names else named)
    kind = next((BY_KIND[one] for one in map(_word, _fields(body)) if one in BY_KIND), None)
    if named in (WINDOW, CONTENT):
        return named
    if code is not None:
        return _classify_status(code, kind, words)
    if kind is not None:
        return kind
    if named is None and (isinstance(error, TypeError) or EMPTY.search(message_of(error))):
        named = UNSUPPORTED if UNSENT.search(message_of(error)) else UNREADABLE
    if named is ARGUMENT or (named is None and body):
        return _classify_words(words) or (OVERLOAD if named is None else ARGUMENT)
    return named or _classify_words(words)


def _classify_status(code: int, kind: Fault | None, words: str) -> Fault:
    """Return the fault of a status, unless the body states another."""
    fault = BY_STATUS.get(code, OVERLOAD if code >= 500 else None)
    if fault is None:
        return _classify_body(code, kind, words)
    if fault is OVERLOAD and OUT_OF_QUOTA.search(words):
        return ACCESS
    if fault is ACCESS:
        told = _classify_kind(kind, words)
        return told if told in (WINDOW, CONTENT) else kind if kind is not None and kind.again else ACCESS
    if code >= 500 and WINDOW in (kind, _classify_words(words)):
        return WINDOW
    return UNSUPPORTED if code == 429 and TOO_LARGE.search(words) else fault


def _classify_body(code: int, kind: Fault | None, words: str) -> Fault:
    """Return the fault of a refusal with an ambiguous status, by its body."""
    told = _classify_kind(kind, words)
    if told is not None:
        return told
    if kind is not None and (kind.again or kind in (ACCESS, MISFIT)):
        return kind
    if code == 413:
        return WINDOW
    if PAGE.search(words) or SILENT.fullmatch(words):
        return UNREADABLE
    return ARGUMENT if code in REQUESTED else UNKNOWN


def _classify_kind(kind: Fault | None, words: str) -> Fault | None:
    return kind if kind in (WINDOW, CONTENT, UNSUPPORTED) else _classify_words(words)


def _classify_words(words: str) -> Fault | None:
    return next((fault for fault, told in BY_WORDS if told.search(words)), None)


def _body(error: Exception) -> Mapping[str, Any] | None:
    """Return a provider's error body: of `body`, or, in an answer with status 200, of the first argument."""
    response = get_attribute(error, "response")
    if isinstance(response, Mapping) and isinstance(response.get("Error"), Mapping):  # botocore
        return {str(name).lower(): value for name, value in response["Error"].items()}
    places = (get_attribute(error, "body"), get_attribute(error, "details"), next(iter(error.args), None))
    body = next(filter(None, map(_mapping, places)), None)
    within = [_mapping(body.get(name)) for name in ("error", "detail")] if body is not None else []
    return next(filter(None, within), body)


def _mapping(told: Any) -> Mapping[str, Any] | None:
    """Return a mapping, or the only one of a list, as Google sends it."""
    told = told[0] if isinstance(told, list) and len(told) == 1 else told
    return told if isinstance(told, Mapping) else None


def _fields(body: Mapping[str, Any] | None) -> list[Any]:
    return [body.get(name) for name in ("code", "status", "type")] if body else []


def _word(value: Any) -> str | None:
    return value.lower() if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) < 4 else None
    return int(value) if isinstance(value, (int, float)) and 400 <= value < 600 else None
