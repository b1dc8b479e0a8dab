"""The application: which path is answered by what."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crossroute.serve.endpoints import complete, decide, embed, refused
from crossroute.serve.errors import RequestError
from crossroute.serve.service import DIALS, POOL, Service
from crossroute.serve.wire.formats import CHAT, MESSAGES, RESPONSES
from crossroute.serve.wire.neutral import Wire

CONFIG = "CROSSROUTE_CONFIG"
"""Environment variable by which the server's processes are told their file."""
Endpoint = Callable[[Request], Awaitable[Response]]


def app_of(service: Service) -> Starlette:
    """Return the application of a service."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await service.upstream.close()

    routes = [
        Route("/v1/chat/completions", _calling(service, CHAT), methods=["POST"]),
        Route("/v1/messages", _calling(service, MESSAGES), methods=["POST"]),
        Route("/v1/responses", _calling(service, RESPONSES), methods=["POST"]),
        Route("/v1/embeddings", _with(service, embed), methods=["POST"]),
        Route("/v1/route", _with(service, decide), methods=["POST"]),
        Route("/v1/models", _models(service), methods=["GET"]),
        Route("/v1/models/{name:path}", _model(service), methods=["GET"]),
        Route("/health/live", _live, methods=["GET"]),
        Route("/health/ready", _ready(service), methods=["GET"]),
    ]
    handlers = {404: _not_found, 405: _not_found, Exception: _failed}
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)  # type: ignore[arg-type]


def app_of_environment() -> Starlette:
    """Return the application of the file that the environment names: what each process of a server makes."""
    return app_of(Service.of(Path(os.environ[CONFIG])))


def _calling(service: Service, wire: Wire) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await complete(request, service, wire)

    return endpoint


def _with(service: Service, answer: Callable[[Request, Service], Awaitable[Response]]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await answer(request, service)

    return endpoint


def _models(service: Service) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        names = (POOL, *(f"{POOL}:{dial:g}" for dial in DIALS), *service.members)
        return JSONResponse({"object": "list", "data": [_listed(name) for name in names]})

    return endpoint


def _model(service: Service) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        name = request.path_params["name"]
        try:
            service.chosen(name)
        except RequestError as error:
            return refused(error, CHAT)
        return JSONResponse(_listed(name))

    return endpoint


def _listed(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": int(STARTED), "owned_by": "crossroute"}


STARTED = time.time()


async def _live(_: Request) -> Response:
    return JSONResponse({"status": "live"})


def _ready(service: Service) -> Endpoint:
    """Answer whether some model can be called: none of them may be down."""

    async def endpoint(_: Request) -> Response:
        down = [name for name in service.members if service.dispatcher.cooldowns.is_down(name)]
        ready = len(down) < len(service.members)
        told = {"status": "ready" if ready else "no model answers", "down": down}
        return JSONResponse(told, status_code=200 if ready else 503)

    return endpoint


async def _not_found(request: Request, _: Exception) -> Response:
    message = f"There is no {request.method} {request.url.path}. POST /v1/chat/completions calls a model."
    return refused(RequestError(message, status=404, kind="not_found_error"), CHAT)


async def _failed(_: Request, error: Exception) -> Response:
    return refused(error, CHAT)
