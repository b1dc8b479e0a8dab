import hashlib
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load, save

from crossroute import CheckpointError, Price, Query, Router, TrainingConfig, fit
from crossroute.encoder.features import EASE
from crossroute.model.doubt import OPTIONAL
from crossroute.routing.layout import CALIBRATION, DOUBT, WORD_EASE
from crossroute.routing.storage import CONFIG, WEIGHTS, read_checkpoint, write_checkpoint

TEXTS = ["What is 2 + 2?", "def f(x): return x", "Tell me a long story. " * 100]


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of a saved router, to be altered."""
    return shutil.copytree(saved, tmp_path / "router")


def edit_config(folder, **changes):
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    (folder / CONFIG).write_text(json.dumps({**config, **changes}), "utf-8")


def edit_tensors(folder, change):
    """Change the tensors and state their digest, as a forger of checkpoints would."""
    tensors = load((folder / WEIGHTS).read_bytes())
    change(tensors)
    weights = save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})
    (folder / WEIGHTS).write_bytes(weights)
    edit_config(folder, weights_sha256=hashlib.sha256(weights).hexdigest())


class Letters:
    """An encoder of one's own."""

    def encode(self, texts):
        return np.array([[text.count(letter) for letter in "aeiostrn"] for text in texts], dtype=float)


def test_a_loaded_router_predicts_the_same_bits(router, saved):
    loaded = Router.from_pretrained(saved)
    ours, theirs = router.subset(router.pool.names).predict(TEXTS), loaded.predict(TEXTS)
    assert theirs.candidates == ours.candidates
    assert (theirs.quality == ours.quality).all()
    assert (theirs.cost == ours.cost).all()
    for text in TEXTS:
        for preference in (0, 0.35, 1):
            one = loaded.route(text, cost_preference=preference)
            assert one.candidate == router.route(text, cost_preference=preference).candidate


def test_it_comes_back_which_calibration_queries_are_one_call(router, tmp_path):
    asked = [Query(text, one_call=text is TEXTS[1], input_tokens=900) for text in TEXTS]
    router.calibrated(asked).save_pretrained(tmp_path / "own")
    calibration = Router.from_pretrained(tmp_path / "own").calibration
    assert calibration.one_call.tolist() == [-1, 1, -1]
    assert calibration.context.tolist() == [900 - query.text_tokens for query in asked]


def test_what_is_known_of_the_candidates_comes_back(router, saved):
    loaded = Router.from_pretrained(str(saved))
    for ours, theirs in zip(router.pool, loaded.pool, strict=True):
        assert theirs.model_copy(update={"profile": None}) == ours.model_copy(update={"profile": None})
        assert theirs.profile.quality == pytest.approx(ours.profile.quality, rel=1e-6)
    assert loaded.dial == router.dial
    assert loaded.reward == router.reward
    assert loaded.cluster_labels == router.cluster_labels
    assert loaded.provenance == router.provenance
    assert loaded.predictor.query_encoder.name == "static"


def test_saving_a_loaded_router_gives_the_same_bytes(saved, tmp_path):
    Router.from_pretrained(saved).save_pretrained(tmp_path)
    for name in (CONFIG, WEIGHTS):
        assert (tmp_path / name).read_bytes() == (saved / name).read_bytes()


def test_a_router_at_other_prices_comes_back_with_those_that_it_learned_at(tmp_path):
    learned = Router.from_pretrained("routerbench").subset(["gpt-4-1106-preview", "claude-v2"])
    learned.save_pretrained(tmp_path / "as-learned")
    assert "learned_prices" not in json.loads((tmp_path / "as-learned" / CONFIG).read_text("utf-8"))
    for folder, price in (("once", Price(input=0, output=3)), ("twice", Price(input=7, output=0))):
        changed = learned.with_prices({"claude-v2": price})
        changed.save_pretrained(tmp_path / folder)
        learned = Router.from_pretrained(tmp_path / folder)
        assert (learned.predict(TEXTS).cost == changed.predict(TEXTS).cost).all()
    back = learned.with_prices({"claude-v2": Price(input=8, output=24)})
    first = Router.from_pretrained(tmp_path / "as-learned")
    assert (back.predict(TEXTS).cost == first.predict(TEXTS).cost).all()


def test_a_cut_pool_is_saved_as_it_is(router, tmp_path):
    cut = router.subset(["large", "small"])
    cut.save_pretrained(tmp_path)
    loaded = Router.from_pretrained(tmp_path)
    assert loaded.pool.names == ("large", "small")
    assert (loaded.predict(TEXTS).quality == cut.predict(TEXTS).quality).all()


def test_a_loaded_router_can_be_cut(router, saved):
    loaded = Router.from_pretrained(saved).without("large")
    ours = router.without("large")
    assert (
        loaded.route(TEXTS[0], cost_preference=0).candidate
        == ours.route(TEXTS[0], cost_preference=0).candidate
    )
    near, far = np.log(loaded.dial.willingness_to_pay[1:-1]), np.log(ours.dial.willingness_to_pay[1:-1])
    assert np.median(np.abs(near - far)) < 0.1  # calibration queries are kept in half precision


def test_a_checkpoint_is_small_and_readable(saved):
    assert sum(path.stat().st_size for path in saved.iterdir()) < 2e6
    config = json.loads((saved / CONFIG).read_text("utf-8"))
    assert config["encoder"] == "static"
    assert config["candidates"][0]["name"] == "small"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_filled_with_nan_are_refused(folder, value):
    edit_tensors(
        folder, lambda tensors: [one.fill(value) for one in tensors.values() if one.dtype.kind == "f"]
    )
    with pytest.raises(CheckpointError, match="holds NaN or infinity"):
        Router.from_pretrained(folder)


def test_the_ease_of_words_that_an_earlier_version_saved_is_read(saved, tmp_path):
    now = Router.from_pretrained(saved).calibration.word_scores
    folder = shutil.copytree(saved, tmp_path / "earlier")
    ease = np.linspace(-1, 1, len(now))

    def save_earlier(tensors):
        tensors.pop(f"{CALIBRATION}word_scores", None)
        tensors[f"{CALIBRATION}{WORD_EASE}"] = ease

    edit_tensors(folder, save_earlier)
    read = Router.from_pretrained(folder).calibration.word_scores
    assert read.shape == now.shape
    np.testing.assert_array_equal(read[:, EASE], ease)
    assert not np.delete(read, EASE, axis=1).any()


def test_each_missing_tensor_is_named(saved, tmp_path):
    optional = {
        f"{CALIBRATION}word_scores",
        *(f"{DOUBT}{name}" for name in OPTIONAL),
    }  # older routers hold none
    names = [name for name in load((saved / WEIGHTS).read_bytes()) if name not in optional]
    assert len(names) > 5
    for number, name in enumerate(names):
        folder = shutil.copytree(saved, tmp_path / str(number))
        edit_tensors(folder, lambda tensors, name=name: tensors.pop(name))
        with pytest.raises(CheckpointError, match=name.removeprefix("network.").replace(".", r"\.")):
            Router.from_pretrained(folder)


def test_each_tensor_of_another_shape_is_named(saved, tmp_path):
    shapes = {name: tensor.shape for name, tensor in load((saved / WEIGHTS).read_bytes()).items()}
    for number, (name, shape) in enumerate(shapes.items()):
        folder = shutil.copytree(saved, tmp_path / str(number))
        other = np.ones((*shape, 2), dtype=np.float32)
        edit_tensors(folder, lambda tensors, name=name, other=other: tensors.update({name: other}))
        with pytest.raises(CheckpointError, match=name.removeprefix("network.").replace(".", r"\.")):
            Router.from_pretrained(folder)


def test_a_tensor_that_is_not_ours_is_refused(folder):
    edit_tensors(folder, lambda tensors: tensors.update({"network.backdoor": np.ones(1)}))
    with pytest.raises(CheckpointError, match="backdoor"):
        Router.from_pretrained(folder)


def test_profiles_out_of_range_are_refused(folder):
    edit_tensors(folder, lambda tensors: tensors["profile.quality"].fill(7))
    with pytest.raises(CheckpointError, match="quality"):
        Router.from_pretrained(folder)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"reward": "cubic"}, "reward"),
        ({"cost_unit": None}, "cost_unit"),
        ({"candidates": [{"name": ""}]}, r"candidates\.0\.name"),
        ({"candidates": "small"}, "candidates"),
        ({"candidates": []}, "profile"),
        ({"candidates": [{"name": "a"}] * 4}, "Two candidates are named 'a'"),
        ({"candidates": [{"name": name} for name in "abcd"]}, "No price is known for 'a', 'b', 'c', 'd'"),
        ({"dial": {"willingness_to_pay": [1.0]}}, r"dial\.willingness_to_pay"),
        ({"dial": {"willingness_to_pay": [float("nan")] * 101}}, r"dial\.willingness_to_pay"),
        ({"dial": {"willingness_to_pay": list(range(1, 102))}}, "never rise"),
        ({"cluster_labels": ["one"]}, "1 cluster labels for 4 clusters"),
        ({"learned_prices": [[1, 2]]}, "1 learned prices for 4 candidates"),
        ({"learned_prices": [[1, -2]] * 4}, r"learned_prices\.0\.1"),
        ({"network": {}}, "network"),
        ({"encoder": 7}, "encoder"),
    ],
)
def test_a_config_that_does_not_fit_is_refused_with_the_place(folder, changes, place):
    edit_config(folder, **changes)
    with pytest.raises(CheckpointError, match=place):
        Router.from_pretrained(folder)


def test_a_network_of_another_shape_is_refused(folder):
    network = json.loads((folder / CONFIG).read_text("utf-8"))["network"]
    edit_config(folder, network={**network, "hidden": network["hidden"] + 1})
    with pytest.raises(CheckpointError, match=r"does not fit config\.json"):
        Router.from_pretrained(folder)


def test_an_encoder_of_ones_own_must_be_passed_again(outcomes, tmp_path):
    router = fit(outcomes, TrainingConfig(clusters=3, epochs=1, hidden=8), encoder=Letters())
    router.save_pretrained(tmp_path)
    loaded = Router.from_pretrained(tmp_path, encoder=Letters())
    assert (loaded.predict(TEXTS).quality == router.predict(TEXTS).quality).all()
    with pytest.raises(CheckpointError, match=r"a custom encoder, 'custom:Letters'; pass it"):
        Router.from_pretrained(tmp_path)
    edit_config(tmp_path, encoder="my-encoder")
    with pytest.raises(CheckpointError, match=r"a custom encoder, 'my-encoder'; pass it"):
        Router.from_pretrained(tmp_path)


def test_another_encoder_than_it_was_trained_with_is_refused(saved):
    with pytest.raises(CheckpointError, match=r"trained with the encoder 'static', not 'custom:Letters'"):
        Router.from_pretrained(saved, encoder=Letters())


def test_every_error_is_a_value_error_too(folder):
    (folder / CONFIG).unlink()
    with pytest.raises(ValueError, match=r"holds no router"):
        Router.from_pretrained(folder)


def test_finite_weights_that_overflow_are_refused(tmp_path):
    Router.from_pretrained("routerbench").save_pretrained(tmp_path)
    config, tensors = read_checkpoint(tmp_path)
    tensors["network.tokens_effects"] = np.full_like(tensors["network.tokens_effects"], 3e38)
    tensors["profile.log_tokens"] = np.full_like(tensors["profile.log_tokens"], 3e38)
    write_checkpoint(
        tmp_path, {k: v for k, v in config.items() if k not in ("format", "weights_sha256")}, tensors
    )
    with pytest.raises(CheckpointError, match="predictions are NaN or infinite"):
        Router.from_pretrained(tmp_path)
