"""Test the scrubbing of errors on credentials, and on ordinary sentences, which must not change.

    python benchmarks/scrubbing.py [--sentences 10000]

Sentences are drawn from the queries of the public sets, the pages of this site and the docstrings of both frameworks.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from sets import DATA

from crossroute.calls.scrubbing import remove_secrets

ROOT = Path(__file__).parents[1]
FRAMEWORKS = ("langchain_core", "llama_index.core")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n")
SENTENCE = re.compile(r"(?=(?:\S+ ){3})[A-Z].{20,400}[.!?]")
CODE = re.compile(r"```.*?```", re.DOTALL)
DOCSTRING = re.compile(r'"""(.*?)"""', re.DOTALL)


def read_queries() -> Iterator[str]:
    import pyarrow.parquet as pq

    for path in sorted(DATA.glob("*/queries.parquet")):
        yield from filter(None, pq.read_table(path, columns=["text"])["text"].to_pylist())


def read_pages() -> Iterator[str]:
    for path in sorted((ROOT / "docs").glob("*.md")):
        yield CODE.sub("", path.read_text("utf-8"))


def read_docstrings() -> Iterator[str]:
    for name in FRAMEWORKS:
        package = find_spec(name)
        folders = package.submodule_search_locations if package and package.submodule_search_locations else ()
        for path in (path for folder in folders for path in sorted(Path(folder).rglob("*.py"))):
            yield from DOCSTRING.findall(path.read_text("utf-8", errors="replace"))


def split_sentences(texts: Iterator[str]) -> list[str]:
    """Return the distinct sentences of texts with at least four words, from a capital letter to a full stop."""
    found = (" ".join(one.split()) for text in texts for one in SENTENCE_END.split(text))
    return list(dict.fromkeys(one for one in found if SENTENCE.fullmatch(one)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=10_000)
    parser.add_argument("--show", type=int, default=0, help="number of false alarms to show of each kind")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from tests.core.calls.test_scrubbing import FORMS

    survived = [form for form, secret in FORMS.items() if secret in remove_secrets(form)]
    print(f"forms of credentials and prompts scrubbed: {len(FORMS) - len(survived)} of {len(FORMS)}")
    left = given.sentences
    for kind, texts in (
        ("pages of this site", read_pages),
        ("docstrings", read_docstrings),
        ("queries", read_queries),
    ):
        all_of_them = split_sentences(texts())
        most = left if texts is read_queries else given.sentences // 3
        drawn = random.Random(0).sample(all_of_them, min(most, len(all_of_them)))
        left -= len(drawn)
        changed = [one for one in drawn if remove_secrets(one) != one]
        print(f"{kind}: {len(changed)} of {len(drawn):,} sentences changed (of {len(all_of_them):,})")
        for one in changed[: given.show]:
            print("   ", one, "->", remove_secrets(one))


if __name__ == "__main__":
    main()
