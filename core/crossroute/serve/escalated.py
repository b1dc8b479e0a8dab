"""Escalated calls: several members may be called, and the best answer is returned."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from crossroute.calls.reply import Reply
from crossroute.calls.steps import Ask, Steps, adrive
from crossroute.decision import Decision
from crossroute.escalation import Escalation
from crossroute.query import Query
from crossroute.serve.raw_json import RawObject
from crossroute.serve.service import Service
from crossroute.serve.upstream import ProviderRequest
from crossroute.serve.wire.formats import Wire
from crossroute.serve.wire.neutral import Answer, Request


class CheckedAnswer(NamedTuple):
    """An answer that was checked.

    Attributes:
        body: Its unchanged body.
        heard: Its content in the neutral form.
        source: Its format.
        asked_logprobs: Whether log-probabilities were requested that the client did not want.
        left_out: Descriptions of the omitted arguments of the request.
    """

    body: RawObject
    heard: Answer
    source: Wire
    asked_logprobs: bool
    left_out: list[str]


Sending = Callable[[Decision, dict[str, Any]], tuple[ProviderRequest, Wire, list[str]]]
"""(decision, arguments to add) -> the request, the format of its answer, and the omitted arguments."""


async def escalate(
    service: Service,
    request: Request,
    query: Query,
    escalation: Escalation,
    decision: Decision,
    *,
    sending: Sending,
) -> tuple[CheckedAnswer, Decision]:
    """Return the best answer to a request, and the decision with all calls."""
    wanted = bool(request.arguments.get("logprobs"))

    def asking(decision: Decision, logprobs: bool) -> Steps[tuple[CheckedAnswer, Reply]]:
        asked = {"logprobs": True} if logprobs and not wanted else {}
        sent, source, left_out = sending(decision, asked)
        answered = yield Ask(sent)
        body = RawObject.of_bytes(answered.content)
        heard = source.read_answer(body)
        return CheckedAnswer(body, heard, source, bool(asked), left_out), build_reply(heard, request)

    askable = {name for name, member in service.members.items() if member.speaks == "openai"}
    loop = service.dispatcher.escalated(decision, query, escalation, askable)
    chosen = await adrive(loop.steps(asking), service.upstream.ask)
    return chosen.answer, chosen.decision


def build_reply(heard: Answer, request: Request) -> Reply:
    """Return the facts of an answer, as evidence is read from them."""
    structured = "structured_output" in request.needs and not heard.calls
    texts = [heard.text] if structured else [call.arguments for call in heard.calls]
    return Reply(
        text=heard.text,
        logprobs=heard.logprobs,
        finish_reason={"tools": "tool_calls", "filter": "content_filter"}.get(heard.finish, heard.finish),
        usage=heard.usage,
        schema_error=None if all(map(_is_readable, texts)) else "no JSON",
        asks_for_tools=bool(heard.calls),
        refused=heard.refused,
    )


def remove_logprobs(body: RawObject) -> dict[str, Any]:
    """Return the changes that remove log-probabilities, which the client did not request, from an answer."""
    return {"choices": [{**choice, "logprobs": None} for choice in body["choices"]]}


def _is_readable(text: str) -> bool:
    try:
        json.loads(text or "{}")
    except ValueError:
        return False
    return True
