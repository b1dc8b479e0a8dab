"""The application: its paths, limits for all of them, and the page at `/`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crossroute.serve import library
from crossroute.serve.endpoints import complete, count, decide, embed, grade
from crossroute.serve.errors import RequestError
from crossroute.serve.overview import SHOW_S, Overview
from crossroute.serve.refusals import refuse
from crossroute.serve.service import DIALS, POOL, Service
from crossroute.serve.wire import CHAT, MESSAGES, RESPONSES, find_wire
from crossroute.serve.wire.formats import Wire

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

CONFIG, WORKERS = "CROSSROUTE_CONFIG", "CROSSROUTE_WORKERS"
"""Environment variables with the pool's file and the number of processes, for the server's processes."""
FULL = "The server has as many calls under way as it takes. Come again in a moment."
PAGE = Path(__file__).with_name("page.html")
COMMON = {"x-content-type-options": "nosniff", "cache-control": "no-store", "referrer-policy": "no-referrer"}

Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(service: Service) -> Starlette:
    """Return the application of a service."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if any(member.speaks == "litellm" for member in service.members.values()):
            library.load()  # which takes seconds: no call waits for it
        showing = asyncio.create_task(_show(service.overview))
        yield
        showing.cancel()
        await service.upstream.close()
        if service.traffic is not None:
            from crossroute.traffic.log import LAST_S

            # now: a process that a signal ends runs no exit handlers
            await asyncio.to_thread(service.traffic.flush, LAST_S)

    routes = [
        Route("/v1/chat/completions", _answer_calls(service, CHAT), methods=["POST"]),
        Route("/v1/messages", _answer_calls(service, MESSAGES), methods=["POST"]),
        Route("/v1/messages/count_tokens", _answer_with(service, count), methods=["POST"]),
        Route("/v1/responses", _answer_calls(service, RESPONSES), methods=["POST"]),
        Route("/v1/embeddings", _answer_with(service, embed), methods=["POST"]),
        Route("/v1/route", _answer_with(service, decide), methods=["POST"]),
        Route("/v1/feedback", _answer_with(service, grade), methods=["POST"]),
        Route("/", _answer_with(service, _show_page), methods=["GET"]),
        Route("/v1/overview", _answer_with(service, _show_overview), methods=["GET"]),
        Route("/metrics", _answer_with(service, _show_metrics), methods=["GET"]),
        Route("/v1/models", _list_models(service), methods=["GET"]),
        Route("/v1/models/{name:path}", _show_model(service), methods=["GET"]),
        Route("/health/live", _report_live, methods=["GET"]),
        Route("/health/ready", _report_ready(service), methods=["GET"]),
    ]

    async def not_found(request: Request, error: Exception) -> Response:
        path, headers = request.url.path, getattr(error, "headers", None) or {}
        wire = find_wire(path)
        told = f"There is no {request.method} {path}. POST /v1{wire.path} calls a model."
        status, kind = (405, "invalid_request_error") if headers else (404, "not_found_error")
        return refuse(RequestError(told, status=status, kind=kind, headers=headers), wire, service)

    async def failed(request: Request, error: Exception) -> Response:
        return refuse(error, find_wire(request.url.path), service)

    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(CallLimit, service=service)],
        exception_handlers={404: not_found, 405: not_found, Exception: failed},
    )


async def _show(overview: Overview) -> None:
    """Publish this process's counters to the others, as long as it runs."""
    while True:
        await asyncio.sleep(SHOW_S)
        if overview.news:
            with suppress(OSError):  # a full disk fails no call
                await asyncio.to_thread(overview.show)


def app_of_environment() -> Starlette:
    """Return the application of the file named by the environment; each process of a server calls it."""
    return make_app(Service.of(Path(os.environ[CONFIG]), workers=int(os.environ[WORKERS])))


def _answer_calls(service: Service, wire: Wire) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await complete(request, service, wire)

    return endpoint


def _answer_with(service: Service, answer: Callable[[Request, Service], Awaitable[Response]]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await answer(request, service)

    return endpoint


def _list_models(service: Service) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            key = service.guard.admit(request.headers)
        except RequestError as error:
            return refuse(error, CHAT, service)
        allowed = [name for name in service.members if key is None or key.allow is None or name in key.allow]
        names = (POOL, *(f"{POOL}:{dial:g}" for dial in DIALS), *allowed)
        ends = {"has_more": False, "first_id": names[0], "last_id": names[-1]}
        return JSONResponse({"object": "list", "data": [_describe_model(name) for name in names], **ends})

    return endpoint


def _show_model(service: Service) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        name = request.path_params["name"]
        try:
            service.guard.admit(request.headers)
            found = service.chosen(name).get("candidate", name)
        except RequestError as error:
            return refuse(error, CHAT, service)
        return JSONResponse(_describe_model(found))

    return endpoint


async def _show_metrics(request: Request, service: Service) -> Response:
    try:
        service.guard.admit_admin(request.headers)
    except RequestError as error:
        return refuse(error, CHAT, service)
    content, kind = service.metrics.exposition()
    return Response(content, headers={"content-type": kind})


def _describe_model(name: str) -> dict[str, object]:
    """Return a model's entry of `/v1/models`, for clients of OpenAI and of Anthropic."""
    when = datetime.fromtimestamp(STARTED, timezone.utc).isoformat(timespec="seconds")
    openai = {"object": "model", "created": int(STARTED), "owned_by": "crossroute"}
    return {"id": name, **openai, "type": "model", "display_name": name, "created_at": when}


STARTED = time.time()


async def _report_live(_: Request) -> Response:
    return JSONResponse({"status": "live"})


def _report_ready(service: Service) -> Endpoint:
    """Answer whether a model can be called: not all are down."""

    async def endpoint(_: Request) -> Response:
        down = [name for name in service.members if service.dispatcher.cooldowns.is_down(name)]
        ready = len(down) < len(service.members)
        told = {"status": "ready" if ready else "no model answers", "down": down}
        return JSONResponse(told, status_code=200 if ready else 503)

    return endpoint


async def _show_page(_: Request, __: Service) -> Response:
    """Answer with the page; its content policy allows only its own script."""
    content, policy = _read_page()
    headers = {**COMMON, "content-security-policy": policy, "x-frame-options": "DENY"}
    return Response(content, media_type="text/html", headers=headers)


async def _show_overview(request: Request, service: Service) -> Response:
    """Answer with the data of the page."""
    try:
        service.guard.admit_admin(request.headers)
    except RequestError as error:
        return refuse(error, CHAT, service)
    told = await asyncio.to_thread(service.overview.told)
    return Response(json.dumps(told), media_type="application/json", headers=COMMON)


@lru_cache(1)
def _read_page() -> tuple[bytes, str]:
    content = PAGE.read_bytes()
    [script] = re.findall(rb"<script>(.*?)</script>", content, re.DOTALL)
    digest = b64encode(hashlib.sha256(script).digest()).decode()
    allowed = f"script-src 'sha256-{digest}'; style-src 'unsafe-inline'; connect-src 'self'"
    return content, f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


class CallLimit:
    """Admits requests, up to a number of concurrent calls; a trailing slash of a path is ignored.

    Args:
        app: The application behind it.
        service: Its settings hold the number.
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
            return await refuse(error, find_wire(path), self._service)(scope, receive, send)
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1
