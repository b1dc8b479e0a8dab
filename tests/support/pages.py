"""The pages of the documentation, and their code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
EQUATION = "math"
"""The language of a fence that holds no code."""


@dataclass(frozen=True)
class Block:
    """A code block of a page.

    Attributes:
        page: The path of its page: "docs/quickstart.md".
        line: Where its fence stands, from 1.
        language: The first word after the fence; empty where code is indented or states none.
        title: The file that it is, if any.
        text: What it holds.
        not_run: Why it is not run, if it says so.
    """

    page: str
    line: int
    language: str
    title: str | None
    text: str
    not_run: str | None

    @property
    def place(self) -> str:
        """Where it stands, as an editor opens it."""
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """List the pages, by their paths in the repository."""
    paths = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page, in order."""
    return list(read_blocks((ROOT / page).read_text("utf-8"), page))


def read_blocks(text: str, page: str) -> Iterator[Block]:
    """Yield the blocks of a Markdown text.

    Code that a list's indentation turns into a paragraph counts as indented code: whoever wrote it meant a block.
    """
    lines = text.splitlines()
    for before, token in pairwise((Token("start", "", 0), *MarkdownIt().parse(text))):
        language, _, more = token.info.strip().partition(" ")
        if not token.map or language == EQUATION:
            continue
        meant = token.type == "inline" and re.match(r" {4}(crossroute|make|pip|python) ", lines[token.map[0]])
        if token.type in {"fence", "code_block"} or meant:
            title = re.search(r'title="(.+?)"', more)
            reason = re.match(r"<!-- not run: (.+?) -->\s*$", before.content)
            yield Block(
                page=page,
                line=token.map[0] + 1,
                language=language,
                title=title[1] if title else None,
                text=token.content,
                not_run=reason[1] if reason and before.type == "html_block" else None,
            )
