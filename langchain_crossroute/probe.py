"""Count the tokens of a call with a callback, if its answer arrives parsed, without its message, or not at all."""

from __future__ import annotations

import json
import re
from json import JSONDecodeError
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import RunnableConfig
from pydantic import ValidationError

from crossroute.calls.ending import are_half
from crossroute.calls.faults import ANSWERED, note
from crossroute.calls.handlers import find_handler_arguments, is_of_handler, walk_frames
from crossroute.calls.spend import Usage
from langchain_crossroute.messages.reading import to_answer
from langchain_crossroute.messages.reply import (
    complete_usage,
    find_message,
    read_message_cost,
    read_message_usage,
)

CHAT_MODELS = "langchain_core.language_models.chat_models"
"""The module whose functions call handlers."""

UNREADABLE = (OutputParserException, ValidationError, JSONDecodeError)

EMPTY = frozenset(way.__code__ for way in (BaseChatModel.invoke, BaseChatModel.ainvoke, find_message))
"""The code of functions that take the first generation of an answer."""

PARSERS_WORDS = re.compile(r" at line \d+ column \d+$")
"""End of the message of a ValueError by the JSON parser of OpenAI's client, which parses a stream as it arrives."""


class ToolCallProbe(BaseCallbackHandler):
    """A callback that records the arguments of the last streamed answer's tool calls, which LangChain completes.

    Attributes:
        arguments: Place of a tool call -> the parts of its arguments.
    """

    run_inline = True

    def __init__(self) -> None:
        self.arguments: dict[object, list[str]] = {}
        self._run: UUID | None = None

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: UUID, **_: Any) -> None:
        """Record the parts of arguments in a chunk."""
        if run_id != self._run:
            self._run, self.arguments = run_id, {}
        message = getattr(chunk, "message", None)
        for call in message.tool_call_chunks if isinstance(message, AIMessageChunk) else ():
            place: object = call["index"] if call["index"] is not None else call["id"]
            place = next(reversed(self.arguments), 0) if place is None else place
            self.arguments.setdefault(place, []).append(call["args"] or "")

    @property
    def is_amid_call(self) -> bool:
        """Whether a tool call's arguments are not complete."""
        return are_half(self.arguments)


class UsageProbe(ToolCallProbe):
    """A callback that counts the tokens of a call.

    Args:
        parsed: Whether the model's client may parse the answer, even during a stream.

    Attributes:
        answered: Whether an answer arrived.
        begun: Whether text arrived.
        usage: Tokens of the answer, or None.
        message: The last message.
        cost: USD stated by an answer that was only in an error.
    """

    def __init__(self, *, parsed: bool = False) -> None:
        super().__init__()
        self.cost: float | None = None
        self.answered, self._parsed, self._begun, self.begun = False, parsed, False, False
        self.usage: UsageMetadata | None = None
        self.message: AIMessage | None = None
        self._streamed: dict[UUID, Usage] = {}
        self._open: set[UUID] = set()  # runs without a reported answer or failure
        self._answers = 0

    def on_chat_model_start(self, *_: Any, run_id: UUID, **__: Any) -> None:
        """Record a run; without this method, LangChain would render the messages for `on_llm_start`."""
        self._open.add(run_id)

    def on_llm_error(self, *_: Any, run_id: UUID, **__: Any) -> None:
        """Record the failure of a run."""
        self._open.discard(run_id)

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: UUID, **_: Any) -> None:
        """Record a stream's tokens, since LangChain adds up its chunks even if each states the total so far."""
        super().on_llm_new_token(token, chunk=chunk, run_id=run_id)
        self._begun, self.begun = True, self.begun or bool(token)
        self._open.discard(run_id)
        message = getattr(chunk, "message", None)
        told = read_message_usage(message.usage_metadata) if isinstance(message, AIMessage) else None
        if told is not None:
            self._streamed[run_id] = told.after(self._streamed.get(run_id))

    def on_llm_end(self, response: LLMResult, *, run_id: UUID | None = None, **_: Any) -> None:
        """Add the tokens of an answer, whose choices each state the total."""
        if run_id is not None:
            self._open.discard(run_id)
        for first in (generations[0] for generations in response.generations if generations):
            self.answered, self._answers = True, self._answers + 1
            message = getattr(first, "message", None)
            if isinstance(message, BaseMessage):
                self.message = to_answer(message)
                told = complete_usage(self.message)
                self.usage = add_usage(self.usage, told) if told else self.usage

    def raised(self, error: BaseException) -> None:
        """Record the answer in an error, or one that it implies."""
        garbled = isinstance(error, JSONDecodeError)  # an event, not an answer
        misfits = self._parsed and self._begun and is_unreadable(error) and not garbled
        told = misfits or type(error).__name__ in ANSWERED or holds_nothing(error)
        self.answered = self.answered or told
        message = find_rejected_message(error)
        if message is not None:
            self.answered, self.usage = True, complete_usage(message)
        elif not self.answered:
            self._record_withheld(find_handler_arguments(error, CHAT_MODELS))
        if self.message is not None and is_of_handler(error):
            note(error, answer=self.message)

    def _record_withheld(self, held: list[Any]) -> None:
        """Record the answer, or part of one, that was passed to a handler when it raised."""
        each = [one for value in held for one in (value if isinstance(value, list) else [value])]
        results = [one for one in each if isinstance(one, LLMResult) and one.generations]
        if results:
            self.on_llm_end(results[0], run_id=next(iter(self._open), None))
            self.cost = None if self.message is None else read_message_cost(self.message)
        self.answered = self.answered or any(isinstance(one, ChatGeneration) for one in each)

    def took(self, told: Usage | None) -> Usage | None:
        """Return the tokens of the only observed stream, or those in the answer, or the sum of all observed.

        A member that retries after a handler raised an error may have had earlier answers: then the sum is used, or
        None if the handler withheld an answer.
        """
        streamed = list(self._streamed.values())
        if self._open:
            return None
        if len(streamed) == 1:
            return streamed[0]
        return read_message_usage(self.usage) if self._answers > 1 else told or read_message_usage(self.usage)


def attach_probe(config: RunnableConfig, probe: UsageProbe) -> RunnableConfig:
    """Add a probe before the caller's handlers, since a handler that raises stops the ones after it.

    Args:
        config: The caller's config.
        probe: The probe.
    """
    callbacks = config.get("callbacks")
    if not isinstance(callbacks, BaseCallbackManager):
        return {**config, "callbacks": [probe, *(callbacks or ())]}
    manager = callbacks.copy()
    manager.handlers.insert(0, probe)
    manager.inheritable_handlers.insert(0, probe)
    return {**config, "callbacks": manager}


def holds_nothing(error: BaseException) -> bool:
    """Return whether an error means that an answer has no generations."""
    frames = list(walk_frames(error)) if isinstance(error, IndexError) else []
    return bool(frames) and frames[-1].f_code in EMPTY


def is_unreadable(error: BaseException) -> bool:
    """Return whether an error means that an answer does not fit its schema."""
    named = isinstance(error, UNREADABLE) or type(error).__name__ in ANSWERED
    return named or (type(error) is ValueError and PARSERS_WORDS.search(str(error)) is not None)


def find_rejected_message(error: BaseException) -> AIMessage | None:
    """Return the answer in an error of an agent or OpenAI's client that could not read it, or None.

    Bodies of other errors are not read, since they may not have arrived or must be awaited.
    """
    if not is_unreadable(error):
        return None
    message = getattr(error, "ai_message", None)
    if isinstance(message, AIMessage):
        return message
    try:
        body = json.loads(error.response.content)  # type: ignore[attr-defined]
        choice, usage = body["choices"][0], body["usage"]
        read, written = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
        text = choice["message"]["content"]
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        return None  # RuntimeError: a streamed body that was not read
    return AIMessage(
        text if isinstance(text, str) else "",
        response_metadata={key: choice.get(key) for key in ("finish_reason", "logprobs")},
        usage_metadata=UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written),
    )
