import numpy as np
import pytest

from crossroute import Encoder, EncoderError, load_encoder
from crossroute.encoder import encode_checked, encoder_name, is_encoder_name


class Fixed:
    """An encoder that returns what it was given."""

    def __init__(self, returned):
        self.returned = returned

    def encode(self, texts):
        return self.returned


def test_the_default_is_the_static_tier():
    assert load_encoder().name == "static"


def test_anything_that_encodes_is_an_encoder():
    assert isinstance(Fixed(None), Encoder)
    assert isinstance(load_encoder("static"), Encoder)
    assert not isinstance(object(), Encoder)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "statik",
        "sentence-transformers",
        "sentence-transformers:",
        "onnx:",
        "onnx-int8",
        "minilm:x",
        "custom:Mine",
    ],
)
def test_a_name_of_no_encoder_is_refused_with_those_there_are(name):
    assert not is_encoder_name(name)
    with pytest.raises(EncoderError, match=r"Unknown encoder .*; expected static, static:FOLDER, minilm"):
        load_encoder(name)


@pytest.mark.parametrize(
    "name",
    ["static", "static:folder", "minilm", "sentence-transformers:a/b", "onnx:minilm", "onnx-int8:minilm"],
)
def test_names_of_encoders_are_known_without_loading_them(name):
    assert is_encoder_name(name)


@pytest.mark.parametrize("tier", ["static", "sentence-transformers", "onnx", "onnx-int8"])
@pytest.mark.filterwarnings("ignore::UserWarning")  # sentence-transformers says that it makes a new model
def test_a_model_that_is_not_there_is_told_by_name(tier, tmp_path):
    with pytest.raises(EncoderError, match=r"Cannot load .*nowhere"):
        load_encoder(f"{tier}:{tmp_path / 'nowhere'}")


def test_an_encoder_is_recorded_by_its_own_name_or_its_type():
    assert encoder_name(load_encoder("static")) == "static"
    assert encoder_name(Fixed(None)) == "custom:Fixed"


@pytest.mark.parametrize("returned", [[[1, 2], [3, 4]], np.array([[1.0, 2.0], [3.0, 4.0]]), ((1, 2), (3, 4))])
def test_what_can_be_an_array_is_taken(returned):
    embeddings = encode_checked(Fixed(returned), ["a", "b"])
    assert embeddings.dtype == np.float32
    assert embeddings.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (np.ones(2), r"shape \(2,\) for 2 texts; expected \(2, d\)"),
        (np.ones((3, 4)), r"shape \(3, 4\) for 2 texts"),
        (np.ones((2, 3, 4)), r"shape \(2, 3, 4\) for 2 texts"),
        (None, r"shape \(\) for 2 texts"),
        ([[1, 2], [3]], "no array of numbers"),
        ([["a"], ["b"]], "no array of numbers"),
        ([object(), object()], "no array of numbers"),
        (np.array([[1.0, np.nan]] * 2), "NaN or infinity"),
        (np.array([[1.0, np.inf]] * 2), "NaN or infinity"),
        (np.array([[1.0, 1e300]] * 2), "NaN or infinity"),
    ],
)
def test_what_is_no_finite_vector_a_text_is_refused(returned, says):
    with pytest.raises(EncoderError, match=f"The encoder 'custom:Fixed' returned .*{says}"):
        encode_checked(Fixed(returned), ["a", "b"])


def test_an_encoders_own_error_reaches_the_caller():
    class Failing:
        def encode(self, texts):
            raise ConnectionError("the encoder's server is away")

    with pytest.raises(ConnectionError, match="the encoder's server is away"):
        encode_checked(Failing(), ["a"])
