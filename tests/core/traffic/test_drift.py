from __future__ import annotations

import numpy as np

from crossroute.traffic.drift import changed_at


def test_a_change_is_found_where_it_is_and_none_where_there_is_none():
    random = np.random.default_rng(0)
    found = changed_at(np.r_[random.random(200) < 0.9, random.random(100) < 0.4] - 0.9)
    assert abs(found - 200) <= 10
    calm = [changed_at((random.random(200) < 0.7) - 0.7) for _ in range(200)]
    assert np.mean([place > 0 for place in calm]) <= 0.04  # 1 in 100 but for chance
