"""Fit a table into a narrow terminal: names stay whole, the last columns make room.

Rich takes the room of a column that may be folded first, so that names, which may be, would vanish before any figure.
"""

from __future__ import annotations

from copy import copy

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column, Table
from rich.text import Text

LEAST_NAME = 16
"""Characters of a name that a narrow terminal shows in a line."""

GAP = 2
"""Columns of a terminal between two cells."""


class FittingTable(Table):
    """A table whose columns behind the names are left out, the last first, where there is no room; it says which."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, or what of it fits."""
        room = options.max_width
        if len(self.columns) < 2 or sum(_least(column) for column in self.columns) <= room:
            yield from super().__rich_console__(console, options)
            return
        lead = self._lead
        kept = self.columns[: lead + 1]
        for column in self.columns[lead + 1 :]:
            if len(kept) > lead + 1 and sum(map(_least, [*kept, column])) > room:
                break
            kept = [*kept, column]
        yield from self._only(kept, room).__rich_console__(console, options)
        if missing := [str(column.header) for column in self.columns[len(kept) :]]:
            yield Text(f"No room for {', '.join(filter(None, missing))}: widen the terminal.", style="dim")

    @property
    def _lead(self) -> int:
        """The column of the names: the first that may be folded, else the first."""
        folds = (place for place, column in enumerate(self.columns) if column.overflow == "fold")
        return next(folds, 0)

    def _only(self, kept: list[Column], room: int) -> Table:
        """Return the table with its first columns alone, as wide as the names leave room."""
        fitted, lead = Table.__new__(Table), self._lead
        fitted.__dict__.update(self.__dict__)
        others = sum(_least(column) for place, column in enumerate(kept) if place != lead)
        names = copy(kept[lead])
        names.width = max(min(_widest(names), room - others - GAP), min(_widest(names), LEAST_NAME))
        fitted.columns = [names if place == lead else column for place, column in enumerate(kept)]
        return fitted


def _least(column: Column) -> int:
    """Return the room that a column needs: a name may be folded and a heading broken between words, a figure not."""
    widest = _widest(column)
    return (min(widest, LEAST_NAME) if column.overflow == "fold" else widest) + GAP


def _widest(column: Column) -> int:
    heading = _plain(column.header)
    lines = [heading] if column.no_wrap else heading.split()
    return max(
        map(cell_len, ["", *lines, *(line for cell in column.cells for line in _plain(cell).splitlines())])
    )


def _plain(cell: object) -> str:
    return cell.plain if isinstance(cell, Text) else Text.from_markup(str(cell)).plain
