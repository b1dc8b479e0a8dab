import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from crossroute import EncoderError, Query
from crossroute.encoder.features import bound_features, measure_text
from crossroute.encoder.query_encoder import QueryEncoder


class Lengths:
    """An encoder of two numbers a text that notes its calls."""

    def __init__(self):
        self.calls = []

    def encode(self, texts):
        self.calls.append(list(texts))
        return [[len(text), text.count("e")] for text in texts]


@pytest.fixture
def encoder():
    return Lengths()


def test_both_views_stand_beside_the_surface(encoder):
    query = Query(
        " ".join(f"ab{number:03d}" for number in range(200)), system="Frame the question well, please."
    )
    (row,) = QueryEncoder(encoder).encode([query])
    assert row[:4].tolist() == [1_000, 6, 1_000, 0]
    features, _ = measure_text(query.instance_view, query.text_tokens)
    assert (row[4:] == bound_features([features])[0]).all()
    assert row.dtype == np.float32


def test_a_short_text_is_encoded_once(encoder):
    embeddings = QueryEncoder(encoder).embed([Query("here")])
    assert encoder.calls == [["here"]]
    assert embeddings.tolist() == [[4, 2, 4, 2]]


def test_a_view_is_encoded_once_however_often_it_comes(encoder):
    queries = QueryEncoder(encoder)
    queries.embed([Query("one"), Query("two", system="Frame"), Query("one"), Query("one", input_tokens=9)])
    assert encoder.calls == [["one", "two"]]
    queries.embed([Query("three"), Query("two")])
    assert encoder.calls[1:] == [["three"]]


def test_rows_stand_in_the_order_asked(encoder):
    texts = ["ccc", "a", "bb", "a"]
    embeddings = QueryEncoder(encoder).embed([Query(text) for text in texts])
    assert embeddings[:, 0].tolist() == [3, 1, 2, 1]


def test_lone_surrogates_never_reach_the_encoder(encoder):
    QueryEncoder(encoder).embed([Query("a\ud800", system="\udfffb")])
    for text in encoder.calls[0]:
        text.encode("utf-8")


def test_a_named_encoder_is_loaded_at_the_first_query_and_once():
    queries = QueryEncoder("static")
    assert queries.name == "static"
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: queries.encoder, range(8)))
    assert all(encoder is found[0] for encoder in found)


def test_an_unknown_name_is_refused_at_the_first_query():
    with pytest.raises(EncoderError, match="Unknown encoder 'statik'"):
        QueryEncoder("statik").embed([Query("text")])


def test_what_is_wrong_is_not_remembered():
    class Recovering(Lengths):
        def encode(self, texts):
            rows = super().encode(texts)
            return rows if len(self.calls) > 1 else [[np.nan, 0]]

    queries = QueryEncoder(Recovering())
    with pytest.raises(EncoderError, match="NaN"):
        queries.embed([Query("text")])
    assert queries.embed([Query("text")]).tolist() == [[4, 1, 4, 1]]


def test_slow_threads_do_not_wait_for_each_other():
    started = threading.Barrier(3)

    class Slow(Lengths):
        def encode(self, texts):
            started.wait(timeout=30)  # passes only where three encode at once
            time.sleep(0.001)
            return super().encode(texts)

    queries = QueryEncoder(Slow())
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda size: queries.embed([Query("he" * size)]), (1, 2, 3)))
    assert [row[0, 1] for row in found] == [1, 2, 3]


def test_the_known_share_is_the_encoders_own_or_1(encoder):
    assert QueryEncoder(encoder).known_share([Query("one"), Query("two")]).tolist() == [1, 1]
    english, german, chinese = QueryEncoder("static").known_share(
        [
            Query("How do I cancel my subscription?"),
            Query("Wie kündige ich mein Abonnement?"),
            Query("如何取消我的订阅?"),
        ]
    )
    assert english == 1
    assert 0.1 < german < 0.5
    assert chinese == 0
