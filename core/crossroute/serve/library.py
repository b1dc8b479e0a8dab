"""Calls through litellm, for providers with other APIs, such as Bedrock and Vertex AI.

litellm reads addresses and keys from a call's arguments, and fetches addresses in messages. So a client's request only
reaches it in the neutral form: messages and the arguments in `ARGUMENTS`. Everything else comes from the pool's file.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from typing import Any

from typing_extensions import Self

from crossroute.calls.closing import aclosing
from crossroute.calls.scrubbing import remove_secrets
from crossroute.errors import require_extra
from crossroute.serve.errors import ProviderError
from crossroute.serve.events import DONE, write_event

NAME, FEATURE = "litellm", "A model by litellm"
_TOLD = (
    "temperature top_p stop seed n user logit_bias logprobs top_logprobs presence_penalty frequency_penalty "
    "max_tokens max_completion_tokens reasoning_effort response_format parallel_tool_calls service_tier modalities "
    "audio prediction verbosity functions function_call tool_choice safety_identifier prompt_cache_key"
)
ARGUMENTS = frozenset(_TOLD.split())
"""Arguments of Chat Completions that clients may state."""


@lru_cache(1)
def load() -> Any:
    """Import litellm, and configure it to fetch no prices, print nothing and log no messages."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with require_extra(FEATURE, NAME):
        import litellm
    litellm.suppress_debug_info = litellm.turn_off_message_logging = True
    return litellm


class LibraryResponse:
    """An answer by litellm as bytes of OpenAI's Chat Completions, with the interface of an HTTP response.

    Attributes:
        headers: Empty, since litellm's are its own.
    """

    headers: Mapping[str, str] = {}

    def __init__(self, answer: Any, timeout: float) -> None:
        self._answer, self._timeout = answer, timeout

    @property
    def content(self) -> Self:
        """Its content."""
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        close = getattr(self._answer, "aclose", None)
        if close is not None:
            await close()

    async def iter_any(self) -> AsyncIterator[bytes]:
        """Yield it in pieces: of a stream, one event each.

        Raises:
            ProviderError: The provider breaks it off.
            TimeoutError: The next piece did not come in time.
        """
        if not hasattr(self._answer, "__aiter__"):
            yield self._answer.model_dump_json().encode()
            return
        async with aclosing(self._answer.__aiter__()) as chunks:
            while True:
                try:
                    chunk = await asyncio.wait_for(anext(chunks), self._timeout)
                except StopAsyncIteration:
                    break
                except Exception as error:
                    raise convert_error(error) from error
                yield write_event(chunk.model_dump_json())
        yield write_event(DONE)


async def ask(
    body: bytes, timeout: float, *, base_url: str, key: str | None, headers: Mapping[str, str]
) -> LibraryResponse:
    """Return the answer of a model when it begins.

    Args:
        body: A request in the format of Chat Completions, with the arguments in the pool's file.
        base_url: Address of the model; empty for its provider's own one.
        key: API key; by default from its provider's usual variable.
        headers: Headers in addition to litellm's own.
        timeout: Seconds until the first content, and between chunks of a stream.

    Raises:
        ProviderError: The provider or litellm refuses the request.
        ConnectionError: There is no connection, or it breaks.
        TimeoutError: Nothing came in time.
    """
    said = json.loads(body)
    where = {"api_base": base_url, "api_key": key, "extra_headers": dict(headers)}
    how = {"timeout": timeout, "num_retries": 0, "max_retries": 0}
    call = load().acompletion(**said, **{name: value for name, value in where.items() if value}, **how)
    try:
        return LibraryResponse(await asyncio.wait_for(call, timeout), timeout)
    except Exception as error:
        raise convert_error(error) from error


def convert_error(error: Exception) -> Exception:
    """Convert an error of litellm to one like those of directly called providers."""
    litellm = load()
    if isinstance(error, (TimeoutError, asyncio.TimeoutError, litellm.Timeout)):
        return TimeoutError("no answer in time")
    if isinstance(error, litellm.APIConnectionError):
        return ConnectionError(remove_secrets(str(error)))
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return error
    codes = {
        "ContextWindowExceededError": "context_length_exceeded",
        "ContentPolicyViolationError": "content_policy_violation",
        "UnsupportedParamsError": "unsupported_parameter",
    }
    code = codes.get(type(error).__name__) or getattr(error, "code", None)
    told = {"message": getattr(error, "message", str(error)), "type": getattr(error, "type", None)}
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    return ProviderError(status, json.dumps({"error": {**told, "code": code}}, default=str).encode(), headers)
