"""Labels: attributes of the calls within a block, recorded in the log."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Labels:
    """Labels of a call.

    Attributes:
        tags: The user's tags.
        conversation_id: Id of the conversation.
        run_id: Id of the call in a tracer.
        trace_id: Id of the trace that the call is part of.
    """

    tags: tuple[str, ...] = ()
    conversation_id: str | None = None
    run_id: str | None = None
    trace_id: str | None = None


UNLABELLED = Labels()
_current: ContextVar[Labels] = ContextVar("crossroute_labels", default=UNLABELLED)


@contextmanager
def labelled(
    tags: Iterable[str] = (),
    *,
    conversation_id: str | None = None,
    run_id: str | None = None,
    trace_id: str | None = None,
) -> Iterator[None]:
    """Label the calls made within the block, in this thread or task; nested blocks add labels.

    >>> with labelled(["support"], conversation_id="c-1"), labelled(["urgent"]):
    ...     current_labels().tags, current_labels().conversation_id
    (('support', 'urgent'), 'c-1')
    """
    outer = _current.get()
    stated = {"conversation_id": conversation_id, "run_id": run_id, "trace_id": trace_id}
    said = {name: str(value) for name, value in stated.items() if value is not None}
    token = _current.set(replace(outer, tags=tuple(dict.fromkeys((*outer.tags, *tags))), **said))
    try:
        yield
    finally:
        _current.reset(token)


def current_labels() -> Labels:
    """Return the labels of the current block; the trace id is OpenTelemetry's unless stated."""
    labels = _current.get()
    telemetry = sys.modules.get("opentelemetry.trace")
    if labels.trace_id is None and telemetry is not None:
        span = telemetry.get_current_span().get_span_context()
        if span.is_valid:
            return replace(labels, trace_id=f"{span.trace_id:032x}")
    return labels
