"""Decisions of many queries, made as they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from typing_extensions import Self

from crossroute.decision import Decision
from crossroute.query import Query


class Decisions(Iterator[Decision]):
    """An iterator over the decisions of many queries that begins anew when it has ended, where the queries can.

    Args:
        queries: What to route, in any iterable.
        route: Makes the decisions of queries, one each and in their order.
    """

    def __init__(
        self,
        queries: Iterable[str | Query],
        route: Callable[[Iterable[str | Query]], Iterator[Decision]],
    ) -> None:
        self._queries, self._route = queries, route
        self._begun: Iterator[Decision] | None = None
        self._ended = False

    def __iter__(self) -> Self:
        """Return itself.

        Raises:
            ValueError: It has ended, and the queries can be read only once.
        """
        if self._ended and isinstance(self._queries, Iterator):
            raise ValueError(
                "These decisions were read already, and so were the queries, which come once. Keep the decisions: "
                "list(router.route_many(...))."
            )
        self._ended = False
        return self

    def __next__(self) -> Decision:
        """Return the next decision."""
        if self._ended:
            raise StopIteration
        if self._begun is None:
            self._begun = self._route(self._queries)
        try:
            return next(self._begun)
        except StopIteration:
            self._begun, self._ended = None, True
            raise
