"""Every code block of README.md, the other pages beside it and docs/**/*.md runs, in the order of its page.

How to write a block:

- Each block is fenced and has a language: python, sh, json, jsonl, csv, toml or text. Indented code is refused. (A
  fence of language math is an equation, which the site renders.)
- A page starts in a folder that holds what a reader would bring: `outcomes.jsonl` (outcomes of "small" and "large"),
  `mine.jsonl` (outcomes of gpt-4o-mini and gpt-4o), and `my-router`, trained on the first. See conftest.py. The pages
  of FROM_NOTHING train `my-router` themselves: there, it is not trained yet.
- `python` blocks of a page share their names, which are none at first: a page imports and defines what it uses.
- `title="my_models.py"` after the language writes the block to this file; the site shows it as a title. A `jsonl` block
  with the title of a file that is there already puts its rows before the ones there, so that two rows can be shown and
  a few hundred be learned from.
- `sh` blocks hold one command a line, without a prompt; `#` begins a comment, a backslash goes on in the next line.
  `crossroute ...` runs, and so does `python FILE` with a file that the page has written; `export NAME=VALUE` counts
  until the page ends. Of `make TARGET`, `pip install ...`, `python examples/...` and `python benchmarks/...` the
  target, the extras and packages (those of pyproject.toml), and the file must exist. No pipes, no variables.
- `text` is what the last `python` or `sh` block printed, compared as doctest does: `...` stands for whatever varies.
- `json` and `toml` are parsed, `jsonl` and `csv` are parsed row by row.
- Clients of OpenAI and Anthropic are real ones with dummy keys; a server of this machine answers "I am MODEL". So
  `ChatOpenAI(model="gpt-5-mini")` and `"openai:gpt-5-mini"` work as written, without a key or URL in the page.
- A block that cannot run says so to whoever reads the source, on the line before it, `<!-- not run: REASON -->`, and
  stands in NOT_RUN below. Avoid it.

A page that needs a framework or an extra that is not installed, or a model of the hub that this machine does not hold,
runs up to the first block that needs it; the rest is skipped, with the reason.
"""

import shutil
from importlib.util import find_spec

import pytest

from crossroute.errors import EncoderError, MissingExtraError
from tests.support.pages import blocks, pages

RECORDED = "two language models answer for minutes, recorded in November 2026"
SERVED = "it needs the server that runs until it is stopped"
NOT_RUN = [
    *[("docs/escalation.md", RECORDED)] * 2,
    *[("docs/serve.md", SERVED)] * 3,
]
"""The page and the reason of each block that gives one. Add one only if nothing else is left."""
FROM_NOTHING = ("README.md", "docs/index.md", "docs/own-data.md", "docs/quickstart.md")
FRAMEWORKS = ("langchain", "langchain_core", "langchain_openai", "langchain_anthropic", "llama_index")


@pytest.mark.parametrize("page", pages())
def test_the_blocks_of_a_page_run_in_order(page, reader):
    if page in FROM_NOTHING:
        shutil.rmtree("my-router")
    for block in blocks(page):
        if block.not_run is None:
            try:
                reader.follow(block)
            except EncoderError as error:
                if isinstance(error.__cause__, OSError):
                    pytest.skip(f"{block.place} and what follows cannot run here: {error}")
                raise
            except ImportError as error:
                if lacks_a_framework(error) or isinstance(error, MissingExtraError):
                    pytest.skip(f"{block.place} and what follows cannot run here: {error}")
                raise


def lacks_a_framework(error):
    told = str(error).replace("-", "_")
    return any(name in told and not find_spec(name) for name in FRAMEWORKS)


def test_blocks_that_do_not_run_are_few_and_say_why():
    every = [block for page in pages() for block in blocks(page)]
    assert [(block.page, block.not_run) for block in every if block.not_run] == NOT_RUN
