"""Show objects as tables: on a console, and as HTML in a notebook or on a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Column, Table

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="icon" href="data:,"><style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.4rem; }} table {{ border-collapse: collapse; font-size: 13px; width: 100%; }}
th, td {{ padding: 4px 8px; white-space: nowrap; border-bottom: 1px solid rgba(128, 128, 128, 0.35); }}
td:first-child {{ white-space: normal; overflow-wrap: anywhere; min-width: 7rem; }}
small {{ font-size: 14px; }}
</style></head><body><h1>{title}</h1>
"""


def plain_table(*columns: Column | str, title: str = "", caption: str = "") -> Table:
    """Return an empty table as people read it: no frame, one rule under the headings, all to the left edge.

    On a narrow terminal its names stay, and the last columns are left out.

    Title and caption are markup.
    """
    from rich.box import SIMPLE_HEAD

    from crossroute.tables.fitting import FittingTable

    return FittingTable(
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


def candidate_column(names: Iterable[str]) -> Column:
    """Return a column of candidates' names, which stay readable on a narrow terminal."""
    from rich.table import Column

    from crossroute.tables.fitting import LEAST_NAME

    return Column("candidate", overflow="fold", min_width=min(max(map(len, names), default=0), LEAST_NAME))


def list_names(names: Iterable[str], most: int = 6) -> str:
    """Return names in a row; of more, the first few and how many there are.

    >>> list_names(["a", "b", "c"], most=2)
    'a, b, ... 3 in all'
    """
    names = list(names)
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])}, ... {len(names)} in all"


class InNotebooks:
    """Shown in notebooks as on a console: by its `__rich__`."""

    __slots__ = ()

    def __rich__(self) -> RenderableType:
        """Return what a console prints."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return to_html(self.__rich__())


def to_text(shown: RenderableType) -> str:
    """Return what a console shows, as plain text of 100 columns."""
    from rich.console import Console

    console = Console(width=100, emoji=False, no_color=True, force_terminal=False, force_jupyter=False)
    with console.capture() as capture:
        console.print(shown)
    return capture.get().rstrip()


def to_html(shown: RenderableType | Iterable[RenderableType]) -> str:
    """Return tables and lines of text as HTML.

    It takes colours from the page, dark or light, and a table that is wider than the page scrolls by itself.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    if isinstance(shown, InNotebooks):
        shown = shown.__rich__()
    if isinstance(shown, (str, Text)):
        return f"<p>{_inline(shown)}</p>" if str(shown) else ""
    if isinstance(shown, Table):
        return _table(shown)
    parts = shown.renderables if isinstance(shown, Group) else shown
    return "".join(map(to_html, parts))  # type: ignore[arg-type]


def to_page(title: str, shown: RenderableType | Iterable[RenderableType]) -> str:
    """Return tables and lines of text as a whole page, dark or light as its reader's other pages."""
    return f"{PAGE.format(title=escape(title))}{to_html(shown)}</body></html>\n"


def shorten(text: str, beginning: int, end: int) -> str:
    """Return so many characters of a text's beginning and of its end, or all of it.

    >>> shorten("abcdefgh", 2, 1)
    'ab […] h'
    """
    return text if len(text) <= beginning + end else f"{text[:beginning]} […] {text[-end:]}"


def _table(table: Table) -> str:
    """Return a table that scrolls within its title and caption, which do not."""
    title = f"<p><b>{_inline(table.title)}</b></p>" if table.title else ""
    caption = f"<p><small>{_inline(table.caption)}</small></p>" if table.caption else ""
    return f'{title}<div style="overflow-x:auto">{"".join(_rows_of(table))}</div>{caption}'


def _rows_of(table: Table) -> Iterator[str]:
    """Yield a table's HTML, piece by piece."""
    yield "<table>"
    aligned = [f'style="text-align:{"right" if c.justify == "right" else "left"}"' for c in table.columns]
    heads = [column.header for column in table.columns]
    yield _row(heads, aligned, "th")
    for row, cells in zip(
        table.rows, zip(*(column.cells for column in table.columns), strict=True), strict=True
    ):
        style = str(row.style or "")
        look = "font-weight:bold" if "bold" in style else "opacity:0.6" if "dim" in style else ""
        yield _row(cells, aligned, "td", look)
    if table.show_footer:
        yield _row([column.footer for column in table.columns], aligned, "th")
    yield "</table>"


def _row(cells: Iterable[object], aligned: list[str], tag: str, look: str = "") -> str:
    inner = "".join(f"<{tag} {how}>{_inline(cell)}</{tag}>" for cell, how in zip(cells, aligned, strict=True))
    return f'<tr style="{look}">{inner}</tr>' if look else f"<tr>{inner}</tr>"


def _inline(text: object) -> str:
    """Return markup, or a text, without either's styles."""
    from rich.text import Text

    plain = text.plain if isinstance(text, Text) else Text.from_markup(str(text)).plain
    return escape(plain)
