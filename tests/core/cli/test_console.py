import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.text import Text

from crossroute.cli.console import ENDLESS, console

FULL = Path("/dev/full")
HINTS = {
    "demo": "\nThe same with a pool of measured models: crossroute demo --router routerbench\n",
    "route": "Among RouterBench's models of 2023 and 2024. Name yours with --candidates; `crossroute candidates` lists "
    "those that are known.\n",
}


def run(*arguments, encoding="utf-8", **options):
    """Run the command line in a pipe: (exit code, standard output, standard error)."""
    inherited = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    environment = {**inherited, "PYTHONIOENCODING": encoding, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "crossroute", *map(str, arguments)]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = subprocess.run(command, env=environment, timeout=120, check=False, **{**pipes, **options})
    return done.returncode, *((stream or b"").decode(encoding) for stream in (done.stdout, done.stderr))


def test_a_pipe_has_no_width(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    line = Text("word " * 400 + "end")
    out = console()
    with out.capture() as capture:
        out.print(line)
    assert capture.get() == f"{line.plain}\n"
    monkeypatch.setenv("COLUMNS", "60")
    assert console().width == 60 < ENDLESS


@pytest.mark.parametrize(
    ("command", "encoding"),
    [(("route", "What is 2 + 2?"), "ascii"), (("demo",), "cp1252"), (("candidates", "routerbench"), "utf-8")],
)
def test_what_is_piped_is_plain_and_whole_in_any_encoding(command, encoding):
    code, printed, told = run(*command, encoding=encoding)
    assert code == 0
    assert told == HINTS.get(command[0], "")
    assert "\x1b" not in printed
    shown = (
        ("gpt-6-luna", "gpt-5.5@low") if command == ("demo",) else ("gpt-4-1106-preview", "mixtral-8x7b-chat")
    )
    assert all(name in printed for name in shown)


def test_a_usage_error_is_told_in_ascii():
    code, printed, told = run("route", "text", "--cost-preference", "7", encoding="ascii")
    assert (code, printed) == (2, "")
    assert "got '7'" in told


@pytest.mark.parametrize(
    ("command", "value"),
    [
        (("floor", "universal", "o.jsonl", "--drop"), "nan"),
        (("traffic", "prune", "t.db", "--days"), "-1"),
        (("route", "x", "--actors"), "many"),
    ],
)
def test_a_number_out_of_its_range_is_named(command, value):
    code, printed, told = run(*command, value)
    assert (code, printed) == (2, "")
    assert repr(value) in told or f" {value} " in told  # as typer before 0.29 tells it
    assert command[-1] in told


def test_a_choice_that_there_is_not_is_told_once():
    code, printed, told = run("route", "x", "--engine", "spark")
    assert (code, printed) == (2, "")
    told = " ".join(told.replace("│", " ").split())
    assert (
        "'--engine': 'spark' is not one of 'local', 'ray'." in told or "spark" in told.split("'--engine'")[1]
    )
    assert "Value error" not in told
    assert told.count("spark") == 1


@pytest.mark.skipif(not FULL.exists(), reason=f"there is no {FULL}")
def test_a_full_disk_is_told_in_words():
    with FULL.open("wb") as full:
        assert run("candidates", "routerbench", stdout=full) == (1, "", "Error: No space left on device.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes the streams")
def test_closed_streams_are_no_traceback(saved):
    command = f"{sys.executable} -m crossroute route - --router {saved}"
    for closing, code in (("<&-", 1), ("</dev/null >&-", 0)):
        done = subprocess.run(
            ["/bin/sh", "-c", f"{command} {closing}"], capture_output=True, text=True, check=False
        )
        assert done.returncode == code
        assert "Traceback" not in done.stderr


def test_a_name_between_colons_is_no_emoji():
    out = console()
    with out.capture() as capture:
        out.print("ollama:x:latest")
    assert capture.get() == "ollama:x:latest\n"


def test_an_estimate_of_a_model_that_nobody_listed_is_told_beside_the_answer():
    code, out, error = run("route", "Hi", "--candidates", "gpt-7-mini,gpt-5", "--json")
    assert (code, out[0]) == (0, "{")
    assert error.startswith(
        "! The router does not know 'gpt-7-mini': its predictions are estimated from gpt-6-luna"
    )


def test_models_of_old_are_told_where_none_are_named():
    assert (
        "Among RouterBench's models of 2023 and 2024. Name yours with --candidates" in run("route", "Hi")[2]
    )
    assert run("route", "Hi", "--candidates", "gpt-5-mini")[2] == ""
