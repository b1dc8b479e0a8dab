"""Read a pickled pandas DataFrame as data: nothing that the pickle names is imported or called.

A pickle is a program that calls functions by name. The usual defence, a list of permitted names, still gives the
pickle real pandas and NumPy objects, and it can set their state at will. Here each permitted name becomes an inert
record of its arguments, and any other name is an error. The columns are then rebuilt from the records, with checks.
So pandas need not be installed, and pickles of pandas 1.5, 2.2 and 3.1 are read alike.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from crossroute.errors import DataError, one_line, require_extra

Values = Sequence[Any] | npt.NDArray[Any]

_KINDS = {
    ("pandas", "DataFrame"): "frame",
    ("pandas.core.frame", "DataFrame"): "frame",
    ("pandas.core.internals.managers", "BlockManager"): "blocks",
    ("pandas._libs.internals", "_unpickle_block"): "block",
    ("pandas.core.internals.blocks", "new_block"): "block",
    ("pandas.core.indexes.base", "_new_Index"): "index",
    ("pandas", "Index"): "name",
    ("pandas.core.indexes.base", "Index"): "name",
    ("pandas", "RangeIndex"): "name",
    ("pandas.core.indexes.range", "RangeIndex"): "name",
    ("pandas", "StringDtype"): "name",
    ("pandas.core.arrays.string_", "StringDtype"): "name",
    ("pandas", "NA"): "missing",
    ("pandas._libs.missing", "NA"): "missing",
    ("pandas._libs.missing", "_NA"): "missing",
    ("pandas.arrays", "ArrowStringArray"): "arrow strings",
    ("pandas.core.arrays.string_arrow", "ArrowStringArray"): "arrow strings",
    ("pandas.arrays", "StringArray"): "name",
    ("pandas.core.arrays.string_", "StringArray"): "name",
    ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"): "backed",
    ("pyarrow.lib", "_restore_array"): "arrow",
    ("pyarrow.lib", "chunked_array"): "chunks",
    ("pyarrow.lib", "type_for_alias"): "arrow type",
    ("pyarrow.lib", "py_buffer"): "bytes",
    ("numpy", "dtype"): "dtype",
    ("numpy", "ndarray"): "name",
    ("numpy.core.multiarray", "_reconstruct"): "array",
    ("numpy._core.multiarray", "_reconstruct"): "array",
    ("numpy.core.numeric", "_frombuffer"): "buffer",
    ("numpy._core.numeric", "_frombuffer"): "buffer",
    ("numpy.core.multiarray", "scalar"): "scalar",
    ("numpy._core.multiarray", "scalar"): "scalar",
    ("builtins", "slice"): "slice",
    ("__builtin__", "slice"): "slice",
    ("builtins", "bytearray"): "bytes",
    ("__builtin__", "bytearray"): "bytes",
    ("builtins", "bytes"): "bytes",
    ("__builtin__", "bytes"): "bytes",
    ("_codecs", "encode"): "bytes",
}
"""Permitted (module, name) -> the kind of record that represents it."""

_MALFORMED = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    OverflowError,
    RecursionError,
    MemoryError,
)


class _Record:
    """An object in a pickle: its kind, the arguments of its constructor, and its state."""

    kind = ""
    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: object) -> _Record:
        record = super().__new__(cls)
        record.args, record.state = args, None
        return record

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> type[_Record]:
        if (module, name) not in _KINDS:
            raise DataError(f"it asks for {module}.{name}, which no table of outcomes needs. It was not run")
        # A new class for each request, so that nothing that a pickle sets on it outlives the pickle.
        return type("_Record", (_Record,), {"kind": _KINDS[module, name]})


def read_frame(path: Path) -> dict[str, Values]:
    """Read the columns of a pickled DataFrame.

    Raises:
        DataError: The pickle names something that is not permitted, or does not contain a plain DataFrame.
    """
    try:
        with path.open("rb") as file:
            return _read_columns(_Unpickler(file).load())
    except _MALFORMED as error:
        reason = one_line(error) or type(error).__name__
        raise DataError(
            f"{path} is not read: {reason}. Expected a pandas DataFrame of texts and numbers, as RouterBench "
            "publishes it; save anything else as CSV or JSONL."
        ) from None


def _read_columns(frame: object) -> dict[str, Values]:
    manager = _expect(_expect(frame, "frame").state["_mgr"], "blocks")
    blocks, axes = manager.args[:2]
    labels = [str(label) for label in _read_values(_expect(axes[0], "index").args[1]["data"])]
    columns: dict[str, Values] = {}
    for block in blocks:
        content, placement = _expect(block, "block").args[:2]
        values = _read_values(content)
        rows = list(values) if isinstance(values, np.ndarray) and values.ndim == 2 else [values]
        columns.update(
            zip([labels[place] for place in _read_places(placement, len(labels))], rows, strict=True)
        )
    if len(columns) != len(labels) or len({len(column) for column in columns.values()}) > 1:
        raise ValueError("its columns have different lengths or the same name")
    return {label: columns[label] for label in labels}


def _expect(node: object, *kinds: str) -> _Record:
    if not isinstance(node, _Record) or node.kind not in kinds:
        found = node.kind if isinstance(node, _Record) else type(node).__name__
        raise ValueError(f"it holds a {found} where a {' or '.join(kinds)} is due")
    return node


def _read_places(placement: object, size: int) -> Iterable[int]:
    """Return the positions of a block's columns in the frame."""
    record = _expect(placement, "slice", "array", "buffer")
    if record.kind == "slice":
        return range(size)[slice(*record.args)]
    return cast("list[int]", _read_values(record).tolist())  # type: ignore[union-attr]


def _read_values(node: object) -> Values:
    """Return the texts or numbers of one block."""
    record = _expect(node, "array", "buffer", "arrow strings", "arrow", "chunks", "backed")
    if record.kind == "array":
        return _read_array(*record.state[1:5])
    if record.kind == "buffer":
        return _read_buffer(*record.args)
    if record.kind == "arrow strings":
        state = record.state
        return _read_values(state["_pa_array"] if "_pa_array" in state else state["_data"])
    if record.kind == "chunks":
        return [value for chunk in record.args[0] for value in _read_values(chunk)]
    if record.kind == "backed":
        return _read_values(
            next(part for part in record.state if getattr(part, "kind", "") in ("array", "buffer"))
        )
    return _read_arrow(*record.args[0][:5])


def _read_array(shape: tuple[int, ...], dtype: object, fortran: bool, content: object) -> Values:
    kind = _read_dtype(dtype)
    if kind.hasobject:
        cells = np.fromiter(
            _unwrap_cells(cast("list[object]", content)), dtype=object, count=math.prod(shape)
        )
        return cells.reshape(shape)
    return np.frombuffer(_read_bytes(content), dtype=kind).reshape(shape, order="F" if fortran else "C")


def _read_buffer(
    content: object, dtype: object, shape: tuple[int, ...], order: str, axes: tuple[int, ...] | None = None
) -> Values:
    flat = np.frombuffer(_read_bytes(content), dtype=_read_dtype(dtype))
    if order == "K" and axes is not None:
        return flat.reshape(shape).transpose(axes)
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _read_arrow(kind: object, length: int, nulls: int, offset: int, buffers: Sequence[object]) -> Values:
    """Rebuild a pyarrow array of strings; pyarrow checks that the buffers hold what they claim."""
    with require_extra("Reading a pickled column of pyarrow", "train"):
        import pyarrow as pa

    alias = _expect(kind, "arrow type").args[0]
    if alias not in ("string", "large_string"):
        raise ValueError(f"it holds a column of the type {alias}")
    parts = [None if buffer is None else pa.py_buffer(_read_bytes(buffer)) for buffer in buffers]
    array = pa.Array.from_buffers(pa.type_for_alias(alias), length, parts, nulls, offset)
    array.validate(full=True)
    return cast("list[str | None]", array.to_pylist())


def _read_dtype(node: object) -> np.dtype[Any]:
    """Return a dtype of plain numbers or objects; the state of other dtypes could access arbitrary memory."""
    record = _expect(node, "dtype")
    order = record.state[1] if record.state else "="
    if re.fullmatch(r"O8?", record.args[0]):
        return np.dtype(object)
    if not re.fullmatch(r"b1|[iuf][248]|[iu]1", record.args[0]) or order not in "<>|=":
        raise ValueError(f"it holds a column of the type {record.args[0]!r}")
    name: str = order + record.args[0]
    return np.dtype(name)


def _read_bytes(node: object) -> bytes | bytearray:
    if isinstance(node, bytes | bytearray):
        return node
    args = _expect(node, "bytes").args
    if not args:
        return b""
    return args[0].encode("latin-1") if isinstance(args[0], str) else _read_bytes(args[0])


def _unwrap_cells(cells: Iterable[object]) -> Iterable[object]:
    """Replace the records in cells, which are pandas' missing value and NumPy's scalars."""
    for cell in cells:
        if isinstance(cell, _Record) and cell.kind == "scalar":
            yield np.frombuffer(_read_bytes(cell.args[1]), dtype=_read_dtype(cell.args[0]))[0]
        elif isinstance(cell, _Record | type):
            if getattr(cell, "kind", "") != "missing":
                raise ValueError(f"it holds a {getattr(cell, 'kind', 'class')} in a cell")
            yield None
        else:
            yield cell
