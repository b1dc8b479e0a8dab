"""What works where only the base is installed: `pip install crossroute`."""

import os
import subprocess
import sys

import pytest

ABSENT = (
    *("torch", "sklearn", "scipy", "pyarrow", "threadpoolctl"),
    *("sqlalchemy", "matplotlib", "starlette", "uvicorn", "aiohttp"),
)
INSTALL = 'pip install "crossroute[train]"'
ROUTING = """
from crossroute import MissingExtraError, Router, priced, read_outcomes

routers = [Router.from_pretrained(name) for name in ("routerbench", "universal")]
decisions = [router.route("What is 17 * 23?", cost_preference=0.5) for router in routers]
assert "rich" not in sys.modules  # only what prints needs it
for router, decision in zip(routers, decisions):
    assert decision.candidate in router.pool
    assert decision.candidate in str(decision) and decision.candidate in decision.explain()

outcomes = priced(read_outcomes("outcomes.jsonl"))
assert "small" in routers[0].with_candidates(routers[0].profile(outcomes)).pool
for attempt in (lambda: read_outcomes("parquet"), lambda: outcomes.write("saved")):
    try:
        attempt()
    except MissingExtraError as error:
        print(error)
"""
ROW = '{{"text": "{n} * 23?", "candidate": "{name}", "quality": {quality}, "cost_usd": {cost}, "split": "test"}}\n'


def python(folder, code, *words):
    """Run code where nothing that an extra brings can be imported."""
    absent = f"import sys; sys.modules.update(dict.fromkeys({ABSENT}))\n"
    command = [sys.executable, "-c", absent + code, *map(str, words)]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder), "HF_HUB_OFFLINE": "1", "COLUMNS": "100"}
    return subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True, text=True)


def command(folder, *words):
    return python(folder, "from crossroute.cli import main; main()", *words)


@pytest.fixture
def folder(tmp_path):
    """A folder with outcomes as plain rows, and one that holds parquet files by its names."""
    with (tmp_path / "outcomes.jsonl").open("w") as file:
        for number in range(12):
            file.write(ROW.format(n=number, name="small", quality=number % 2, cost=1e-5 + number * 1e-7))
            file.write(ROW.format(n=number, name="gpt-4o", quality=1, cost=1e-3 + number * 1e-5))
    (tmp_path / "parquet").mkdir()
    for name in ("queries.parquet", "outcomes.parquet"):
        (tmp_path / "parquet" / name).write_bytes(b"PAR1")
    return tmp_path


def test_both_bundled_routers_route_and_profile_and_parquet_names_its_extra(folder):
    done = python(folder, ROUTING)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"Reading parquet needs an extra. Install it with: {INSTALL}",
        f"Writing parquet needs an extra. Install it with: {INSTALL}",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("demo",), "saving"),
        (("route", "What is 17 * 23?", "--candidates", "gpt-4o-mini,gpt-5"), "gpt-5"),
        (("candidates", "--search", "claude"), "claude"),
        (("data", "outcomes.jsonl"), "small"),
        (("--version",), "crossroute"),
    ],
)
def test_commands_that_need_no_training_run(folder, words, expected):
    done = command(folder, *words)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("train", "outcomes.jsonl", "--out", "router"), "train"),
        (("evaluate", "routerbench", "outcomes.jsonl", "--baselines"), "train"),
        (("data", "parquet"), "train"),
        (("traffic", "report", "traffic.db"), "traffic"),
        (("traffic", "feedback", "traffic.db", "runs.jsonl"), "traffic"),
        (("train", "sqlite:///traffic.db"), "traffic"),
        (("evaluate", "routerbench", "sqlite:///traffic.db"), "traffic"),
        (("demo", "--plot", "demo.png"), "plots"),
        (("serve", "crossroute.toml"), "serve"),
    ],
)
def test_commands_that_need_an_extra_name_it(folder, words, extra):
    done = command(folder, *words)
    assert done.returncode == 1
    assert done.stderr.strip().endswith(f'pip install "crossroute[{extra}]"')
    assert "Traceback" not in done.stderr


def test_all_that_works_without_an_extra_is_imported_by_a_star(folder):
    done = python(
        folder, "from crossroute import *\nprint(Router.__name__, read_outcomes.__name__, 'fit' in dir())"
    )
    assert done.stdout.split() == ["Router", "read_outcomes", "False"], done.stderr


def test_fit_without_the_extra_names_it(folder):
    done = python(folder, "from crossroute import fit")
    assert f"MissingExtraError: Training needs an extra. Install it with: {INSTALL}" in done.stderr
