"""Errors of the server: refused requests, and refusals of providers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from crossroute.calls.scrubbing import remove_secrets
from crossroute.errors import CrossRouteError


class RequestError(CrossRouteError, ValueError):
    """A request that the server refuses.

    Args:
        message: The fault, the expected value, and the remedy.
        status: HTTP status.
        kind: OpenAI's name for this kind of error.
        code: A machine-readable code.
        headers: Headers of the response, such as Retry-After.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.code, self.headers = status, kind, code, dict(headers or {})
        self.status_code = status  # by which a call's attempts tell that no other model would take it


@contextmanager
def refuse_malformed() -> Iterator[None]:
    """Convert lookup and type errors about a request within the block to a `RequestError`.

    Raises:
        RequestError: A field is missing or has the wrong type.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        if isinstance(error, CrossRouteError):
            raise
        told = "Something within the messages, the tools or an argument is missing, or of another type than expected."
        raise RequestError(told) from error


class ProviderError(CrossRouteError):
    """A provider's error response.

    Attributes:
        status_code: HTTP status; None for an error in a response with status 200.
        body: Its JSON content; None if it is not JSON.
        content: Its unchanged content.
        response: Its headers, which may state how long to wait.
    """

    def __init__(self, status: int | None, content: bytes, headers: Mapping[str, str]) -> None:
        self.status_code, self.content = status, content
        self.body = _to_object(content)
        self.response = SimpleNamespace(headers=headers)
        super().__init__(remove_secrets(_find_message(self.body) or f"status {status}"))


def _to_object(content: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if isinstance(said, list) and said:  # Google's
        said = said[0]
    return said if isinstance(said, dict) else None


def _find_message(body: Mapping[str, Any] | None) -> str:
    if body is None:
        return ""
    inner = body.get("error", body)
    told = inner.get("message") if isinstance(inner, dict) else inner
    return told if isinstance(told, str) else json.dumps(inner, default=str)
