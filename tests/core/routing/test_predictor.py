import numpy as np
import pytest

from crossroute import DataError, EncoderError, Pool, Query
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.routing.predictor import Predictor

QUERIES = [Query("What is 2 + 2?"), Query("Tell me a story."), Query("What is 2 + 2?", input_tokens=500)]
FIELDS = (
    "quality",
    "cost",
    "tokens",
    "attention",
    "clusters",
    "quality_error",
    "output_cost",
    "spread",
    "trust",
)


class Counting:
    """An encoder that notes what it encodes."""

    def __init__(self, encoder):
        self.encoder, self.seen = encoder, []

    def encode(self, texts):
        self.seen += texts
        return self.encoder.encode(texts)


@pytest.fixture
def predictor(router):
    """The router's predictor with empty caches and a counting encoder."""
    whole = router.predictor
    encoder = Counting(whole.query_encoder.encoder)
    return Predictor(whole.network, whole.pool, QueryEncoder(encoder), whole.cost_unit)


def test_each_query_is_foreseen_in_its_place(predictor, router):
    rows = predictor.predict(QUERIES)
    assert len(rows) == 3
    for row in rows:
        assert row.quality.shape == row.cost.shape == row.tokens.shape == row.attention.shape == (4,)
        assert row.clusters.shape == (4,)
        assert row.attention.sum() == pytest.approx(1, abs=1e-5)
        assert row.clusters.sum() == pytest.approx(1, abs=1e-5)
    assert (rows[0].quality == rows[2].quality).all()
    price = np.array([candidate.price.input for candidate in router.pool])
    more = QUERIES[2].whole_tokens - QUERIES[0].whole_tokens
    assert rows[2].cost - rows[0].cost == pytest.approx(more * price / 1e6)
    for field in ("tokens", "read"):
        assert getattr(rows[2], field) - getattr(rows[0], field) == pytest.approx(np.full(4, more))


def test_agrees_with_what_is_encoded_already(predictor):
    together = predictor.predict_encoded(predictor.query_encoder.read(QUERIES))
    for row, found in enumerate(predictor.predict(QUERIES)):
        for name in FIELDS:
            assert getattr(found, name) == pytest.approx(getattr(together, name)[row], rel=1e-5, abs=1e-6)


def test_what_was_foreseen_is_remembered(predictor):
    first = [predictor.predict_one(query) for query in QUERIES]
    assert predictor.query_encoder.encoder.seen == ["What is 2 + 2?", "Tell me a story."]
    again = [predictor.predict_one(Query(query.text, input_tokens=query.input_tokens)) for query in QUERIES]
    assert [row is other for row, other in zip(again, first, strict=True)] == [True] * 3
    predictor.predict([*reversed(QUERIES), *QUERIES])
    assert len(predictor.query_encoder.encoder.seen) == 2


def test_a_long_query_is_not_remembered(predictor):
    long = Query("What is this? " + "It is a long text. " * 400)
    assert predictor.predict_one(long) is not predictor.predict_one(long)
    assert (predictor.predict_one(long).quality == predictor.predict_one(long).quality).all()


def test_texts_that_differ_only_in_the_middle_differ_in_length(predictor):
    head, tail = "a" * 1_000, "b" * 1_000
    near, far = predictor.predict([Query(head + tail), Query(head + "c" * 4_000 + tail)])
    assert far.tokens[0] > near.tokens[0]


def test_another_pool_starts_with_nothing_remembered(predictor):
    whole = predictor.predict(QUERIES)[0]
    cut = predictor.with_pool(predictor.pool.subset(["large", "small"]))
    (row,) = cut.predict(QUERIES[:1])
    assert row.quality.shape == (2,)
    assert whole.quality.shape == (4,)
    assert cut.network is predictor.network
    assert cut.query_encoder is predictor.query_encoder


def test_foreseeing_leaves_the_weights_as_they_were(predictor):
    before = {name: tensor.copy() for name, tensor in predictor.network.weights.items()}
    predictor.predict(QUERIES)
    assert all((predictor.network.weights[name] == tensor).all() for name, tensor in before.items())


def test_an_encoding_of_another_width_is_refused(router):
    class Narrow:
        def encode(self, texts):
            return np.ones((len(texts), 3))

    whole = router.predictor
    narrow = Predictor(whole.network, whole.pool, QueryEncoder(Narrow()), whole.cost_unit)
    with pytest.raises(
        EncoderError, match=r"'custom:.*Narrow' returns .* features per query; this router expects"
    ):
        narrow.predict(QUERIES)


def test_a_candidate_of_which_nothing_is_known_is_named(predictor, outcomes):
    train = outcomes.split("train")
    train.quality[:, 2] = np.nan  # split copies
    with pytest.raises(DataError, match="'large'"):
        predictor.profile(train)


def test_a_candidate_without_a_price_is_not_profiled(predictor, outcomes):
    unpriced = Pool(c.model_copy(update={"price": None}) if c.name == "coder" else c for c in outcomes.pool)
    with pytest.raises(DataError, match="No price is known for 'coder'"):
        predictor.profile(outcomes.with_pool(unpriced))


def test_fewer_input_tokens_than_estimated_are_what_is_paid_for(predictor):
    long = "x " * 4_000
    estimated, fewer, none = predictor.predict(
        [Query(long), Query(long, input_tokens=10), Query(long, input_tokens=0)]
    )
    price = np.array([candidate.price.input for candidate in predictor.pool])
    assert estimated.cost - fewer.cost == pytest.approx(3_990 * price / 1e6, rel=0.01)
    assert fewer.cost - none.cost == pytest.approx(10 * price / 1e6)
    assert estimated.tokens - fewer.tokens == pytest.approx(np.full(4, 3_990), rel=0.01)
    assert (estimated.quality == fewer.quality).all()


def test_profiles_say_by_what_clusters_they_were_made(predictor, outcomes):
    made_by = {candidate.profile.made_by for candidate in (*predictor.pool, *predictor.profile(outcomes))}
    assert made_by == {predictor.digest}
    unsaid = predictor.pool["coder"].profile.model_copy(update={"made_by": ""})
    taken = predictor.with_pool(Pool([predictor.pool["coder"].model_copy(update={"profile": unsaid})]))
    assert taken.pool["coder"] == predictor.pool["coder"]


def test_profiling_keeps_all_but_the_profile(predictor, outcomes):
    for candidate, known in zip(predictor.profile(outcomes), outcomes.pool, strict=True):
        assert len(candidate.profile.quality) == 4
        assert candidate.model_copy(update={"profile": None}) == known


def test_the_less_was_observed_of_a_candidate_the_larger_its_error(predictor):
    def thinner(candidate):
        profile = candidate.profile.model_copy(
            update={"evidence": tuple(count / 10 for count in candidate.profile.evidence)}
        )
        return candidate.model_copy(update={"profile": profile})

    rows = predictor.predict(QUERIES)
    thin = predictor.with_pool(Pool(map(thinner, predictor.pool))).predict(QUERIES)
    for row, less in zip(rows, thin, strict=True):
        assert row.quality_error.shape == (4,)
        assert ((row.quality_error > 0) & (row.quality_error < less.quality_error)).all()
        assert (row.quality == less.quality).all()
