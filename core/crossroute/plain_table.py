"""The look of the tables that people read: no frame, one rule under the headings, all to the left edge."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.table import Column, Table

LEAST_NAME = 16
"""Characters of a name that a narrow terminal shows in a line."""


def plain_table(*columns: Column | str, title: str = "", caption: str = "") -> Table:
    """Return an empty table; title and caption are markup."""
    return Table(
        *columns,
        title=title or None,
        caption=caption or None,
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )


def name_column(heading: str, names: Iterable[str]) -> Column:
    """Return a column of names, which stay readable on a narrow terminal."""
    return Column(heading, overflow="fold", min_width=min(max(map(len, names), default=0), LEAST_NAME))


def listed(names: Iterable[str], most: int = 6) -> str:
    """Return names in a row; of more, the first few and how many there are.

    >>> listed(["a", "b", "c"], most=2)
    'a, b, ... 3 in all'
    """
    names = list(names)
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])}, ... {len(names)} in all"
