"""Errors as HTTP responses: a status, and a body in the format of the request."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError
from starlette.responses import Response

from crossroute.calls.blame import find_fault, is_timeout
from crossroute.calls.faults import ACCESS, OVERLOAD, UNREADABLE
from crossroute.calls.scrubbing import remove_secrets
from crossroute.calls.waits import read_wait
from crossroute.errors import (
    BrokenStreamError,
    BudgetSpentError,
    CrossRouteError,
    NoEligibleCandidateError,
    UnableError,
    UnknownCandidateError,
)
from crossroute.serve.errors import ProviderError, RequestError
from crossroute.serve.service import Service
from crossroute.serve.wire.formats import Wire

LOG = logging.getLogger("crossroute.serve")

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
"""Status -> its name in OpenAI's and Anthropic's APIs; others are server errors."""
FAILURES = "x-crossroute-failures"
AGAINST_RETRYING = {"x-should-retry": "false"}
"""Headers that keep the providers' clients from retrying."""

OWN: tuple[tuple[type[BaseException], int, str | None], ...] = (
    (BudgetSpentError, 429, "insufficient_quota"),
    (UnknownCandidateError, 404, "model_not_found"),
    (BrokenStreamError, 502, "broken_stream"),
    (UnableError, 400, "unsupported_parameter"),
    (CrossRouteError, 500, None),
)
"""This package's errors -> status and code; the first match."""


class Refusal(NamedTuple):
    """An error response to a client."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


def make_refusal(error: BaseException, wire: Wire) -> Refusal:
    """Return the error response for an error, without internals of the server and keys."""
    if isinstance(error, ProviderError):
        refused = _pass_refusal_on(error, wire)
    else:
        status, code, message, headers = _describe_own(error)
        kind = error.kind if isinstance(error, RequestError) else name_error(status)
        refused = Refusal(status, add_code(wire.error(status, kind, message), code), headers)
    failures = getattr(error, "crossroute_failures", ())
    told = {FAILURES: "; ".join(map(str, failures))} if failures else {}
    return refused._replace(
        headers=refused.headers | {k: v.encode("ascii", "replace").decode() for k, v in told.items()}
    )


def refuse(error: BaseException, wire: Wire, service: Service) -> Response:
    """Return the HTTP response to a failed request."""
    told = make_refusal(error, wire)
    service.metrics.refused(told.status)
    return json_response(json.dumps(told.body), told.headers, told.status)


def json_response(content: str | bytes, headers: Mapping[str, str], status: int = 200) -> Response:
    """Return an answer of JSON."""
    return Response(content, status, media_type="application/json", headers=dict(headers))


def name_error(status: int) -> str:
    """Return the APIs' name of an error with a status."""
    return KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")


def add_code(body: dict[str, Any], code: str | None) -> dict[str, Any]:
    """Add a code to the body of an error, if its format has a field for it."""
    if code is not None and "code" in body["error"]:
        body["error"]["code"] = code
    return body


def _pass_refusal_on(error: ProviderError, wire: Wire) -> Refusal:
    """Return a provider's refusal: unchanged if it is in the client's format and about the client's request."""
    wait = read_wait(error)
    headers = {} if wait is None else {"retry-after": f"{wait:.0f}"}
    status = error.status_code or 502
    if find_fault(error) is ACCESS and status != 404:
        message = f"The provider of the model refuses the server's own access (status {status})."
        return Refusal(502, wire.error(502, "server_error", message), headers)
    body = error.body if _is_of(error.body, wire) else None
    if body is None or remove_secrets(str(body)) != str(body):
        body = wire.error(status, name_error(status), str(error))
    return Refusal(status if status >= 400 else 502, body, headers)


def _is_of(body: Mapping[str, Any] | None, wire: Wire) -> bool:
    if body is None or not isinstance(body.get("error"), Mapping):
        return False
    return (body.get("type") == "error") == (wire.name == "messages")


def _describe_own(error: BaseException) -> tuple[int, str | None, str, dict[str, str]]:
    """Return status, code, message and headers of an error of our own, or of the connection."""
    if isinstance(error, RequestError):
        return error.status, error.code, str(error), error.headers
    if isinstance(error, NoEligibleCandidateError):
        return 400, "context_length_exceeded" if error.too_long else "no_eligible_model", str(error), {}
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, ("crossroute", *first["loc"])))
        return 400, None, f"{place}: {first['msg']}, got {first['input']!r}.", {}
    for kind, status, code in OWN:
        if isinstance(error, kind):
            return status, code, remove_secrets(str(error)), AGAINST_RETRYING if status == 429 else {}
    return *_describe_unanswered(error), {}


def _describe_unanswered(error: BaseException) -> tuple[int, str | None, str]:
    """Return status, code and message of an error on the way to a provider, or within the server."""
    if is_timeout(error):
        return 504, "timeout", "No model answered in time."
    fault = find_fault(error)
    if fault.party == "network":
        return 502, "connection", "No model could be reached, or the connection to it broke."
    if fault in (UNREADABLE, OVERLOAD):
        return 502, "unreadable", "What the model's provider answered could not be read."
    LOG.error("A request failed", exc_info=error)
    return 500, None, "The server failed. Its log says more."
