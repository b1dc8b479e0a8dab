"""List the tests of what changed since a branch left main: python -m tests.support.changed

A test file is listed where it changed itself, stands at the same place as a changed module, or imports one. A changed
module that holds doctests is listed too. `make quick` runs them.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
TESTS_OF = {
    "core/crossroute": "tests/core",
    "langchain_crossroute": "tests/langchain_crossroute",
    "llamaindex_crossroute": "tests/llamaindex_crossroute",
}


def changed_files(base: str) -> list[str]:
    """Return the files that differ from where this branch left `base`, those not added yet included."""
    fork = _git("merge-base", base, "HEAD")[0]
    differing = _git("diff", "--name-only", "--diff-filter=d", fork)
    return sorted({*differing, *_git("ls-files", "--others", "--exclude-standard")})


def affected_tests(changed: Iterable[str], root: Path = ROOT) -> list[str]:
    """Return what pytest is to run for some changed files, paths relative to `root`."""
    sources = [PurePosixPath(path) for path in changed if path.endswith(".py")]
    wanted = {str(path) for path in sources if path.name.startswith("test_") or _has_doctest(root / path)}
    wanted.update(filter(None, map(_mirror, sources)))
    folders = [path.parent for path in sources if path.name == "conftest.py"]
    modules = {_module(path) for path in sources}
    for test in (root / "tests").rglob("test_*.py"):
        path = PurePosixPath(test.relative_to(root).as_posix())
        if any(path.is_relative_to(folder) for folder in folders) or modules & set(_imports(test)):
            wanted.add(str(path))
    return sorted(path for path in wanted if (root / path).exists())


def _mirror(path: PurePosixPath) -> str | None:
    for source, tests in TESTS_OF.items():
        if path.is_relative_to(source):
            name = "init" if path.stem == "__init__" else path.stem
            return str(tests / path.relative_to(source).with_name(f"test_{name}.py"))
    return None


def _module(path: PurePosixPath) -> str:
    return ".".join(path.with_suffix("").parts).removeprefix("core.").removesuffix(".__init__")


def _imports(test: Path) -> Iterator[str]:
    """Yield what a test imports: modules, and names in them that may be modules."""
    for node in ast.walk(ast.parse(test.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _has_doctest(path: Path) -> bool:
    return "tests" not in path.parts and path.exists() and ">>> " in path.read_text("utf-8")


def _git(*command: str) -> list[str]:
    told = subprocess.run(["git", *command], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607
    return told.stdout.split()


if __name__ == "__main__":
    print("\n".join(affected_tests(changed_files(*sys.argv[1:] or ["main"]))))
