"""The pictures of docs/concepts.md can be drawn anew, and are light enough for a page."""

import json
import runpy
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from PIL import Image

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"


def test_the_command_draws_the_pictures_that_the_page_shows(tmp_path):
    runpy.run_path(str(ROOT / "benchmarks" / "pictures.py"))["main"](tmp_path)
    drawn = sorted(path.name for path in tmp_path.iterdir())
    assert drawn == ["decision.png", "dial.png"]
    for name in drawn:
        with Image.open(tmp_path / name) as anew, Image.open(IMAGES / name) as shown:
            assert anew.size == shown.size
            now, then = (json.loads(each.text["Description"]) for each in (anew, shown))
            assert then == pytest.approx(now, abs=0.005), (
                "of an earlier router: python benchmarks/pictures.py"
            )


@pytest.mark.parametrize("path", sorted(IMAGES.iterdir()), ids=lambda path: path.name)
def test_a_picture_weighs_little(path):
    assert path.stat().st_size < 160_000
