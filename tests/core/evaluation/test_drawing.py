import numpy as np
import pytest

from crossroute.evaluation.drawing import HEIGHT, LETTER, LINE, WIDTH, Axis, label_sides


def test_a_logarithmic_axis_counts_by_one_two_and_five():
    axis = Axis.logarithmic("USD", np.array([0.011, 0.9]))
    assert axis.ticks == (0.02, 0.05, 0.1, 0.2, 0.5)
    assert axis.at(np.array([axis.low, axis.high])) == pytest.approx([0, 1000])
    assert Axis.logarithmic("USD", np.geomspace(1e-4, 1e4, 9)).fewest == {1e-4, 1e-2, 1, 1e2, 1e4}


@pytest.mark.parametrize(
    ("low", "high", "ticks"), [(0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)), (0.61, 0.87, (0.65, 0.7, 0.75, 0.8, 0.85))]
)
def test_a_linear_axis_counts_by_round_numbers(low, high, ticks):
    assert Axis.linear("quality", low, high).ticks == pytest.approx(ticks)


def test_no_label_lies_on_another_or_outside():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, WIDTH, 40), rng.uniform(0, HEIGHT, 40)
    labels = ["a-name-of-some-length"] * 39 + [""]
    boxes = []
    for left, bottom, label, side in zip(x, y, labels, label_sides(x, y, labels), strict=True):
        if side:
            width = LETTER * len(label)
            begin = {"right": left + 7, "left": left - 7 - width}.get(side, left - width / 2)
            base = {"above": bottom + 7, "below": bottom - 7 - LINE}.get(side, bottom - LINE / 2)
            boxes.append((begin, base, begin + width, base + LINE))
    assert 5 < len(boxes) < 40
    for place, (left, low, right, high) in enumerate(boxes):
        assert left >= 0
        assert right <= WIDTH
        assert not any(
            left < other[2] and other[0] < right and low < other[3] and other[1] < high
            for other in boxes[:place]
        )
