"""Embeddings: passed through to the model that is asked for, byte by byte."""

from __future__ import annotations

from crossroute.serve.errors import RequestError
from crossroute.serve.raw_json import RawObject
from crossroute.serve.service import Service
from crossroute.serve.upstream import Sent

PATH = "/embeddings"


async def embed(service: Service, body: RawObject) -> bytes:
    """Return the answer of the model that a request names.

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
    answered = await service.upstream.ask(Sent(member, PATH, said.encode(), {}))
    return answered.content
