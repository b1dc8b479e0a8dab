"""What a checkpoint holds: its fields fit together, and its tensors have their shapes."""

import numpy as np
import pytest
from pydantic import ValidationError

from crossroute.routing.layout import RouterConfig, check_shapes
from crossroute.routing.storage import locate, read_checkpoint


@pytest.fixture(scope="module")
def held():
    config, tensors = read_checkpoint(locate("routerbench"))
    return RouterConfig.model_validate(config), dict(tensors)


def changed(config, **update):
    return RouterConfig.model_validate(config.model_dump() | update)


def test_a_bundled_router_fits_together(held):
    check_shapes(*held)


@pytest.mark.parametrize(
    "name", ["calibration.tokens", "calibration.encoded", "profile.quality", "doubt.heads"]
)
def test_a_tensor_of_another_shape_or_none_is_named(held, name):
    config, tensors = held
    with pytest.raises(
        ValueError, match=rf"the tensor '{name}' has shape|the tensor 'calibration.*' has shape"
    ):
        check_shapes(config, tensors | {name: np.zeros((1, 1, 1))})
    with pytest.raises(KeyError, match=name):
        check_shapes(config, {other: tensor for other, tensor in tensors.items() if other != name})


def test_tensors_of_what_was_learnt_and_promised_have_shapes_too(held):
    config, tensors = held
    m, k = len(config.candidates), config.network.clusters
    lessons = {
        "lesson.quality": np.zeros(m),
        "lesson.quality_error": np.ones(m),
        "lesson.log_tokens": np.zeros((m, k)),
    }
    check_shapes(config, tensors | lessons)
    with pytest.raises(ValueError, match=r"lesson\.log_tokens"):
        check_shapes(config, tensors | lessons | {"lesson.log_tokens": np.zeros((m, k + 1))})
    with pytest.raises(ValueError, match="trained_on"):
        check_shapes(changed(config, trained_on=3), tensors | {"trained_on": np.zeros(2)})


def test_labels_and_learned_prices_are_one_for_each(held):
    config, _ = held
    with pytest.raises(ValidationError, match=f"1 cluster labels for {config.network.clusters} clusters"):
        changed(config, cluster_labels=("all",))
    with pytest.raises(ValidationError, match=f"1 learned prices for {len(config.candidates)} candidates"):
        changed(config, learned_prices=((1.0, 2.0),))


def test_what_a_later_version_adds_is_passed_over(held):
    config, _ = held
    assert changed(config, colour="red") == config
