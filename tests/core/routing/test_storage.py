import json
import os
import pickle
import shutil
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub.utils import filter_repo_objects
from hypothesis import given
from hypothesis import strategies as st

from crossroute import CheckpointError
from crossroute.files import lock_folder
from crossroute.routing import storage
from crossroute.routing.storage import CONFIG, WEIGHTS, locate, read_checkpoint, write_checkpoint

TENSORS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1.5])}


@pytest.fixture
def folder(tmp_path):
    write_checkpoint(tmp_path, {"name": "ärlig"}, TENSORS)
    return tmp_path


def rewrite(folder, weights):
    """Replace the weights and state their digest, as a forger of checkpoints would."""
    import hashlib

    (folder / WEIGHTS).write_bytes(weights)
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    config["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    (folder / CONFIG).write_text(json.dumps(config))


def test_what_is_written_is_read_back(folder):
    config, tensors = read_checkpoint(folder)
    assert config["name"] == "ärlig"
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert (tensors[name] == tensor).all()


def test_the_same_content_gives_the_same_bytes(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    write_checkpoint(other, {"name": "ärlig"}, dict(reversed(TENSORS.items())))
    for name in (CONFIG, WEIGHTS):
        assert (other / name).read_bytes() == (folder / name).read_bytes()


def test_a_transposed_tensor_is_written_as_it_reads(tmp_path):
    write_checkpoint(tmp_path, {}, {"t": TENSORS["a"].T})
    assert (read_checkpoint(tmp_path)[1]["t"] == TENSORS["a"].T).all()


def test_only_the_two_files_are_left(folder):
    assert sorted(path.name for path in folder.iterdir()) == [CONFIG, WEIGHTS]
    write_checkpoint(folder, {"name": "again"}, TENSORS)
    assert sorted(path.name for path in folder.iterdir()) == [CONFIG, WEIGHTS]


def test_what_somebody_else_keeps_in_the_folder_stays(folder):
    others = {"model-00001-of-00002.safetensors", "model-old.safetensors", ".crossroute-mine.safetensors"}
    for name in others:
        (folder / name).write_bytes(b"precious")
    for left in ("", ".t5f_oop3"):
        (folder / f"{'.' if left else ''}.crossroute-0123456789abcdef.safetensors{left}").write_bytes(
            b"of a crash"
        )
    write_checkpoint(folder, {"name": "again"}, TENSORS)
    assert {path.name for path in folder.iterdir()} == {CONFIG, WEIGHTS} | others
    assert all((folder / name).read_bytes() == b"precious" for name in others)


OTHER = {"a": np.ones(3), "b": np.array([2.5])}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets few users make links")
def test_what_a_folder_of_links_points_to_stays_whole_when_it_is_saved_over(folder, tmp_path_factory):
    links = tmp_path_factory.mktemp("links")  # the layout of the hub's cache
    for name in (CONFIG, WEIGHTS):
        (links / name).symlink_to(folder / name)
    assert read_checkpoint(links)[0]["name"] == "ärlig"
    write_checkpoint(links, {"name": "new"}, OTHER)
    for place, name, tensors in ((folder, "ärlig", TENSORS), (links, "new", OTHER)):
        config, found = read_checkpoint(place)
        assert config["name"] == name
        assert found["a"].tolist() == tensors["a"].tolist()
    assert not any(path.is_symlink() for path in links.iterdir())


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_crash_while_saving_leaves_one_whole_router(tmp_path, monkeypatch, there, step):
    replace, steps = Path.replace, []

    def crashing(self, target):
        steps.append(target)
        if len(steps) == step:
            raise KeyboardInterrupt
        return replace(self, target)

    if there:
        write_checkpoint(tmp_path, {"name": "former"}, TENSORS)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crashing)
        with pytest.raises(KeyboardInterrupt):
            write_checkpoint(tmp_path, {"name": "new"}, OTHER)
    if step < 3 and not there:
        with pytest.raises(CheckpointError, match="holds no router"):
            read_checkpoint(tmp_path)
    else:
        config, tensors = read_checkpoint(tmp_path)
        expected = {"former": TENSORS, "new": OTHER}["former" if step < 3 else "new"]
        assert config["name"] == ("former" if step < 3 else "new")
        assert tensors["a"].tolist() == expected["a"].tolist()
    write_checkpoint(tmp_path, {"name": "again"}, TENSORS)
    assert read_checkpoint(tmp_path)[0]["name"] == "again"
    assert sorted(path.name for path in tmp_path.iterdir()) == [CONFIG, WEIGHTS]


def test_a_reader_finds_one_whole_router_while_another_saves(tmp_path):
    kinds = {"one": TENSORS, "other": OTHER}
    write_checkpoint(tmp_path, {"name": "one"}, TENSORS)
    done = threading.Event()

    def save_in_turn():
        while not done.is_set():
            for name, tensors in kinds.items():
                write_checkpoint(tmp_path, {"name": name}, tensors)

    saving = threading.Thread(target=save_in_turn)
    saving.start()
    try:
        for _ in range(300):
            config, tensors = read_checkpoint(tmp_path)
            assert tensors["a"].tolist() == kinds[config["name"]]["a"].tolist()
    finally:
        done.set()
        saving.join()


@pytest.mark.parametrize("keep", [0, 7, 8, 40, -1])
def test_truncated_weights_are_refused(folder, keep):
    weights = (folder / WEIGHTS).read_bytes()[:keep]
    (folder / WEIGHTS).write_bytes(weights)
    with pytest.raises(CheckpointError, match=rf"\({len(weights)} bytes\) .* truncated or altered"):
        read_checkpoint(folder)


@given(st.data())
def test_one_altered_byte_is_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("altered")
    write_checkpoint(folder, {}, TENSORS)
    weights = bytearray((folder / WEIGHTS).read_bytes())
    weights[data.draw(st.integers(0, len(weights) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / WEIGHTS).write_bytes(weights)
    with pytest.raises(CheckpointError, match="truncated or altered"):
        read_checkpoint(folder)


@pytest.mark.parametrize("stated", [None, 0, 2, "1", 1.5])
def test_another_format_is_refused(folder, stated):
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    config["format"] = stated
    (folder / CONFIG).write_text(json.dumps(config))
    with pytest.raises(
        CheckpointError, match=r"has the format .*; this version of crossroute reads format 1"
    ):
        read_checkpoint(folder)


@pytest.mark.parametrize("text", ["", "{", "format: 1", "\ufeff{}", "[" * 100_000])
def test_a_config_that_is_not_json_is_refused(folder, text):
    (folder / CONFIG).write_text(text, "utf-8")
    with pytest.raises(CheckpointError, match=r"config.json is not valid JSON"):
        read_checkpoint(folder)


def test_a_config_of_bytes_is_refused(folder):
    (folder / CONFIG).write_bytes(pickle.dumps({"format": 1}))
    with pytest.raises(CheckpointError, match=r"config.json is not valid JSON"):
        read_checkpoint(folder)


@pytest.mark.parametrize("text", ["[]", "1", "null", '"format"'])
def test_a_config_that_is_no_object_is_refused(folder, text):
    (folder / CONFIG).write_text(text)
    with pytest.raises(CheckpointError, match="has the format None"):
        read_checkpoint(folder)


def test_a_missing_file_is_named(folder):
    (folder / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match=r"has no model.safetensors; the checkpoint is incomplete"):
        read_checkpoint(folder)
    (folder / CONFIG).unlink()
    with pytest.raises(CheckpointError, match=r"holds no router: there is no config.json"):
        read_checkpoint(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_of_nan_or_infinity_are_refused_by_the_tensors_name(tmp_path, value):
    write_checkpoint(tmp_path, {}, {**TENSORS, "bad": np.array([0.0, value], dtype=np.float16)})
    with pytest.raises(CheckpointError, match=r"tensor 'bad' holds NaN or infinity"):
        read_checkpoint(tmp_path)


class Mine:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_in_place_of_the_weights_is_not_opened(folder, tmp_path_factory):
    trace = tmp_path_factory.mktemp("trace") / "executed"
    rewrite(folder, pickle.dumps(Mine(trace)))
    with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
        read_checkpoint(folder)
    assert not trace.exists()


def test_a_dtype_that_numpy_lacks_is_refused(folder):
    import torch
    from safetensors.torch import save

    rewrite(folder, save({"a": torch.ones(2, dtype=torch.float8_e4m3fn)}))
    with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
        read_checkpoint(folder)


def test_a_folder_is_found_by_its_path(folder, monkeypatch):
    assert locate(folder) == folder
    assert locate(str(folder)) == folder
    monkeypatch.chdir(folder.parent)
    assert read_checkpoint(locate(folder.name))[0]["name"] == "ärlig"


@pytest.mark.parametrize(
    "name", ["", "nowhere", "a b", "a/b/c", "/not/there", "null\x00byte", Path("owner/name")]
)
def test_an_unknown_router_is_refused_with_what_is_expected(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=r"There is no router|holds no router"):
        read_checkpoint(locate(name))


def test_a_file_in_place_of_the_folder_is_refused(folder):
    with pytest.raises(CheckpointError, match=r"There is no router .*config.json'"):
        locate(folder / CONFIG)


def test_the_hub_is_asked_for_the_files_of_a_router_alone(tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(
        "huggingface_hub.snapshot_download", lambda name, **options: asked.update(options) or tmp_path
    )
    assert locate("owner/name") == tmp_path
    waiting = ".crossroute-0123456789abcdef.safetensors"
    others = ["model-00001-of-00002.safetensors", ".crossroute-mine.safetensors", "README.md"]
    found = filter_repo_objects([CONFIG, WEIGHTS, waiting, *others], allow_patterns=asked["allow_patterns"])
    assert list(found) == [CONFIG, WEIGHTS, waiting]


def test_a_hub_that_cannot_be_reached_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        CheckpointError, match=r"no folder 'owner/name', and the hub returned no such router .* the network"
    ) as error:
        locate("owner/name")
    assert "\n" not in str(error.value)
    assert ".." not in str(error.value)


def test_a_path_that_leads_nowhere_is_not_taken_to_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("./router", "../router", "/router", "a/b/c", "x" * 5_000, "a\x00b"):
        with pytest.raises(CheckpointError, match="There is no router"):
            locate(path)


def test_a_bundled_name_that_is_nearly_right_is_offered():
    with pytest.raises(CheckpointError, match=r"'routerbnech'\. Did you mean 'routerbench'\?"):
        locate("routerbnech")
    with pytest.raises(CheckpointError, match=r"'my-own'\. Expected a bundled name"):
        locate("my-own")


def test_the_bundled_router_needs_neither(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "routerbench" in storage.bundled_routers()
    assert locate("routerbench") == storage.BUNDLED / "routerbench"


def test_the_bundled_encoder_is_no_router():
    assert storage.ENCODER not in storage.bundled_routers()


def test_pickle_is_nowhere_in_the_checkpoint_code():
    package = Path(storage.__file__).parents[1]
    for name in ("files", "routing/storage", "routing/checkpoint", "training/state"):
        assert "import pickle" not in (package / f"{name}.py").read_text("utf-8")
        assert "torch.load" not in (package / f"{name}.py").read_text("utf-8")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(folder, name, tmp_path_factory):
    other = tmp_path_factory.mktemp("pipe")
    shutil.copytree(folder, other, dirs_exist_ok=True)
    (other / name).unlink()
    os.mkfifo(other / name)
    with pytest.raises(CheckpointError, match=f"{name} cannot be read .*a pipe or a device"):
        read_checkpoint(other)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_files_that_are_of_no_router_are_not_replaced(name, tmp_path):
    (tmp_path / name).write_text('{"architectures": ["BertModel"]}')
    with pytest.raises(CheckpointError, match=f"{name} is not a router"):
        write_checkpoint(tmp_path, {"a": 1}, {"x": np.ones(2)})
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == '{"architectures": ["BertModel"]}'


def test_of_two_that_save_one_waits(tmp_path):
    pytest.importorskip("fcntl", reason="needs locks of files")
    done = threading.Event()

    def save():
        write_checkpoint(tmp_path, {"a": 1}, {"x": np.ones(2)})
        done.set()

    with lock_folder(tmp_path):
        thread = threading.Thread(target=save)
        thread.start()
        assert not done.wait(0.2)
    thread.join()
    assert read_checkpoint(tmp_path)[0]["a"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
