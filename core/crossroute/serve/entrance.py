"""The entrance: what holds for every request, whatever its path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossroute.serve.errors import RequestError
from crossroute.serve.refusals import refused
from crossroute.serve.wire.formats import wire_of_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from crossroute.serve.service import Service

FULL = "The server has as many calls under way as it takes. Come again in a moment."


class Entrance:
    """Lets requests in, up to a number of calls at once; a slash at the end of a path counts for nothing.

    Args:
        app: What answers them.
        service: Its settings say how many.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path = scope["path"]
        if path.endswith("/") and path != "/":
            scope = {**scope, "path": path.rstrip("/")}
        if scope["method"] != "POST":
            return await self._app(scope, receive, send)
        if self._under_way >= self._service.settings.most_streams:
            error = RequestError(
                FULL, status=503, kind="overloaded_error", code="overloaded", headers={"retry-after": "1"}
            )
            return await refused(error, wire_of_path(path), self._service)(scope, receive, send)
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1
