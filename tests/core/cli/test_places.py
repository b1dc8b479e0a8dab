"""Files and folders as a shell hands them over: odd places are refused before the work, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from crossroute import cli

ROWS = [
    {"text": f"What is {n} + {n}?", "candidate": name, "quality": n % 2, "cost_usd": 0.001}
    for n in range(4)
    for name in ("gpt-4o-mini", "gpt-4o")
]
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes and links")


@pytest.fixture
def main(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder with a table of outcomes: its exit code and what it says on standard error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (tmp_path / "p.csv").write_text("prompt,reference\nWhat is 1+1?,2\n")
    (tmp_path / "answerer.py").write_text("def answer(text):\n    return '2'\n")

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["crossroute", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize("command", [("train", "o.jsonl"), ("floor", "universal", "o.jsonl")])
@pytest.mark.parametrize("held", ["thesis.tex", "config.json", "model.safetensors"])
def test_a_folder_of_other_files_takes_no_router(command, held, main, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / held).write_text("{}")
    for overwrite in ((), ("--overwrite",)):
        code, told = main(*command, "--out", "mine", *overwrite)
        assert code == 1
        assert f"mine contains {held!r}, which is not part of a router. Give --out a new folder" in told
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(held, "{}")]


@needs_pipes
@pytest.mark.parametrize("target", ["link", "nowhere"], ids=["loop", "dangling"])
def test_a_link_to_no_folder_is_refused_before_the_work(target, main, tmp_path):
    (tmp_path / "link").symlink_to(target)
    code, told = main("train", "o.jsonl", "--out", "link")
    assert (code, "Choose a folder" in told) == (1, True)
    code, told = main("evaluate", "universal", "o.jsonl", "--out", "link/figures.json")
    assert (code, "there is no folder" in told) == (1, True)


@needs_pipes
def test_a_link_that_leads_to_itself_is_no_place_for_a_file(main, tmp_path):
    (tmp_path / "o.json").symlink_to("o.json")
    code, told = main("evaluate", "universal", "o.jsonl", "--out", "o.json")
    assert (code, "a link to itself" in told) == (1, True)


COLLECT = ("collect", "p.csv", "--candidates", "a=answerer:answer", "--price", "a=1/2", "--out")


@needs_pipes
def test_a_pipe_that_nothing_reads_is_refused_before_the_work(main, tmp_path):
    os.mkfifo(tmp_path / "pipe.jsonl")
    for command in (COLLECT, ("evaluate", "universal", "o.jsonl", "--out")):
        code, told = main(*command, "pipe.jsonl")
        assert (code, "no process reads this pipe" in told) == (1, True)


@needs_pipes
def test_a_pipe_is_written_to_its_reader(tmp_path, main):
    os.mkfifo(tmp_path / "pipe.jsonl")
    asked = [sys.executable, "-m", "crossroute", *COLLECT, "pipe.jsonl"]
    read = "import pathlib; print(pathlib.Path('pipe.jsonl').read_text())"
    with subprocess.Popen([sys.executable, "-c", read], stdout=subprocess.PIPE) as reader:
        try:
            subprocess.run(asked, capture_output=True, timeout=120, check=True)
            assert len(reader.stdout.read().split(b"\n")) == 3  # a row, its end, and print's
        finally:
            reader.kill()


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "universal", "o.jsonl", "--split", "train", "--out", "o.jsonl"),
        ("evaluate", "universal", "o.jsonl", "--split", "train", "--report", "./o.jsonl"),
        ("collect", "p.csv", "--candidates", "a=answerer:answer", "--price", "a=1/2", "--out", "p.csv"),
    ],
)
def test_what_is_read_is_not_written(command, main, tmp_path):
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    code, told = main(*command)
    assert (code, "is an input, and writing it would replace it" in told) == (1, True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_collecting_replaces_no_file_that_it_did_not_write(main, tmp_path):
    (tmp_path / "mine.jsonl").write_text("mine")
    asked = ("collect", "p.csv", "--candidates", "a=answerer:answer", "--price", "a=1/2", "--out")
    code, told = main(*asked, "mine.jsonl")
    assert (code, "mine.jsonl exists without the folder of its collected answers" in told) == (1, True)
    assert (tmp_path / "mine.jsonl").read_text() == "mine"
    for out in ("new.jsonl", "new"):  # a file, and a folder
        assert [main(*asked, out)[0] for _ in range(2)] == [0, 0]  # the second takes up what the first left


def test_an_ending_that_is_not_written_is_refused_before_anything_is_asked(main, tmp_path):
    asked = ("collect", "p.csv", "--candidates", "a=answerer:answer", "--price", "a=1/2", "--out", "o.xlsx")
    code, told = main(*asked)
    assert (code, "expected a name that ends in .parquet, .jsonl or .csv" in told) == (1, True)
    assert not (tmp_path / "o.answers").exists()


def test_an_object_that_cannot_be_asked_is_told(main, tmp_path):
    (tmp_path / "answerer.py").write_text("number = 7\n")
    sys.modules.pop("answerer", None)
    code, told = main(
        "collect", "p.csv", "--candidates", "a=answerer:number", "--price", "a=1/2", "--out", "n.jsonl"
    )
    assert (code, "Error: a: An object of type int cannot be called as a model" in told) == (1, True)
    sys.modules.pop("answerer", None)


@needs_pipes
@pytest.mark.parametrize(
    "command",
    [
        ("train", "o.jsonl", "--out", "r", "--config", "pipe"),
        ("config", "pipe"),
        ("catalogue", "update", "pipe"),
        ("data", "pipe"),
        ("data", "o.jsonl", "--texts", "pipe"),
        ("compare", "pipe", "--candidates", "gpt-5-mini,gpt-5"),
        ("route", "pipe", "--out", "routed"),
        ("traffic", "report", "pipe"),
    ],
)
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(command, main, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    code, told = main(*command)
    assert code == 1
    assert "pipe" in told


@pytest.mark.parametrize("command", [("collect", "--out", "c.jsonl"), ("compare",)])
@pytest.mark.parametrize(("encoding", "byte"), [("utf-16", "0xff"), ("latin-1", "0xe9")])
def test_a_table_of_prompts_in_another_encoding_is_named(command, encoding, byte, main, tmp_path):
    (tmp_path / "p.csv").write_bytes("prompt\nIs it caf\u00e9?\n".encode(encoding))
    asked = "gpt-5-mini=answerer:answer" if command[0] == "collect" else "gpt-5-mini,gpt-5"
    code, told = main(command[0], "p.csv", "--candidates", asked, *command[1:])
    assert (code, f"p.csv is not UTF-8 text: it holds the byte {byte}. Save it as UTF-8." in told) == (
        1,
        True,
    )


def test_blank_lines_around_a_table_are_no_rows(main, tmp_path):
    (tmp_path / "o.csv").write_text("\n \ntext,candidate,quality\n\na,gpt-4o,1\n,,\n\n")
    code, told = main("data", "o.csv")
    assert (code, told) == (0, "")
    (tmp_path / "empty.csv").write_text("\n \n")
    code, told = main("compare", "empty.csv", "--candidates", "gpt-5-mini,gpt-5")
    assert (code, "empty.csv contains no prompts" in told) == (1, True)


def test_a_table_of_texts_that_is_not_there_is_named(main):
    code, told = main("data", "o.jsonl", "--texts", "nowhere.csv")
    assert (code, "nowhere.csv does not exist. Expected a table of texts by id" in told) == (1, True)


@pytest.mark.parametrize("spelled", ["openai:gpt-5-mini", "google_genai:gemini-2.5-flash"])
@pytest.mark.parametrize("configured", [False, True])
def test_a_provider_without_a_key_is_told_in_one_line(spelled, configured, main, tmp_path, monkeypatch):
    pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
    if "google" in spelled:
        pytest.importorskip("langchain_google_genai", reason="langchain-google-genai is not installed")
    for name in ("OPENAI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pool.toml").write_text(f'[[models]]\nname = "{spelled}"\nmodel = "{spelled}"\n')
    named = ("--config", "pool.toml") if configured else ("--candidates", spelled)
    code, told = main("collect", "p.csv", *named, "--price", f"{spelled}=1/2", "--out", "c.jsonl")
    assert (code, told.count("\n")) == (1, 1)
    assert told.startswith(f"Error: {spelled}: ")
    assert "_API_KEY" in told
