"""route_query: what would be chosen, without a call to anybody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.schema import QueryBundle

from crossroute import Constraints, Decision, Router
from crossroute.errors import UnroutableError
from crossroute.routing.router import WIDEST_ROUTER
from llamaindex_crossroute.reading import read_messages, read_text


def route_query(
    query: str | QueryBundle | ChatMessage | Sequence[ChatMessage],
    router: Router | str | Path = WIDEST_ROUTER,
    *,
    cost_preference: float | None = None,
    willingness_to_pay: float | None = None,
    constraints: Constraints | None = None,
) -> Decision:
    """Choose the candidate for a query or a conversation, read as CrossRouteLLM reads it.

    Args:
        query: The question, or messages, the newest last.
        router: A router; a name or a folder is loaded anew on each call.
        cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default.
        willingness_to_pay: USD, in place of the dial.
        constraints: What the candidate must satisfy.

    Raises:
        NoEligibleCandidateError: No candidate satisfies the constraints and what the messages need.
        UnroutableError: There is no text to route on.

    Examples:
        `pip install "crossroute[llamaindex]"`

        ```python
        from llamaindex_crossroute import route_query

        print(route_query("What is 17 * 23?", cost_preference=0.8).explain())
        ```
    """
    if isinstance(query, QueryBundle):
        query = query.query_str
    messages = [query] if isinstance(query, ChatMessage) else query
    reading = read_text(messages) if isinstance(messages, str) else read_messages(messages)
    if reading.query is None:
        raise UnroutableError
    constraints = constraints or Constraints()
    return (router if isinstance(router, Router) else Router.from_pretrained(router)).route(
        reading.query,
        cost_preference=cost_preference,
        willingness_to_pay=willingness_to_pay,
        constraints=constraints.model_copy(update={"capabilities": constraints.capabilities | reading.needs}),
    )
