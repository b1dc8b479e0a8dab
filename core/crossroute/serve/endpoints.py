"""The endpoints that call models: HTTP request to call, answer to HTTP response."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from contextlib import AbstractContextManager, aclosing, suppress
from typing import Any, TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from crossroute.calls.settings import CallSettings
from crossroute.decision import Decision
from crossroute.serve.call import Call
from crossroute.serve.errors import RequestError
from crossroute.serve.events import write_event
from crossroute.serve.feedback import Grade, keep
from crossroute.serve.guard import limit_settings
from crossroute.serve.raw_json import RawObject
from crossroute.serve.refusals import Refusal, json_response, make_refusal, refuse
from crossroute.serve.service import Service
from crossroute.serve.stamps import FIELD, make_headers
from crossroute.serve.upstream import ProviderRequest
from crossroute.serve.wire import CHAT, COUNTED, MESSAGES, RESPONSES
from crossroute.serve.wire.formats import Wire
from crossroute.traffic import labelled

T = TypeVar("T")
PASSED_ON = ("anthropic-version", "anthropic-beta", "traceparent", "tracestate")
"""Client headers that providers read."""

HOW = frozenset(
    {
        "cost_preference",
        "willingness_to_pay",
        "candidate",
        "constraints",
        "escalate",
        "tags",
        "conversation_id",
    }
)
"""Keys of the field `crossroute` of a request: settings of the decision, and labels for the log."""
EMBEDDINGS = "/embeddings"
STREAM_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


async def complete(request: Request, service: Service, wire: Wire) -> Response:
    """Answer a request for a completion."""
    try:
        call, told = await admit(request, service, wire)
        with label_call(call):
            if call.body.get("stream"):
                return await _answer_stream(request, call, told)
            whole = await _unless_gone(request, call.answer())
    except ClientDisconnect:
        return Response(status_code=499)
    except Exception as error:
        return refuse(error, wire, service)
    return json_response(whole.content, make_headers(whole.decision) | told)


async def decide(request: Request, service: Service) -> Response:
    """Answer with the decision for a request of any format, without a call."""
    try:
        call, told = await admit(request, service, None)
        call.foresees = True
        decision = await call.decide()
    except Exception as error:
        return refuse(error, CHAT, service)
    said = json.loads(decision.model_dump_json()) | {"decision_id": decision.id}
    return json_response(json.dumps(said), make_headers(decision) | told)


async def count(request: Request, service: Service) -> Response:
    """Answer with the tokens of a request in Anthropic's format."""
    try:
        call, told = await admit(request, service, COUNTED)
        content = await _unless_gone(request, call.count())
    except ClientDisconnect:
        return Response(status_code=499)
    except Exception as error:
        return refuse(error, COUNTED, service)
    return json_response(content, told)


async def embed(request: Request, service: Service) -> Response:
    """Answer a request for embeddings by the named model."""
    try:
        key = service.guard.admit(request.headers)
        told = service.guard.take_request(key)
        body = await read_body(request, service)
        if key is not None and key.allow is not None and str(body.get("model")) not in key.allow:
            raise RequestError(
                f"The key {key.name!r} may not use this model.", status=403, kind="permission_error"
            )
        content = await _unless_gone(request, _call_embedding_model(service, body))
    except ClientDisconnect:
        return Response(status_code=499)
    except Exception as error:
        return refuse(error, CHAT, service)
    return json_response(content, told)


async def grade(request: Request, service: Service) -> Response:
    """Store a grade of an answer."""
    try:
        key = service.guard.admit(request.headers)
        told = service.guard.take_request(key)
        grade = Grade.model_validate(dict(await read_body(request, service)))
        await asyncio.to_thread(keep, service.traffic, grade, key)
    except Exception as error:
        return refuse(error, CHAT, service)
    return json_response(json.dumps({"kept": True}), told)


async def admit(request: Request, service: Service, wire: Wire | None) -> tuple[Call, dict[str, str]]:
    """Return the call of a request, and the headers with the rest of its key's rates.

    Raises:
        RequestError: It is not allowed, or does not conform to its format.
        pydantic.ValidationError: A setting is out of range.
    """
    key = service.guard.admit(request.headers)
    told = service.guard.take_request(key)
    body = await read_body(request, service)
    said = body.get(FIELD) or {}
    if not isinstance(said, Mapping) or not HOW.issuperset(said):
        raise RequestError(f"{FIELD}: expected an object with any of {', '.join(sorted(HOW))}, got {said!r}.")
    if not isinstance(said.get("tags") or [], list):
        raise RequestError(f"{FIELD}.tags: expected a list of strings, got {said['tags']!r}.")
    settings: CallSettings = service.settings_for(body.get("model")).overridden(said)
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    call = Call(service, wire or _find_wire(request, body), body, limit_settings(settings, key), headers)
    if key is not None and key.tokens_a_minute is not None:
        told |= service.guard.take_tokens(key, call.reading.tokens)
    return call, told


def label_call(call: Call) -> AbstractContextManager[None]:
    """Return a block in which the call is logged with the request's labels."""
    said = call.body.get(FIELD) or {}
    tags = [*map(str, said.get("tags") or ()), *sorted(call.settings.budget_keys)]
    conversation = said.get("conversation_id")
    return labelled(tags, conversation_id=None if conversation is None else str(conversation))


async def read_body(request: Request, service: Service) -> RawObject:
    """Return a request's body.

    Raises:
        RequestError: It is too long, too slow, or no JSON object.
    """
    most = service.settings.most_headers
    if len(request.headers) > most:
        raise RequestError(f"The request has more than {most} headers. Send fewer.", status=431)
    packed = request.headers.get("content-encoding", "identity")
    if packed != "identity":
        raise RequestError(f"Expected a body without content-encoding, got {packed!r}.", status=415)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise RequestError(f"Expected content-type application/json, got {content_type!r}.", status=415)
    with anyio.move_on_after(service.settings.body_timeout_s):
        content = await _read_content(request, service.settings.most_bytes)
        return _parse_object(content)
    told = f"The request did not come within {service.settings.body_timeout_s:g} s."
    raise RequestError(told, status=408)


async def _read_content(request: Request, limit: int) -> bytes:
    content = bytearray()
    stated = request.headers.get("content-length", "0")
    too_long = RequestError(f"The request has more than {limit:,} bytes. Send less.", status=413)
    if stated.isdecimal() and int(stated[:20]) > limit:
        raise too_long
    async for part in request.stream():
        content += part
        if len(content) > limit:
            raise too_long
    return bytes(content)


def _parse_object(content: bytes) -> RawObject:
    try:
        return RawObject.of_bytes(content, strict=True)
    except ValueError as error:
        raise RequestError(f"The request is no JSON object: {error}.") from None


def _find_wire(request: Request, body: RawObject) -> Wire:
    """Return the format of a request, by its fields."""
    if "input" in body:
        return RESPONSES
    return MESSAGES if "system" in body or "anthropic-version" in request.headers else CHAT


async def _answer_stream(request: Request, call: Call, told: Mapping[str, str]) -> Response:
    """Return the stream once it has begun: an earlier failure is answered as an error."""
    begun = time.perf_counter()
    decided: list[Decision] = []
    chunks = call.stream(decided.append)
    try:
        first = await _unless_gone(request, anext(chunks))
    except BaseException:
        await chunks.aclose()
        raise
    call.service.metrics.first_token(decided[-1].candidate, time.perf_counter() - begun)
    headers = {**make_headers(decided[-1]), **STREAM_HEADERS, **told}
    return _Stream(_end_with_error(first, chunks, call.wire), call.service.settings.send_timeout_s, headers)


async def _end_with_error(
    first: bytes, chunks: AsyncGenerator[bytes, None], wire: Wire
) -> AsyncIterator[bytes]:
    """Yield a stream that has begun; an error that breaks it is its last event."""
    async with aclosing(chunks):
        try:
            yield first
            async for chunk in chunks:
                yield chunk
        except Exception as error:
            yield write_error_event(make_refusal(error, wire), wire)


def write_error_event(refusal: Refusal, wire: Wire) -> bytes:
    """Return the event of an error within a stream."""
    if wire is RESPONSES:
        inner = refusal.body["error"]
        told = {name: inner.get(name) for name in ("code", "message", "param")}
        return write_event({"type": "error", "sequence_number": 0, **told, **refusal.body}, "error")
    return write_event(refusal.body, "error" if wire is MESSAGES else "")


class _Stream(StreamingResponse):
    """A stream that is cut off if its client reads nothing for too long."""

    def __init__(self, chunks: AsyncIterator[bytes], timeout: float, headers: dict[str, str]) -> None:
        super().__init__(chunks, media_type="text/event-stream", headers=headers)
        self._timeout = timeout

    async def stream_response(self, send: Any) -> None:
        async def sending(message: Any) -> None:
            with anyio.fail_after(self._timeout):
                await send(message)

        try:
            with suppress(TimeoutError):
                await super().stream_response(sending)
        finally:
            with anyio.CancelScope(shield=True):
                await self.body_iterator.aclose()  # type: ignore[attr-defined]


async def _unless_gone(request: Request, answer: Awaitable[T]) -> T:
    """Await something, and cancel it if the client disconnects meanwhile.

    Raises:
        ClientDisconnect: The client went away.
    """
    task = asyncio.ensure_future(answer)
    gone = asyncio.ensure_future(_wait_until_gone(request))
    gone.add_done_callback(lambda _: task.cancel())
    try:
        return await task
    except asyncio.CancelledError:
        if gone.done() and not gone.cancelled():
            raise ClientDisconnect from None
        raise
    finally:
        task.cancel()
        gone.cancel()


async def _wait_until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _call_embedding_model(service: Service, body: RawObject) -> bytes:
    """Return the answer of the embedding model that a request names, byte by byte.

    Raises:
        RequestError: There is no such model.
    """
    name = body.get("model")
    member = service.embeddings.get(name) if isinstance(name, str) else None
    if member is None:
        known = ", ".join(service.embeddings) or "none; name some under [[server.embeddings]]"
        raise RequestError(
            f"Unknown embedding model {name!r}. The server has {known}.", status=404, code="model_not_found"
        )
    place = member.places[0]
    said = body.replaced({"model": place.model})
    answered = await service.upstream.ask(ProviderRequest(member, EMBEDDINGS, said.encode(), {}))
    return answered.content
