"""The formats: one of each."""

from __future__ import annotations

from crossroute.serve.wire.chat import Chat
from crossroute.serve.wire.messages import Messages
from crossroute.serve.wire.neutral import Wire, WrittenWire
from crossroute.serve.wire.responses import Responses

CHAT: WrittenWire = Chat()
MESSAGES: WrittenWire = Messages()
RESPONSES: Wire = Responses()
