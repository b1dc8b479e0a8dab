"""The frameworks' own suites, each fake model alone and wrapped in a pool: which of their tests pass in both.

    python benchmarks/host_suites.py                    # downloads the suites' sdists; five minutes
    python benchmarks/host_suites.py langgraph-prebuilt
    python benchmarks/host_suites.py langchain --kept outcomes.json    # goes on after the ways that it keeps

The sdist of the installed version holds the tests of just that version. A plugin wraps the suite's fakes; what passes
alone and not wrapped is printed, with its reason where that is known. Tests reach no network, and end after a minute,
alone and wrapped alike: some build a model of a provider, which waits for an answer that does not come.

The sdists of deepagents 0.7 and of llama-index-core 0.14 hold no tests: theirs are run from a checkout, `--source`.
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
"""Characters of a run without a passing test that are shown."""

HERE = Path(__file__).resolve().parent


class Suite(NamedTuple):
    """One framework's tests.

    Attributes:
        package: On the index.
        tests: Their folders or files in the sdist.
        ways: How fakes are wrapped, see `host_suites_plugin`.
        options: For pytest.
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
"""Of langgraph's, the files of tests that call chat models."""

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
"""Of langchain-core's, those that call chat models."""

SUITES = (
    Suite("langchain-core", CORE_TESTS, ("models",)),
    Suite("langchain", "tests/unit_tests/agents", ("pool", "middleware")),
    Suite("langgraph-prebuilt", "tests", ("pool",)),
    Suite("langgraph", CHAT_TESTS, ("pool",), ("-k", "not postgres and not sqlite")),
    Suite("deepagents", "tests/unit_tests", ("pool",), ("-o", "asyncio_default_fixture_loop_scope=function")),
    Suite("llama-index-core", "tests", ("llms",)),
)

UNTESTED = ("deepagents", "llama-index-core")
"""Packages with no tests in their sdists."""

LIMITS = ("--timeout=60", "--timeout-method=signal", "--disable-socket", "--allow-unix-socket")
"""Of pytest-timeout and pytest-socket, for each test."""

REASONS = {
    r"retr(y|ies)": "its model fails on purpose, and the pool asks again by itself",
    r"test_model_(fallback|refusal|router)": "puts another model in place of the agent's, where the pool stands",
    r"has no (attribute|field)|Configuration key": "reads or sets what only the fake's own class has",
}
"""Words of a test's name or failure -> why it stays."""


def unpacked(package: str, folder: Path) -> Path:
    """Download the sdist of the installed version, and return where it is unpacked."""
    wanted = f"{package}=={version(package)}"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--no-build-isolation", "-d", str(folder), wanted], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def outcomes(source: Path, suite: Suite, way: str) -> tuple[set[str], dict[str, str]]:
    """Return the tests that pass, and why each of the others fails."""
    environment = {
        **os.environ,
        "CROSSROUTE_WRAP": way,
        "COLUMNS": "400",  # else pytest cuts off what tests fail of
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
            f"No test of {suite.package} passes; its suite may need what is missing: {(told + run.stderr)[-TOLD:]}"
        )
    failed = dict(re.findall(r"^(?:FAILED|ERROR) (\S+?(?:\[.*?\])?)(?: - (.*))?$", told, re.MULTILINE))
    return passed, failed


def kept_outcomes(
    kept: Path | None, source: Callable[[], Path], suite: Suite, way: str
) -> tuple[set[str], dict[str, str]]:
    """Return what `outcomes` does, from the file where it keeps that."""
    known = json.loads(kept.read_text("utf-8")) if kept and kept.exists() else {}
    name = f"{suite.package} {version(suite.package)} {way}"
    if name not in known:
        passed, failed = outcomes(source(), suite, way)
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
    parser.add_argument("--kept", type=Path, help="JSON file of what each way gave; those are not run again")
    parser.add_argument("--source", type=Path, help="folder of one suite's package with its tests")
    given = parser.parse_args()
    print("| suite | wrapped as | alone | wrapped | of these |\n|---|---|---|---|---|", flush=True)
    left: list[str] = []
    for suite in SUITES:
        if suite.package not in given.packages or (suite.package in UNTESTED and given.source is None):
            continue
        with tempfile.TemporaryDirectory() as folder:
            source = cache(
                partial(unpacked, suite.package, Path(folder))
                if given.source is None
                else lambda: given.source
            )
            alone, _ = kept_outcomes(given.kept, source, suite, "")
            for way in suite.ways:
                wrapped, failed = kept_outcomes(given.kept, source, suite, way)
                lost = sorted(alone - wrapped)
                print(
                    f"| {suite.package} {version(suite.package)} | {way} | {len(alone)} | {len(wrapped)} "
                    f"| {len(alone) - len(lost)} |",
                    flush=True,
                )
                left += [
                    f"{suite.package}, {way}: {name}: {reason_of(name, failed.get(name, 'no outcome'))}"
                    for name in lost
                ]
    print("\nBelow alone:\n" + "\n".join(left) if left else "\nNothing stays below.")


def reason_of(name: str, told: str) -> str:
    """Return why a test fails, or what it says."""
    return next((why for words, why in REASONS.items() if re.search(words, f"{name} {told}")), told[:160])


if __name__ == "__main__":
    main()
