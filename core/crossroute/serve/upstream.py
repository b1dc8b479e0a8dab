"""The HTTP client: requests to providers, their answers, streams and errors."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from crossroute.calls.arguments import NEEDED
from crossroute.calls.blame import find_fault
from crossroute.calls.faults import UNSUPPORTED
from crossroute.calls.waits import read_wait
from crossroute.errors import require_extra
from crossroute.serve import library
from crossroute.serve.balancing import Balancer
from crossroute.serve.errors import ProviderError
from crossroute.serve.events import Event, EventReader
from crossroute.serve.members import Member, Place, endpoint
from crossroute.serve.raw_json import RawObject
from crossroute.serve.settings import ServerSettings

if TYPE_CHECKING:
    import aiohttp

Response: TypeAlias = "aiohttp.ClientResponse | library.LibraryResponse"
KEPT_ALIVE_S = 30.0
STALE_S = 1.0
"""Seconds within which a broken connection counts as closed while idle, so that the request is sent again."""
LONGEST_ERROR = 100_000
"""Most bytes read of a provider's error."""
LONGEST_ANSWER = 256_000_000
WORD = re.compile(r"\w+")
ALWAYS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}

LOG = logging.getLogger("crossroute.serve")
KEPT = NEEDED | {"model", "messages", "input", "tools", "tool_choice", "stream", "max_tokens", "system"}
"""Arguments that are never left out: the answer would differ."""


class ProviderRequest(NamedTuple):
    """A request to a provider.

    Attributes:
        member: The called model.
        path: Path of the endpoint.
        body: JSON, with the model's name at its first place.
        headers: The client's headers that the provider reads.
        tokens: Estimated tokens of the request and its answer.
    """

    member: Member
    path: str
    body: bytes
    headers: Mapping[str, str]
    tokens: int = 0


class ProviderAnswer(NamedTuple):
    """A whole answer, unchanged."""

    content: bytes
    headers: Mapping[str, str]


class Upstream:
    """Sends requests to providers; used within one event loop, and closed at the end.

    An optional argument that a model's API refuses is omitted in this and later requests to it.

    Args:
        settings: Settings with the timeouts.

    Attributes:
        refused: Member -> arguments refused by its API.
        balancer: Chooses among a member's places.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.refused: dict[str, frozenset[str]] = {}
        self.balancer = Balancer()
        self._settings = settings
        self._timeout = lru_cache(None)(self._timeouts_of)
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, sent: ProviderRequest) -> ProviderAnswer:
        """Return a whole answer.

        Raises:
            ProviderError: The provider refuses.
            aiohttp.ClientError: There is no connection, or it breaks.
            TimeoutError: Nothing came in time.
        """
        async with self._opened(sent) as response:
            content = bytearray()
            async for part in response.content.iter_any():
                content += part
                if len(content) > LONGEST_ANSWER:
                    raise ProviderError(None, b'{"error": {"message": "an answer that is too long"}}', {})
            return ProviderAnswer(bytes(content), response.headers)

    async def stream(self, sent: ProviderRequest) -> AsyncIterator[list[Event]]:
        """Yield the events of a stream, those that came together at once."""
        async with self._opened(sent) as response:
            reader = EventReader()
            async for content in response.content.iter_any():
                events = list(reader.feed(content))
                if events:
                    yield events
            rest = list(reader.rest())
            if rest:
                yield rest

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def _opened(self, sent: ProviderRequest) -> AsyncIterator[Response]:
        """Open a response at the best place; if that refuses the request, at the next."""
        tried: list[Place] = []
        while True:
            place = self.balancer.pick(sent.member.places, sent.tokens, tried)
            with self.balancer.calling(place):
                try:
                    response = await self._posted(sent, place)
                except Exception as error:
                    tried.append(place)
                    fault = find_fault(error)
                    if fault.cools:
                        self.balancer.cooldowns.fail(place.name, read_wait(error))
                    if fault.party == "request" or len(tried) == len(sent.member.places):
                        raise
                    LOG.warning(
                        "%s: %s, the %s's fault; another place is asked", place.name, fault.kind, fault.party
                    )
                    continue
                self.balancer.cooldowns.clear(place.name)
                async with response:
                    yield response
                return

    async def _posted(self, sent: ProviderRequest, place: Place) -> Response:
        """Return the response after its head, and repeat the request without a refused argument."""
        body = sent.body
        if place.model != sent.member.places[0].model:
            body = RawObject.of_bytes(body).replaced({"model": place.model}).encode()
        while True:
            try:
                return await self._post(sent, place, body)
            except ProviderError as error:
                name = find_refused_argument(error, body)
                if name is None:
                    raise
                told = self.refused.get(sent.member.name, frozenset())
                self.refused[sent.member.name] = told | {name}
                LOG.warning("%s refuses %r: left out from now on", sent.member.name, name)
                body = RawObject.of_bytes(body).replaced({}, frozenset({name})).encode()

    async def _post(self, sent: ProviderRequest, place: Place, body: bytes) -> Response:
        if sent.member.speaks == "litellm":
            timeout = self._longest(sent.member.entry.timeout)
            return await library.ask(
                body, timeout, base_url=place.base_url, key=place.key, headers=place.headers
            )
        begun = time.monotonic()
        try:
            response = await self._asked(sent, place, body)
        except Exception as error:
            if not _is_stale(error) or time.monotonic() - begun > STALE_S:
                raise
            response = await self._asked(sent, place, body)
        if response.status == 200:
            return response
        async with response:
            content = await response.content.read(LONGEST_ERROR)
            raise ProviderError(response.status, content, response.headers)

    async def _asked(self, sent: ProviderRequest, place: Place, body: bytes) -> aiohttp.ClientResponse:
        url = endpoint(place.base_url, sent.member.speaks, sent.path)
        return await self._open().post(
            url,
            data=body,
            headers={**ALWAYS, **sent.headers, **place.headers},
            timeout=self._timeout(sent.member.entry.timeout),
            allow_redirects=False,
            proxy=find_proxy(url),
        )

    def _timeouts_of(self, stated: float | None) -> aiohttp.ClientTimeout:
        """Return the timeouts of a member, with the one that its entry states, if any."""
        import aiohttp

        connect = self._settings.connect_timeout_s
        return aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=self._longest(stated))

    def _longest(self, stated: float | None) -> float:
        """Return the longest wait for a provider's first bytes, and between two pieces of a stream, in seconds."""
        return stated or self._settings.answer_timeout_s

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            with require_extra("A server", "serve"):
                import aiohttp
            asyncio.get_running_loop()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=2**18,
            )
        return self._session


def _is_stale(error: Exception) -> bool:
    """Return whether a connection broke before an answer, as an idle one does that its server closes."""
    import aiohttp

    broken = (aiohttp.ServerDisconnectedError, aiohttp.ClientConnectionResetError, aiohttp.ClientOSError)
    return isinstance(error, broken) and not isinstance(error, aiohttp.ClientConnectorError)


@lru_cache(256)
def find_proxy(url: str) -> str | None:
    """Return the environment's proxy for an address.

    aiohttp's own `trust_env` would read environment and netrc for each request, in threads.

    >>> find_proxy("http://127.0.0.1:8000/v1")
    """
    split = urlsplit(url)
    found = None if proxy_bypass(split.hostname or "") else getproxies().get(split.scheme)
    return f"http://{found}" if found and "://" not in found else found


def find_refused_argument(error: ProviderError, body: bytes) -> str | None:
    """Return an argument of a request that its API refuses and that may be omitted.

    >>> told = b'{"error": {"message": "Unsupported parameter: temperature", "code": "unsupported_parameter"}}'
    >>> find_refused_argument(ProviderError(400, told, {}), b'{"model": "gpt-5", "temperature": 0}')
    'temperature'
    """
    if error.status_code not in (400, 422) or find_fault(error) is not UNSUPPORTED:
        return None
    inner = (error.body or {}).get("error", error.body)
    named = inner.get("param") if isinstance(inner, Mapping) else None
    words = set(WORD.findall(str(named or error)))
    free = [name for name in json.loads(body) if name not in KEPT]
    return next((name for name in free if name in words), None)
