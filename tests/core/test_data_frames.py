"""examples/data_frames.py by pandas alone; the other frameworks are no part of the test environment."""

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "data_frames.py"


def test_a_partition_is_routed_as_one_call_would(monkeypatch, capsys):
    pytest.importorskip("pandas")
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    first, *chosen = capsys.readouterr().out.splitlines()
    assert first == "pandas: 100 queries, as by one call here"
    assert len(chosen) > 1
