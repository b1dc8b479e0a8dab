"""The wire formats of OpenAI and Anthropic, each to and from one neutral form."""

from __future__ import annotations

from crossroute.serve.wire.chat import Chat
from crossroute.serve.wire.formats import Wire, WrittenWire
from crossroute.serve.wire.messages import Messages
from crossroute.serve.wire.responses import Responses

CHAT: WrittenWire = Chat()
MESSAGES: WrittenWire = Messages()
COUNTED: Wire = Messages("/messages/count_tokens")
RESPONSES: Wire = Responses()


def find_wire(path: str) -> Wire:
    """Return the format of a path.

    >>> find_wire("/v1/messages/batches").name, find_wire("/v1/completions").name
    ('messages', 'chat')
    """
    endpoints: tuple[Wire, ...] = (MESSAGES, RESPONSES)
    return next((wire for wire in endpoints if path.removeprefix("/v1").startswith(wire.path)), CHAT)
