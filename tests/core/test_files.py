import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from types import FrameType

import pytest

from crossroute import Router, read_outcomes
from crossroute.config.reading import read_config
from crossroute.files import explain_missing_file, is_file, is_folder, read_whole, replace_file


@pytest.mark.parametrize(
    "name", ["x" * 5_000, "x" * 300 + "/y", "a\x00b"], ids=["long", "long folder", "NUL"]
)
def test_a_name_that_no_system_takes_names_nothing(name, tmp_path):
    assert not is_file(name)
    assert not is_folder(tmp_path / name)
    assert is_folder(tmp_path)


def save(name: str) -> None:
    Router.from_pretrained().save_pretrained(name)


@pytest.mark.parametrize("use", [Router.from_pretrained, save, read_outcomes, read_config])
def test_an_empty_name_is_not_the_current_folder(use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"There is no router ''|The path is empty"):
        use("")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    with pytest.raises(TypeError):
        replace_file(path, "a str cannot be written")
    occupied = tmp_path / "folder"
    occupied.mkdir()
    with pytest.raises(OSError):  # noqa: PT011 - the system's own words
        replace_file(occupied, b"new")
    assert path.read_bytes() == b"new"
    assert sorted(tmp_path.iterdir()) == [path, occupied]


@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_at_any_line_leaves_one_whole_file_and_nothing_else(tmp_path):
    """As Ctrl-C comes: between any two lines, those of the standard library too, where a file may be open."""
    path = tmp_path / "state"

    def write(interrupted_at: float) -> None:
        passed = count(1)

        def trace(frame: FrameType, event: str, _: object) -> Callable[..., object]:
            if event == "line" and next(passed) == interrupted_at:
                sys.settrace(None)
                raise KeyboardInterrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            replace_file(path, b"whole")
        finally:
            sys.settrace(before)

    for line in count(1):
        path.write_bytes(b"former")
        try:
            write(line)
        except KeyboardInterrupt:
            assert path.read_bytes() in (b"former", b"whole")
            assert [path.name for path in tmp_path.iterdir()] == ["state"], line
        else:
            break
    assert line > 20
    assert path.read_bytes() == b"whole"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets few users make links")
def test_a_link_stays_a_link_to_what_is_written(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for name in ("there", "not yet there"):
        target, link = tmp_path / "elsewhere" / name, tmp_path / name
        if name == "there":
            target.write_bytes(b"former")
        link.symlink_to(target)
        replace_file(link, b"whole")
        assert link.is_symlink()
        assert target.read_bytes() == b"whole"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_pipe_is_written_into_and_stays_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as aside:
        heard = aside.submit(pipe.read_bytes)
        replace_file(pipe, b"whole")
        assert heard.result(timeout=10) == b"whole"
    assert pipe.is_fifo()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the name is Linux's")
@pytest.mark.parametrize("to_a_file", [False, True])
def test_standard_output_is_written_on(to_a_file, tmp_path):
    program = (
        "from pathlib import Path; from crossroute.files import is_file, is_folder, replace_file; "
        "print('first', flush=True); replace_file(Path('/dev/stdout'), b'second')"
    )
    command = [sys.executable, "-c", program]
    if to_a_file:
        with (tmp_path / "out").open("wb") as out:
            subprocess.run(command, stdout=out, check=True)
        assert (tmp_path / "out").read_bytes() == b"first\nsecond"
    else:
        assert subprocess.run(command, capture_output=True, check=True).stdout == b"first\nsecond"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes and links")
def test_why_nothing_can_be_read_under_a_name_is_told(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").write_bytes(b"whole")
    told = {
        name: explain_missing_file(tmp_path / name)
        for name in ("pipe", "loop", "link", "none", "", "file", "file/in")
    }
    assert told.pop("loop").startswith("cannot be read (")
    assert told == {
        "pipe": "is a pipe or a device, and no file",
        "link": "is a link to what does not exist",
        "none": "does not exist",
        "": "is a folder",
        "file": None,
        "file/in": "does not exist",
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_of_a_name_is_refused_and_what_the_process_has_open_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(OSError, match="a pipe or a device, and no file"):
            read_whole(path)
    with pytest.raises(IsADirectoryError):
        read_whole(tmp_path)
    reader, writer = os.pipe()
    os.write(writer, b"whole")
    os.close(writer)
    if Path(f"/dev/fd/{reader}").exists():
        assert read_whole(Path(f"/dev/fd/{reader}")) == b"whole"
    os.close(reader)
