"""How well tokens are estimated: by kind of text, against tiktoken's o200k_base and cl100k_base.

    python benchmarks/tokens.py FILE...     files of your own; by default the texts of the tests and this project

The vocabularies are those that come with llama-index-core; nothing is downloaded.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from crossroute.tokens import estimate_tokens

ROOT = Path(__file__).parents[1]


def vocabularies() -> dict[str, object]:
    """Return the tokenizers that LlamaIndex ships."""
    package = find_spec("llama_index.core")
    if package is None or package.origin is None:
        sys.exit("Install llama-index-core and tiktoken: the vocabularies come with them.")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(package.origin).parent / "_static" / "tiktoken_cache")
    import tiktoken

    return {name: tiktoken.get_encoding(f"{name}_base") for name in ("o200k", "cl100k")}


def texts(files: list[str]) -> dict[str, str]:
    """Return texts by what they are called."""
    if files:
        return {name: Path(name).read_text("utf-8") for name in files}
    sys.path.insert(0, str(ROOT))
    from tests.core.test_tokens import TEXTS

    own = {kind: "\n".join(p.read_text("utf-8") for p in sorted(ROOT.glob(kind))) for kind in OWN}
    return TEXTS | own


OWN = ("docs/*.md", "core/crossroute/*.py", "tests/core/*.py", "pyproject.toml")


def main() -> None:
    """Print tokens counted and estimated."""
    known = vocabularies()
    print(f"{'text':24s}" + "".join(f"{name:>10s}{'estimated':>12s}{'off':>7s}" for name in known))
    for kind, text in texts(sys.argv[1:]).items():
        line = f"{kind:24s}"
        for name, encoding in known.items():
            counted = len(encoding.encode(text, disallowed_special=()))  # type: ignore[attr-defined]
            estimated = estimate_tokens(text, name)  # type: ignore[arg-type]
            line += f"{counted:10,d}{estimated:12,d}{estimated / counted - 1:+7.0%}"
        print(line)


if __name__ == "__main__":
    main()
