import numpy as np
import pytest

from crossroute.encoder.features import EASE, PEOPLE, SCORES
from crossroute.model.doubt import A_RUN, AS_PEOPLE, MANNER_WORDS
from crossroute.numeric import softmax
from crossroute.query import Query
from crossroute.training.heads import FRAMES, NEVER, Labelled, Rows, fit_heads, fit_hidden_layer, fit_manners

P, KINDS, N = 4, 3, 400


def rows(seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, P)) * [1, 2, 3, 4] + 5
    told = np.stack([2 * x[:, 0] + 1, 3 - 0.5 * x[:, 1]], axis=1)
    return Rows(
        x, (x[:, 2] > 5).astype(int), told, np.zeros(N, dtype=bool), np.ones(N), np.zeros((N, SCORES))
    )


def test_heads_read_ease_and_length_from_features_as_they_are():
    weights, bias = fit_heads(rows(), KINDS)
    fresh = rows(1)
    read = fresh.x @ weights + bias
    assert np.abs(read[:, -2:] - fresh.targets).mean() < 0.2
    assert (read[:, :KINDS].argmax(axis=1) == fresh.kind).mean() > 0.9


def test_a_kind_of_which_no_query_is_is_never_read():
    weights, bias = fit_heads(rows(), KINDS)
    read = rows(1).x @ weights + bias
    assert (read[:, 2] < read[:, :2].max(axis=1) - 5).all()


def test_heavier_queries_count_for_more():
    ours, others = rows(), rows(1)._replace(targets=np.zeros((N, 2)))
    light, heavy = (
        fit_heads(ours.concatenate(others.scale_weights(weight)), KINDS) for weight in (0.01, 100.0)
    )
    away = [np.abs(ours.x @ w[:, -2:] + b[-2:] - ours.targets).mean() for w, b in (light, heavy)]
    assert away[0] < away[1] / 10


def test_each_query_may_have_a_weight_of_its_own():
    ours, others = rows(), rows(1)
    is_wrong = np.arange(N) % 2 == 0
    mixed = others._replace(targets=np.where(is_wrong[:, None], 0.0, others.targets))
    weights, bias = fit_heads(ours.concatenate(mixed.scale_weights(np.where(is_wrong, 0.01, 1.0))), KINDS)
    assert np.abs(ours.x @ weights[:, -2:] + bias[-2:] - ours.targets).mean() < 0.3


def test_a_hidden_layer_learns_what_linear_heads_leave():
    ours, fresh = (rows(seed).take(np.arange(20 * N) % N) for seed in (0, 1))
    bent, expected = ((each.targets[:, :1] + 3 * np.abs(each.x[:, 1:2] - 5)) for each in (ours, fresh))
    ours = ours._replace(targets=bent.repeat(2, axis=1), x=np.column_stack([ours.x, np.full(20 * N, 7.0)]))
    heads = fit_heads(ours, KINDS)
    layer = fit_hidden_layer(ours, heads)
    x = np.column_stack([fresh.x, np.zeros(20 * N)])  # the last feature was the same in all
    units = np.maximum(x @ layer["ease_hidden"] + layer["ease_hidden_bias"], 0)
    linear = x[:, :P] @ heads[0][:P, -2] + heads[1][-2]
    left = [np.abs(read - expected[:, 0]).mean() for read in (linear, linear + units @ layer["ease_output"])]
    assert left[1] < left[0] / 2


def test_words_tell_the_manner_beside_features_that_do_not():
    ours, stated = rows(), rows(2)
    by_words = np.zeros((N, SCORES))
    by_words[:, PEOPLE] = 1.5
    found = fit_manners(ours, stated._replace(word_scores=by_words), KINDS)
    x_alone = ours.x @ found["manner"] + found["manner_bias"]
    shares = [softmax(x_alone + score * found[MANNER_WORDS])[:, AS_PEOPLE].mean() for score in (0.0, 1.5)]
    assert shares[1] > 2 * shares[0]


def told(rows: Rows, stated: Rows, x: np.ndarray) -> np.ndarray:
    found = fit_manners(rows, stated, KINDS)
    return softmax(x @ found["manner"] + found["manner_bias"])


def test_ordinary_requests_and_runs_are_told_from_training():
    ours, stated = rows(), rows(2)
    training = ours._replace(x=ours.x - [6, 0, 0, 0])
    stated = stated._replace(run=stated.x[:, 3] > 8)
    shares = told(training, stated, stated.x)
    assert shares[stated.run, A_RUN].mean() > 3 * shares[~stated.run, A_RUN].mean()
    assert shares[~stated.run, AS_PEOPLE].mean() > 3 * told(training, stated, training.x)[:, AS_PEOPLE].mean()
    assert shares.sum(axis=1) == pytest.approx(1)


def test_runs_are_as_observed_or_else_as_stated():
    ours, stated = rows(), rows(2)
    run = stated.x[:, 3] > 8
    found = fit_manners(ours, stated._replace(run=run), KINDS)["run"]
    assert found[-2:] == pytest.approx(stated.targets[run].mean(axis=0))
    assert found[:KINDS].sum() == pytest.approx(1)
    seen = ours._replace(run=np.arange(N) < 50)
    assert fit_manners(seen, stated._replace(run=run), KINDS)["run"][-2:] == pytest.approx(
        ours.targets[:50].mean(axis=0)
    )


def test_a_manner_in_which_no_query_asks_is_never_told():
    ours = rows()
    assert (told(ours, rows(1), ours.x)[:, A_RUN] < 1e-9).all()
    none = fit_manners(ours, rows(1).take(slice(0)), KINDS)
    assert not none["manner"].any()
    assert none["manner_bias"].tolist() == [0, NEVER, NEVER]


def test_framed_queries_keep_what_is_known_and_the_weight_of_all(router):
    predictor = router.predictor
    texts = [f"How many apples are {n} and {n} apples?" for n in range(30)]
    encoded = predictor.query_encoder.read([Query(text) for text in texts])
    none, english = np.zeros(30, dtype=bool), np.arange(30) < 20
    labelled = Labelled(encoded, np.arange(30) % 2, np.arange(30.0), np.ones(30), none, tells_manner=english)
    known = labelled.to_rows(predictor.network)
    framed = known.reframe(texts, predictor.query_encoder, predictor.network)
    assert framed.weight.sum() == pytest.approx(known.weight.sum())
    assert sorted(framed.targets[:, 0]) == sorted(known.targets[:, 0])
    assert labelled.select_for_manner(known).targets[:, 0].tolist() == list(range(20))
    assert not np.allclose(framed.x[np.argsort(framed.targets[:, 0])], known.x)


def test_beside_words_heads_are_fitted_to_what_these_leave():
    ours = rows()
    by_words = np.random.default_rng(3).normal(size=(N, SCORES))
    told = ours.targets + np.stack([by_words[:, EASE], np.zeros(N)], axis=1)
    left = ours._replace(targets=told, word_scores=by_words).subtract_word_ease()
    assert left.targets == pytest.approx(ours.targets)


def test_each_frame_takes_any_text():
    assert all("{x} and 100 %" in frame.format("{x} and 100 %") for frame in FRAMES)


def test_in_any_case_the_share_of_capitals_tells_nothing():
    wide = rows()._replace(x=np.random.default_rng(4).normal(size=(N, 20)))
    read = wide.drop_capitals()
    weights, _ = fit_heads(read, KINDS)
    assert not weights[20 - 15 + 8].any()
    assert (np.delete(read.x, 20 - 15 + 8, axis=1) == np.delete(wide.x, 20 - 15 + 8, axis=1)).all()
