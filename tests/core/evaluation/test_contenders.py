import numpy as np

from crossroute import load_encoder
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.evaluation.baselines import AS_SHIPPED, FAMILIES
from crossroute.evaluation.contenders import baseline_predictions


def test_every_baseline_predicts_the_split(outcomes):
    named = []
    encoder = QueryEncoder(load_encoder("static"))
    found = baseline_predictions(outcomes, encoder, "test", on_baseline=named.append)
    assert named == [*AS_SHIPPED, *FAMILIES]
    assert {f"{family}, tuned" for family in FAMILIES} <= found.keys()
    assert {"random", "best single", "task mean"} <= found.keys()
    for prediction in found.values():
        assert prediction.candidates == outcomes.pool.names
        assert prediction.quality.shape == (len(outcomes.split("test")), len(outcomes.pool))
        assert np.isfinite(prediction.quality).all()
        assert np.isfinite(prediction.cost).all()
