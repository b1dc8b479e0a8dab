"""The tail of a stream: chunks pass through it to the caller; it counts them, and refuses a cut end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

from typing_extensions import Self

from crossroute.calls.closing import StreamResources
from crossroute.calls.counting import read_cost, read_usage
from crossroute.calls.ending import Ending, find_usages
from crossroute.calls.ledger import Entry
from crossroute.calls.spend import PARTS, Usage
from crossroute.errors import BrokenStreamError

T = TypeVar("T")


class Tail(Generic[T]):
    """The chunks of a stream pass through it to the caller; it counts the stream in the ledger.

    Args:
        entry: The stream's entry in the ledger.
        telling: See `Ending`.
    """

    def __init__(self, entry: Entry, *, telling: bool = False) -> None:
        self.entry, self.opened = entry, StreamResources()
        self.ending = Ending(telling=telling)
        self._has_begun = False

    def __enter__(self) -> Self:
        self.entry.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self.entry.__exit__(*raised)

    def shows(self, chunk: T) -> bool:
        """Return whether a chunk has content: text, a tool call, reasoning."""
        return True

    def take(self, chunk: T) -> Iterator[T]:
        """Yield the chunks to pass on when this one has arrived."""
        yield chunk

    def tell(self, usage: Usage | None, *, behind: bool) -> None:
        """Count the tokens that a chunk states, if any: those so far, or those added.

        Args:
            usage: The tokens.
            behind: The chunk has no content, and earlier ones had.
        """
        if not self._has_begun:
            self._has_begun = True
            self._note_beside(
                find_usages(self.opened.frames)
            )  # Anthropic tells the input there, and the rest last
        if usage is not None:
            self.entry.usage = usage.after(self.entry.usage)
            self.ending.count(behind=behind)

    def check(self, *, empty: bool) -> None:
        """Refuse a stream that was cut, or that had no chunks at all: a proxy's page, for example.

        Args:
            empty: There was no chunk.

        Raises:
            BrokenStreamError: It is no whole answer.
        """
        frames = self.opened.frames if self.entry.begun else ()  # an end of nothing is none
        if self.ending.is_cut(frames) or (empty and not self.entry.answered):
            if not empty or self.entry.usage is not None:
                self.entry.count()  # its provider began to answer, and did not fail: it is paid for
            raise BrokenStreamError(self.entry.decision.candidate)
        if self.entry.counted:
            return
        told, usage = find_usages(frames), self.entry.usage
        self._note_beside(told)
        if usage is None:
            self.entry.usage = next(filter(None, map(read_usage, told)), None)
        if self.entry.cost is None and told:
            self.entry.cost = read_cost(*told)

    def _note_beside(self, told: Iterable[Any]) -> None:
        """Note what providers' events tell of the tokens, in case the chunks tell less."""
        counts = filter(None, map(read_usage, told))
        most = max(counts, key=lambda count: sum(map(count.__dict__.__getitem__, PARTS)), default=None)
        self.entry.beside = most.completed(self.entry.beside) if most else self.entry.beside

    def end(self) -> Iterator[T]:
        """Yield the chunks that were held back, once the stream has ended."""
        yield from ()
