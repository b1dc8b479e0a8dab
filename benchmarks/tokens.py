"""Compare estimates of tokens with tiktoken's o200k_base and cl100k_base, by kind of text.

    python benchmarks/tokens.py FILE...     your files; by default the texts of the tests and this project
    python benchmarks/tokens.py FILE.whl... passages of translated messages in packages, by language: the total error of
                                            the estimates, and the share within 15 %

The vocabularies come with llama-index-core; nothing is downloaded.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

from crossroute.tokens import estimate_tokens

ROOT = Path(__file__).parents[1]


def load_vocabularies() -> dict[str, object]:
    """Return the tokenizers that LlamaIndex ships."""
    package = find_spec("llama_index.core")
    if package is None or package.origin is None:
        sys.exit("Install llama-index-core and tiktoken: the vocabularies come with them.")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(package.origin).parent / "_static" / "tiktoken_cache")
    import tiktoken

    return {name: tiktoken.get_encoding(f"{name}_base") for name in ("o200k", "cl100k")}


def read_texts(files: list[str]) -> dict[str, str]:
    """Return texts by name."""
    if files:
        return {name: Path(name).read_text("utf-8") for name in files}
    sys.path.insert(0, str(ROOT))
    from tests.core.test_tokens import TEXTS

    own = {kind: "\n".join(p.read_text("utf-8") for p in sorted(ROOT.glob(kind))) for kind in OWN}
    return TEXTS | own


OWN = ("docs/*.md", "core/crossroute/*.py", "tests/core/*.py", "pyproject.toml")


SAID = re.compile(r'^msgstr ((?:".*"\s*)+)', re.MULTILINE)
QUOTED = re.compile(r'".*"')
UNSPACED = ("zh", "ja")
SHORTEST, PASSAGE, FEWEST = 25, 600, 10
"""Minimum characters of a message, characters of a passage, and minimum passages of a language; a third of the
characters for Chinese and Japanese."""


def read_passages(wheels: list[str]) -> dict[str, list[str]]:
    """Return passages of several messages from the message catalogues of packages, by language."""
    found: dict[str, list[str]] = defaultdict(list)
    for wheel in wheels:
        with ZipFile(wheel) as packed:
            for name in sorted(packed.namelist()):
                if not name.endswith(".po"):
                    continue
                language = name.split("/LC_MESSAGES")[0].rpartition("/")[2]
                part = 3 if language[:2] in UNSPACED else 1
                said = [
                    "".join(map(ast.literal_eval, QUOTED.findall(one)))
                    for one in SAID.findall(packed.read(name).decode("utf-8", "replace"))
                ]
                said = [one for one in said[1:] if len(one) >= SHORTEST // part]
                found[language.replace("-", "_")] += _join(said, PASSAGE // part)
    return {language: texts for language, texts in sorted(found.items()) if len(texts) >= FEWEST}


def _join(messages: list[str], length: int) -> list[str]:
    texts = [""]
    for message in messages:
        texts[-1] += message + "\n"
        if len(texts[-1]) >= length:
            texts.append("")
    return texts[:-1]


def print_by_language(wheels: list[str]) -> None:
    """Print the errors of estimates on passages of each language."""
    known = load_vocabularies()
    print(f"{'language':12s}{'passages':>9s}" + "".join(f"{name:>9s} off{'within':>8s}" for name in known))
    for language, texts in read_passages(wheels).items():
        line = f"{language:12s}{len(texts):9d}"
        for name, encoding in known.items():
            counted = [len(encoding.encode(text, disallowed_special=())) for text in texts]  # type: ignore[attr-defined]
            estimated = [estimate_tokens(text, name) for text in texts]  # type: ignore[arg-type]
            within = [abs(one / of - 1) < 0.15 for one, of in zip(estimated, counted, strict=True)]
            line += f"{sum(estimated) / sum(counted) - 1:+13.0%}{sum(within) / len(within):8.0%}"
        print(line)


def main() -> None:
    """Print counted and estimated tokens."""
    if sys.argv[1:] and sys.argv[1].endswith(".whl"):
        return print_by_language(sys.argv[1:])
    known = load_vocabularies()
    print(f"{'text':24s}" + "".join(f"{name:>10s}{'estimated':>12s}{'off':>7s}" for name in known))
    for kind, text in read_texts(sys.argv[1:]).items():
        line = f"{kind:24s}"
        for name, encoding in known.items():
            counted = len(encoding.encode(text, disallowed_special=()))  # type: ignore[attr-defined]
            estimated = estimate_tokens(text, name)  # type: ignore[arg-type]
            line += f"{counted:10,d}{estimated:12,d}{estimated / counted - 1:+7.0%}"
        print(line)
    return None


if __name__ == "__main__":
    main()
