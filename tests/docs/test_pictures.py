"""The pictures of docs/concepts.md can be drawn anew, and are light enough for a page."""

import runpy
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from matplotlib.image import imread

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"


def test_the_command_draws_the_pictures_that_the_page_shows(tmp_path):
    runpy.run_path(str(ROOT / "benchmarks" / "pictures.py"))["main"](tmp_path)
    drawn = sorted(path.name for path in tmp_path.iterdir())
    assert drawn == ["decision.png", "dial.png"]
    for name in drawn:
        assert imread(tmp_path / name).shape == imread(IMAGES / name).shape


@pytest.mark.parametrize("path", sorted(IMAGES.iterdir()), ids=lambda path: path.name)
def test_a_picture_weighs_little(path):
    assert path.stat().st_size < 160_000
