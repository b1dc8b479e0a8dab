"""The pictures of docs/concepts.md can be drawn anew, and are light enough for a page."""

import runpy
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

import numpy as np
from matplotlib.image import imread

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
UNLIKE = 0.04
"""Share of the points that may differ, as letters do between versions of matplotlib."""


def test_the_command_draws_the_pictures_that_the_page_shows(tmp_path):
    runpy.run_path(str(ROOT / "benchmarks" / "pictures.py"))["main"](tmp_path)
    drawn = sorted(path.name for path in tmp_path.iterdir())
    assert drawn == ["decision.png", "dial.png"]
    for name in drawn:
        anew, shown = (imread(folder / name)[..., :3] for folder in (tmp_path, IMAGES))
        assert anew.shape == shown.shape
        changed = (np.abs(anew - shown).max(axis=2) > 0.2).mean()
        assert changed < UNLIKE, f"{name} is of an earlier router: python benchmarks/pictures.py"


@pytest.mark.parametrize("path", sorted(IMAGES.iterdir()), ids=lambda path: path.name)
def test_a_picture_weighs_little(path):
    assert path.stat().st_size < 160_000
