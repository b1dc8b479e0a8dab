"""A reader who does what the code blocks of a page say."""

from __future__ import annotations

import csv
import doctest
import io
import json
import re
import runpy
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.testing import CliRunner

from crossroute import cli
from tests.support.pages import ROOT, Block

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ALIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass
class Reader:
    """Does what the blocks of one page say, in the current folder.

    Attributes:
        patch: Which takes back what a page does to the environment.
        names: What the Python blocks so far have defined.
        printed: What the last block that ran has printed.
    """

    patch: pytest.MonkeyPatch
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    printed: str = ""

    def follow(self, block: Block) -> None:
        """Do what a block says.

        Raises:
            AssertionError: If it does not hold. Besides, whatever its code raises.
        """
        ways = {
            "python": self._run_python,
            "sh": self._run_commands,
            "text": self._compare,
            "json": lambda block: json.loads(block.text),
            "jsonl": lambda block: [json.loads(line) for line in block.text.splitlines()],
            "csv": _check_csv,
            "toml": lambda block: tomllib.loads(block.text),
        }
        assert block.language in ways, (
            f"{block.place}: {block.language!r}, expected one of {', '.join(ways)}."
        )
        if block.title:
            _save(block)
        ways[block.language](block)

    def _run_python(self, block: Block) -> None:
        source = "\n" * block.line + block.text  # so that a traceback tells the line of the page
        with redirect_stdout(io.StringIO()) as printed, pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(Path.cwd())  # as for a script, and not for a command
            exec(compile(source, block.page, "exec", dont_inherit=True), self.names)  # noqa: S102 # our pages
        self.printed = printed.getvalue()

    def _run_commands(self, block: Block) -> None:
        ways = {
            "crossroute": _crossroute,
            "export": self._export,
            "make": _check_target,
            "pip": _check_install,
            "python": _run_script,
        }
        with redirect_stdout(io.StringIO()) as printed:
            for line in block.text.replace("\\\n", " ").splitlines():
                command, *words = shlex.split(line, comments=True) or [""]
                assert command in ("", *ways), f"{block.place}: {line!r}, expected one of {', '.join(ways)}."
                if command:
                    ways[command](words)
        self.printed = printed.getvalue()

    def _export(self, words: list[str]) -> None:
        for word in words:
            name, _, value = word.partition("=")
            self.patch.setenv(name, value)

    def _compare(self, block: Block) -> None:
        alike = doctest.OutputChecker().check_output(block.text, self.printed, ALIKE)
        assert alike, f"{block.place} shows\n{block.text}\nbut what is printed is\n{self.printed}"


def _save(block: Block) -> None:
    """Write a block to the file that it is; rows go before those of a file that is there."""
    path = Path(block.title or "")
    more = path.read_text("utf-8") if block.language == "jsonl" and path.exists() else ""
    path.write_text(block.text + more, "utf-8")


def _check_csv(block: Block) -> None:
    header, *rows = csv.reader(io.StringIO(block.text))
    assert rows, f"{block.place} has no row."
    assert {len(row) for row in rows} == {len(header)}, (
        f"{block.place} has rows that are not as long as its header."
    )


def _crossroute(words: list[str]) -> None:
    """Run the command line."""
    done = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    print(done.stdout, end="")
    assert done.exit_code == 0, f"crossroute {shlex.join(words)} ends with {done.exit_code}:\n{done.output}"


def _check_target(words: list[str]) -> None:
    """Let make say what it would do, which it can only for a target that there is."""
    command = ["make", "--dry-run", *words]
    told = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr


def _run_script(words: list[str]) -> None:
    """Run a script that the page has written; those of the repository, which tests run elsewhere, must exist."""
    if Path(words[0]).exists():
        runpy.run_path(words[0], run_name="__main__")
    else:
        assert (ROOT / words[0]).is_file(), f"There is no {words[0]}."


def _check_install(words: list[str]) -> None:
    """See that each package is crossroute or what its tests need, and that each extra is one."""
    assert words[0] == "install", f"pip {words[0]}, expected pip install."
    for word in words[1:]:
        if not word.startswith("-"):
            wanted = Requirement(re.sub(r"^\.", "crossroute", word))
            packages, extras = _declared()
            assert canonicalize_name(wanted.name) in packages, f"{word}, expected one of {sorted(packages)}."
            assert wanted.name != "crossroute" or wanted.extras <= extras, (
                f"{word}, expected {sorted(extras)}."
            )


@cache
def _declared() -> tuple[set[str], set[str]]:
    """Return the packages and the extras that pyproject.toml states."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    needs = [*project["dependencies"], *(need for extra in extras.values() for need in extra)]
    return {canonicalize_name(Requirement(need).name) for need in needs}, set(extras)
