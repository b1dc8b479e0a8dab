"""RouterBench as published: its pickle is parsed and never run, its table is checked."""

from __future__ import annotations

import builtins
import contextlib
import functools
import operator
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crossroute.data.outcomes import Outcomes
from crossroute.data.readers.pickle_frame import _KINDS, read_frame
from crossroute.data.readers.routerbench import PRICES, is_routerbench, join_prompt, read_csv, read_pickle
from crossroute.errors import DataError

HERE = Path(__file__).parent
FRAME = pd.DataFrame(
    {
        "sample_id": ["s.1", "s.2"],
        "prompt": ["['Be brief.', 'What is 2 + 2?']", "plain é"],
        "eval_name": ["sums", "other"],
        "small": [0.0, 0.5],
        "large": [1.0, 0.25],
        "small|model_response": ["['5']", None],
        "small|total_cost": [0.1, 0.2],
        "large|model_response": ["['4']", "x"],
        "large|total_cost": [1.0, 2.0],
        "oracle_model_to_route_to": ["large", "small"],
    }
)


class Call:
    """Pickles as a call of a function with arguments."""

    def __init__(self, function: Callable[..., Any], *args: object) -> None:
        self.call = (function, args)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.call


def pickled(path: Path, value: object, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(value, protocol))
    return path


def named(module: str, name: str, *, then: bytes = b"") -> bytes:
    """A pickle that names a global outright, as none that `pickle.dumps` writes would."""
    both = b"".join(b"\x8c" + bytes([len(part)]) + part.encode() for part in (module, name))
    return b"\x80\x04" + both + b"\x93" + then + b"."


def assert_as_published(outcomes: Outcomes) -> None:
    assert outcomes.query_ids == ("s.1", "s.2")
    assert outcomes.texts == ("Be brief.\nWhat is 2 + 2?", "plain é")
    assert outcomes.tasks == ("sums", "other")
    assert outcomes.pool.names == ("small", "large")
    np.testing.assert_array_equal(outcomes.quality, [[0.0, 1.0], [0.5, 0.25]])
    np.testing.assert_array_equal(outcomes.cost, [[0.1, 1.0], [0.2, 2.0]])


@pytest.mark.parametrize("version", ["1.5.3", "2.2.3"])
def test_a_pickle_that_an_older_pandas_wrote_is_read(version: str):
    assert_as_published(read_pickle(HERE / f"pandas-{version}.pkl"))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("texts", ["default", "object", "string[pyarrow]", "string[python]"])
def test_a_pickle_that_this_pandas_wrote_is_read(tmp_path: Path, protocol: int, texts: str):
    kinds = {} if texts == "default" else dict.fromkeys(("sample_id", "prompt", "eval_name"), texts)
    path = pickled(tmp_path / "routerbench.pkl", FRAME.astype(kinds), protocol)
    assert_as_published(read_pickle(path))


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_mixed_blocks_come_back_with_their_values(tmp_path: Path, protocol: int):
    frame = pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "small": np.array([1, 2, 3], dtype="int8"),
            "yes": [True, False, True],
            "half": np.array([0.5, np.nan, 1.5], dtype="float32"),
            "mixed": pd.Series([1.5, None, np.float64(0.25)], dtype=object),
            "text": ["a", None, "ü"],
            "big": np.array([1.0, 2.0, 3.0], dtype=">f8"),
        }
    )
    frame["added"] = [0.1, 0.2, 0.3]
    cut = pd.concat([frame, frame])[["text", "whole", "small", "yes", "half", "mixed", "big", "added"]]
    columns = read_frame(pickled(tmp_path / "frame.pkl", cut, protocol))
    assert list(columns) == list(cut.columns)
    for name in ("whole", "small", "yes", "half", "big", "added"):
        np.testing.assert_array_equal(np.asarray(columns[name]), cut[name].to_numpy())
    assert list(columns["text"]) == ["a", None, "ü"] * 2
    assert list(columns["mixed"]) == [1.5, None, 0.25] * 2


def test_pandas_is_not_needed_to_read_a_pickle(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert_as_published(read_pickle(HERE / "pandas-1.5.3.pkl"))


MALICIOUS: dict[str, Callable[[Path], object]] = {
    "os.system": lambda mark: Call(os.system, f"touch {mark}"),
    "builtins.eval": lambda mark: Call(eval, f"open({str(mark)!r}, 'w')"),
    "builtins.exec": lambda mark: Call(exec, f"open({str(mark)!r}, 'w')"),
    "builtins.getattr": lambda mark: Call(getattr, Call(open, str(mark), "w"), "close"),
    "functools.partial": lambda mark: Call(functools.partial(os.system, f"touch {mark}")),
    "operator.methodcaller": lambda mark: Call(operator.methodcaller("touch"), mark),
    "numpy.load": lambda mark: Call(np.load, str(mark)),
    "pandas.read_pickle": lambda mark: Call(pd.read_pickle, str(mark)),
    "in a cell": lambda mark: pd.DataFrame(
        {"prompt": pd.Series([Call(os.system, f"touch {mark}")], dtype=object)}
    ),
}


@pytest.mark.parametrize("name", MALICIOUS)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_malicious_pickle_is_refused_and_does_not_run(tmp_path: Path, name: str, protocol: int):
    mark = tmp_path / "was_here"
    path = pickled(tmp_path / "evil.pkl", MALICIOUS[name](mark), protocol)
    with pytest.raises(DataError, match=r"evil\.pkl is not read: it asks for .*It was not run"):
        read_pickle(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("pandas", "DataFrame.eval"),
        ("pandas", "DataFrame.__init__.__globals__"),
        ("numpy", "dtype.__class__"),
        ("builtins", "slice.__class__.__subclasses__"),
        ("numpy", "ndarray.tofile"),
        ("pandas.core.frame", "read_csv"),
        ("builtins", "__import__"),
        ("crossroute.data.readers.pickle_frame", "_KINDS"),
    ],
)
def test_a_dotted_or_neighbouring_name_is_refused(tmp_path: Path, module: str, name: str):
    (tmp_path / "evil.pkl").write_bytes(named(module, name))
    with pytest.raises(DataError, match=rf"it asks for {module}\.{name}, which"):
        read_pickle(tmp_path / "evil.pkl")


@pytest.mark.parametrize(("module", "name"), _KINDS)
def test_no_allowed_name_is_ever_called_or_changed(tmp_path: Path, module: str, name: str):
    # Called with arguments that the real thing would act on, then given a state that would set attributes.
    state = b"N}\x8c\x04kind\x8c\x04evil" + b"s\x86b"
    call = b"\x8c\x07unicode\x8c\x03zip\x86R"
    for number, then in enumerate((call, state, call + state)):
        path = tmp_path / f"{number}.pkl"
        path.write_bytes(named(module, name, then=then))
        with pytest.raises(DataError, match="is not read"):
            read_pickle(path)
    assert_as_published(read_pickle(HERE / "pandas-2.2.3.pkl"))


def test_a_pickle_does_not_import_what_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    real = builtins.__import__

    def watch(name: str, *args: Any, **options: Any) -> Any:
        asked.append(name)
        return real(name, *args, **options)

    path = pickled(tmp_path / "evil.pkl", Call(os.system, "true"))
    monkeypatch.setattr(builtins, "__import__", watch)
    with pytest.raises(DataError):
        read_pickle(path)
    assert not {"os", "posix", "nt"} & set(asked)


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1},
        "text",
        pd.Series([1.0]),
        pd.DataFrame({"a": pd.Categorical(["x", "y"])}),
        pd.DataFrame({"a": pd.to_datetime(["2024-01-01"])}),
        pd.DataFrame({"a": [1 + 2j]}),
    ],
    ids=["dict", "text", "series", "categorical", "dates", "complex"],
)
def test_a_pickle_of_something_else_is_refused(tmp_path: Path, value: object):
    with pytest.raises(DataError, match=r"is not read: it .*Expected a pandas DataFrame"):
        read_pickle(pickled(tmp_path / "other.pkl", value))


def test_a_damaged_pickle_is_refused_wherever_it_is_cut_or_altered(tmp_path: Path):
    whole = (HERE / "pandas-2.2.3.pkl").read_bytes()
    path = tmp_path / "damaged.pkl"
    for end in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:end])
        with pytest.raises(DataError, match="is not read"):
            read_pickle(path)
    rng = np.random.default_rng(0)
    for _ in range(500):
        altered = bytearray(whole)
        altered[rng.integers(len(whole))] = rng.integers(256)
        path.write_bytes(altered)
        with contextlib.suppress(DataError):
            assert len(read_pickle(path)) == 2


def test_the_csv_form_reads_like_the_pickle(tmp_path: Path):
    FRAME.to_csv(tmp_path / "routerbench.csv", index=False)
    assert_as_published(read_csv(tmp_path / "routerbench.csv"))


def test_missing_outcomes_are_nan_and_repeated_ids_are_numbered(tmp_path: Path):
    frame = FRAME.assign(sample_id="s", large=[1.0, None])
    outcomes = read_pickle(pickled(tmp_path / "routerbench.pkl", frame))
    assert outcomes.query_ids == ("s", "s#2")
    assert np.isnan(outcomes.quality[1, 1])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"small": [0.0, 3.0]}, r"row 1, model 'small': quality 3 of candidate 'small' on query 's.2'"),
        ({"large|total_cost": [-1.0, 0.1]}, r"row 0, model 'large': cost_usd -1"),
        ({"small": pd.Series(["good", 1.0], dtype=object)}, r"row 0: small is 'good'. Expected a number"),
        ({"prompt": pd.Series([None, "x"], dtype=object)}, r"row 0: prompt is None, expected a text"),
    ],
)
def test_a_faulty_cell_is_named(tmp_path: Path, changed: dict[str, Any], told: str):
    with pytest.raises(DataError, match=told):
        read_pickle(pickled(tmp_path / "routerbench.pkl", FRAME.assign(**changed)))


def test_a_table_without_the_columns_is_refused(tmp_path: Path):
    for column in ("prompt", "small", "sample_id"):
        with pytest.raises(DataError, match=f"has no column '{column}'"):
            read_pickle(pickled(tmp_path / "routerbench.pkl", FRAME.drop(columns=column)))
    with pytest.raises(DataError, match=r"has no column '<model>\|total_cost'"):
        read_pickle(pickled(tmp_path / "routerbench.pkl", FRAME[["sample_id", "prompt", "eval_name"]]))
    (tmp_path / "short.csv").write_text("sample_id,prompt,eval_name,a,a|total_cost\ns,a, b,sums,1,0.1\n")
    with pytest.raises(DataError, match="line 2: 6 cells under 5 columns"):
        read_csv(tmp_path / "short.csv")


def test_routerbench_is_told_by_its_columns():
    assert is_routerbench(list(FRAME.columns))
    assert not is_routerbench(["text", "candidate", "quality"])


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("['a', 'b']", "a\nb"),
        ('["it\'s"]', "it's"),
        (r"['a\nb']", "a\nb"),
        (r"['\d']", r"\d"),
        ("[1, 2]", "[1, 2]"),
        ("[]", "[]"),
        ("['a', __import__('os')]", "['a', __import__('os')]"),
        ("['open", "['open"),
        ("[" * 5000, "[" * 5000),
        ("no list", "no list"),
    ],
)
def test_a_prompt_is_its_parts_or_else_itself(prompt: str, text: str):
    assert join_prompt(prompt) == text


@pytest.mark.data
def test_every_published_cost_is_a_whole_number_of_tokens_at_the_published_prices(shared_data: Path):
    for name in ("routerbench-5shot", "routerbench-0shot"):
        outcomes = Outcomes.read(shared_data / name)
        assert set(outcomes.pool.names) == set(PRICES)
        for column, candidate in enumerate(outcomes.pool.names):
            price = PRICES[candidate]
            unit = np.gcd(round(price.input * 1000), round(price.output * 1000)) / 1e9
            tokens = outcomes.cost[:, column][outcomes.observed[:, column]] / unit
            np.testing.assert_allclose(tokens, tokens.round(), atol=1e-6)
