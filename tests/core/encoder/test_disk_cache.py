import sqlite3

import numpy as np
import pytest
from platformdirs import user_cache_path

from crossroute import EncoderError
from crossroute.encoder.disk_cache import BATCH, PROBE, DiskCachedEncoder


class Counting:
    """An encoder that notes what it encodes."""

    name = "counting"

    def __init__(self, offset=0.0):
        self.seen, self.offset = [], offset

    def encode(self, texts):
        self.seen += texts
        return np.array([[len(text), text.count("e") + self.offset] for text in texts])


def test_what_was_encoded_once_is_never_encoded_again(tmp_path):
    first = DiskCachedEncoder(Counting(), tmp_path).encode(["one", "two", "one"])
    encoder = Counting()
    again = DiskCachedEncoder(encoder, tmp_path).encode(["two", "one", "three"])
    assert encoder.seen == [PROBE, "three"]
    assert first.tolist() == [[3, 1], [3, 0], [3, 1]]
    assert again.tolist() == [[3, 0], [3, 1], [5, 2]]
    assert first.dtype == again.dtype == np.float32


def test_encoders_that_differ_share_nothing(tmp_path):
    DiskCachedEncoder(Counting(), tmp_path).encode(["one"])
    other = Counting(offset=0.5)  # the same name, other weights
    assert DiskCachedEncoder(other, tmp_path).encode(["one"]).tolist() == [[3, 1.5]]


def test_batches_are_kept_and_told_one_by_one(tmp_path):
    class Interrupted(Counting):
        def encode(self, texts):
            if len(self.seen) > BATCH:
                raise KeyboardInterrupt
            return super().encode(texts)

    texts = [f"text {number}" for number in range(2 * BATCH)]
    told = []
    with pytest.raises(KeyboardInterrupt):
        DiskCachedEncoder(Interrupted(), tmp_path, on_batch=told.append).encode(texts)
    assert told == [BATCH]
    encoder = Counting()
    DiskCachedEncoder(encoder, tmp_path).encode(texts)
    assert encoder.seen == [PROBE, *texts[BATCH:]]


def test_what_is_no_embedding_is_refused_and_not_kept(tmp_path):
    class Flawed(Counting):
        def encode(self, texts):
            rows = super().encode(texts)
            return rows if texts == [PROBE] or "bad" not in texts else rows * np.nan

    cached = DiskCachedEncoder(Flawed(), tmp_path)
    with pytest.raises(EncoderError, match="returned NaN or infinity"):
        cached.encode(["bad"])
    encoder = Counting()
    assert np.isfinite(DiskCachedEncoder(encoder, tmp_path).encode(["bad"])).all()
    assert "bad" in encoder.seen


def test_lone_surrogates_and_null_bytes_are_texts_like_others(tmp_path):
    texts = ["a\ud800", "a?", "a\x00", "a"]
    cached = DiskCachedEncoder(Counting(), tmp_path)
    assert (cached.encode(texts) == cached.encode(texts)).all()
    with sqlite3.connect(next(tmp_path.glob("*.sqlite"))) as database:
        assert database.execute("SELECT count(*) FROM embeddings").fetchone() == (4,)
    database.close()


def test_a_file_that_is_no_cache_is_told_with_the_remedy(tmp_path):
    DiskCachedEncoder(Counting(), tmp_path).encode(["one"])
    path = next(tmp_path.glob("*.sqlite"))
    path.write_bytes(b"no database " * 1_000)
    with pytest.raises(EncoderError, match=r"cannot be used: file is not a database\. Delete it"):
        DiskCachedEncoder(Counting(), tmp_path)


def test_two_processes_may_share_a_cache(tmp_path):
    one, other = (DiskCachedEncoder(Counting(), tmp_path) for _ in range(2))
    assert one.encode(["a", "b"]).tolist() == other.encode(["a", "b"]).tolist()


def test_lives_in_the_users_cache_by_default():
    DiskCachedEncoder(Counting()).encode(["one"])
    assert list((user_cache_path("crossroute") / "embeddings").glob("*.sqlite"))


def test_keeps_the_name_of_its_encoder(tmp_path):
    assert DiskCachedEncoder(Counting(), tmp_path).name == "counting"
