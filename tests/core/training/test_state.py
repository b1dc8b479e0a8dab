import pytest
import torch

from crossroute import CheckpointError
from crossroute.training.state import (
    STATE,
    TrainingState,
    fingerprint,
    optimizer_tensors,
    read_state,
    restore_optimizer,
    write_state,
)


def make_state():
    weights = {"layer.weight": torch.arange(6.0).reshape(2, 3), "layer.bias": torch.zeros(2)}
    best = {name: tensor + 1 for name, tensor in weights.items()}
    return TrainingState(
        weights, best, {"0|exp_avg": torch.ones(2)}, epoch=3, best_epoch=2, best_score=0.5, best_aiq=0.625
    )


def test_what_is_written_is_read_back(tmp_path):
    state = make_state()
    write_state(tmp_path / "new" / "folder", state, "run")
    found = read_state(tmp_path / "new" / "folder", "run")
    assert found[3:] == state[3:]
    for read, written in zip(found[:3], state[:3], strict=True):
        assert read.keys() == written.keys()
        assert all(torch.equal(read[name], written[name]) for name in written)


def test_no_state_is_none(tmp_path):
    assert read_state(tmp_path, "run") is None


def test_the_state_of_another_run_is_refused(tmp_path):
    write_state(tmp_path, make_state(), "run")
    with pytest.raises(
        CheckpointError, match=r"belongs to a run of other data, other settings or another start"
    ):
        read_state(tmp_path, "another run")


@pytest.mark.parametrize("keep", [0, 7, 60, -1])
def test_a_truncated_state_is_refused_with_the_remedy(tmp_path, keep):
    write_state(tmp_path, make_state(), "run")
    content = (tmp_path / STATE).read_bytes()
    (tmp_path / STATE).write_bytes(content[:keep])
    with pytest.raises(CheckpointError, match=r"cannot be read: .*\. Delete it to train from the start\."):
        read_state(tmp_path, "run")


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"state": "{"},
        {"state": "[]"},
        {"state": "{}"},
        {"state": '{"run": "run", "epoch": 1, "best_epoch": 1}'},
        {"other": "{}"},
    ],
)
def test_a_foreign_safetensors_file_is_refused(tmp_path, metadata):
    from safetensors.torch import save_file

    save_file({"network|a": torch.ones(1)}, tmp_path / STATE, metadata)
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_state(tmp_path, "run")


def test_a_group_that_is_not_ours_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"other|a": torch.ones(1)}, tmp_path / STATE, {"state": '{"run": "run"}'})
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_state(tmp_path, "run")


def test_writing_again_replaces_and_leaves_nothing_else(tmp_path):
    write_state(tmp_path, make_state(), "run")
    write_state(tmp_path, make_state()._replace(epoch=4), "run")
    assert read_state(tmp_path, "run").epoch == 4
    assert [path.name for path in tmp_path.iterdir()] == [STATE]


def test_a_restored_optimizer_goes_on_as_if_nothing_had_happened():
    def steps(layer, optimizer, seeds):
        for seed in seeds:
            torch.manual_seed(seed)
            optimizer.zero_grad()
            layer(torch.randn(4, 3)).square().sum().backward()
            optimizer.step()

    def fresh():
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 2)
        return layer, torch.optim.AdamW(layer.parameters(), lr=0.1)

    unbroken, optimizer = fresh()
    steps(unbroken, optimizer, range(6))
    first, optimizer = fresh()
    steps(first, optimizer, range(3))
    moments = optimizer_tensors(optimizer)
    second, optimizer = fresh()
    second.load_state_dict(first.state_dict())
    restore_optimizer(optimizer, moments)
    steps(second, optimizer, range(3, 6))
    assert torch.equal(unbroken.weight, second.weight)
    assert torch.equal(unbroken.bias, second.bias)


def test_a_fingerprint_tells_parts_apart():
    assert fingerprint("a", "b") == fingerprint("a", "b")
    assert (
        len({fingerprint("a", "b"), fingerprint("ab"), fingerprint("b", "a"), fingerprint("a\ud800", "b")})
        == 4
    )
