"""Run the frameworks' own test suites with each fake model alone and wrapped in a pool, and compare the passing tests.

    python benchmarks/host_suites.py                    # downloads the suites' sdists; five minutes
    python benchmarks/host_suites.py langgraph-prebuilt
    python benchmarks/host_suites.py langchain --kept outcomes.json    # reuses stored results

The sdist of the installed version contains its tests. A plugin wraps the suite's fakes. Tests that pass alone but not
wrapped are printed, with the reason if it is known. In both runs, tests have no network and a time limit of a minute,
since some build a model of a provider and wait for an answer.

The sdists of deepagents 0.7 and of llama-index-core 0.14 contain no tests: run theirs from a checkout with `--source`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

TOLD = 1_000
"""Number of characters shown of a run without passing tests."""

HERE = Path(__file__).resolve().parent


class Suite(NamedTuple):
    """One framework's tests.

    Attributes:
        package: Name of the package on PyPI.
        tests: Folders or files of the tests in the sdist.
        ways: Ways to wrap fakes, see `host_suites_plugin`.
        options: Options for pytest.
    """

    package: str
    tests: str
    ways: tuple[str, ...]
    options: tuple[str, ...] = ()


CHAT_TESTS = " ".join(
    f"tests/test_{name}.py"
    for name in (
        "large_cases",
        "large_cases_async",
        "stream_events_v3_e2e",
        "stream_messages_transformer",
        "stream_namespaces",
    )
)
"""Test files of langgraph that call chat models."""

CORE_TESTS = " ".join(
    f"tests/unit_tests/{name}"
    for name in (
        "callbacks/test_usage_callback.py",
        "fake",
        "language_models",
        "output_parsers",
        "prompts",
        "runnables",
        "tracers",
    )
)
"""Test files of langchain-core that call chat models."""

SUITES = (
    Suite("langchain-core", CORE_TESTS, ("models",)),
    Suite("langchain", "tests/unit_tests/agents", ("pool", "middleware")),
    Suite("langgraph-prebuilt", "tests", ("pool",)),
    Suite("langgraph", CHAT_TESTS, ("pool",), ("-k", "not postgres and not sqlite")),
    Suite("deepagents", "tests/unit_tests", ("pool",), ("-o", "asyncio_default_fixture_loop_scope=function")),
    Suite("llama-index-core", "tests", ("llms",)),
)

UNTESTED = ("deepagents", "llama-index-core")
"""Packages without tests in their sdists."""

LIMITS = ("--timeout=60", "--timeout-method=signal", "--disable-socket", "--allow-unix-socket")
"""Options of pytest-timeout and pytest-socket."""

REASONS = {
    r"retr(y|ies)": "its model fails on purpose, and the pool retries",
    r"test_model_(fallback|refusal|router)": "replaces the agent's model, which is the pool",
    r"has no (attribute|field)|Configuration key": "uses fields of the fake's own class",
}
"""Pattern in a test's name or failure -> reason why it fails."""


def download(package: str, folder: Path) -> Path:
    """Download and unpack the sdist of the installed version, and return its folder."""
    wanted = f"{package}=={version(package)}"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--no-build-isolation", "-d", str(folder), wanted], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def run_suite(source: Path, suite: Suite, way: str) -> tuple[set[str], dict[str, str]]:
    """Run a suite, and return the passing tests and the failure of each other test."""
    environment = {
        **os.environ,
        "CROSSROUTE_WRAP": way,
        "COLUMNS": "400",  # otherwise pytest truncates failures
        "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]),
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "host_suites_plugin",
        "-p",
        "no:cacheprovider",
        "-q",
        "-rA",
    ]
    run = subprocess.run(
        [
            *command,
            "--tb=line",
            "--no-header",
            "-o",
            "addopts=",
            *LIMITS,
            *suite.options,
            *suite.tests.split(),
        ],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    told = run.stdout
    passed = set(re.findall(r"^PASSED (\S.*)$", told, re.MULTILINE))
    if not passed:
        raise SystemExit(
            f"No test of {suite.package} passes; its suite may need missing packages: {(told + run.stderr)[-TOLD:]}"
        )
    failed = dict(re.findall(r"^(?:FAILED|ERROR) (\S+?(?:\[.*?\])?)(?: - (.*))?$", told, re.MULTILINE))
    return passed, failed


def load_outcomes(
    kept: Path | None, source: Callable[[], Path], suite: Suite, way: str
) -> tuple[set[str], dict[str, str]]:
    """Return the result of `run_suite`, from the file if it is stored there."""
    known = json.loads(kept.read_text("utf-8")) if kept and kept.exists() else {}
    name = f"{suite.package} {version(suite.package)} {way}"
    if name not in known:
        passed, failed = run_suite(source(), suite, way)
        known[name] = [sorted(passed), failed]
        if kept:
            kept.write_text(json.dumps(known), "utf-8")
    passed, failed = known[name]
    return set(passed), failed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("packages", nargs="*", default=[suite.package for suite in SUITES])
    parser.add_argument("--kept", type=Path, help="JSON file of results; stored ones are not run again")
    parser.add_argument("--source", type=Path, help="folder of one suite's package with its tests")
    given = parser.parse_args()
    print("| suite | wrapped as | alone | wrapped | of these |\n|---|---|---|---|---|", flush=True)
    left: list[str] = []
    for suite in SUITES:
        if suite.package not in given.packages or (suite.package in UNTESTED and given.source is None):
            continue
        with tempfile.TemporaryDirectory() as folder:
            source = cache(
                partial(download, suite.package, Path(folder))
                if given.source is None
                else lambda: given.source
            )
            alone, _ = load_outcomes(given.kept, source, suite, "")
            for way in suite.ways:
                wrapped, failed = load_outcomes(given.kept, source, suite, way)
                lost = sorted(alone - wrapped)
                print(
                    f"| {suite.package} {version(suite.package)} | {way} | {len(alone)} | {len(wrapped)} "
                    f"| {len(alone) - len(lost)} |",
                    flush=True,
                )
                left += [
                    f"{suite.package}, {way}: {name}: {find_reason(name, failed.get(name, 'no outcome'))}"
                    for name in lost
                ]
    print("\nBelow alone:\n" + "\n".join(left) if left else "\nNothing stays below.")


def find_reason(name: str, told: str) -> str:
    """Return the reason for a failure if it is known, else its message."""
    return next((why for words, why in REASONS.items() if re.search(words, f"{name} {told}")), told[:160])


if __name__ == "__main__":
    main()
