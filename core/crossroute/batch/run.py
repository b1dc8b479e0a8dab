"""A file of queries -> a folder of decisions, block by block, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crossroute.batch.texts import Columns, check_form, read_blocks, write_block, write_whole
from crossroute.errors import DataError
from crossroute.query import Query
from crossroute.routing.policy import Constraints
from crossroute.routing.router import Router

BLOCK = 16_384
"""Rows of a block: what is lost, at most, when a run is stopped."""

PLAN = "plan.json"
_DIFFERS = {
    "bytes": "version of the source",
    "column": "column of texts",
    "block": "size of blocks",
    "runs": "reading of its texts, as calls or as agents' runs",
}


@dataclass(frozen=True, eq=False)
class DialSettings:
    """How to decide every query of a file; arguments of `Router.route_columns`.

    Attributes:
        runs: Whether each text is a task for an agent's whole run; else it is one call.
    """

    cost_preference: float | None = None
    willingness_to_pay: float | None = None
    constraints: Constraints | None = None
    runs: bool = False


@dataclass(frozen=True, eq=False)
class Batch:
    """A file to route, and the folder that its blocks go to.

    Attributes:
        source: A .parquet, .jsonl or .csv file; a path of `texts.locate`.
        folder: Holds plan.json and a file a block, of the source's form: part-00000.parquet, ...
        column: What the source calls the texts.
        block: Rows of a block.
    """

    source: Path
    folder: Path
    column: str = "text"
    block: int = BLOCK

    def part(self, number: int) -> Path:
        """Return the path of a block."""
        return self.folder / f"part-{number:05d}{check_form(self.source)}"

    def begin(self, router: Router, dial: DialSettings) -> None:
        """Make the folder, or take up what an earlier run left of the same file, router and dial.

        Raises:
            DataError: The folder holds another run, or the file has no such column.
        """
        next(read_blocks(self.source, self.column, 1), None)  # refused before there is anything to clear away
        plan = self._plan(router, dial)
        path = self.folder / PLAN
        if path.exists():
            former = json.loads(path.read_text("utf-8"))
            other = [name for name in plan if former.get(name) != plan[name]]
            if other and any(self.folder.glob("part-*")):
                raise DataError(
                    f"{self.folder} holds another run, of another {_DIFFERS.get(other[0], other[0])}: it cannot be "
                    "gone on with. Choose another folder, or delete this one."
                )
            if not other:
                return
        elif self.folder.exists() and any(not path.name.startswith(".") for path in self.folder.iterdir()):
            raise DataError(f"{self.folder} is not empty, and holds no run. Choose another folder.")
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, (json.dumps(plan, indent=1) + "\n").encode())

    def pending(self) -> Iterator[tuple[int, list[str | None]]]:
        """Yield number and texts of each block that is not there yet."""
        for number, texts in enumerate(read_blocks(self.source, self.column, self.block)):
            if not self.part(number).exists():
                yield number, texts

    def missing(self, blocks: int) -> list[int]:
        """Return the numbers of those of so many blocks that are not there yet."""
        there = {path.name for path in self.folder.iterdir()}
        return [number for number in range(blocks) if self.part(number).name not in there]

    def _plan(self, router: Router, dial: DialSettings) -> dict[str, Any]:
        stat = self.source.stat()
        constraints = dial.constraints
        return {
            "source": self.source.name,
            "bytes": stat.st_size,
            "column": self.column,
            "block": self.block,
            "candidates": list(router.pool.names),
            "router": router.predictor.digest,
            "dial": [
                dial.cost_preference,
                dial.willingness_to_pay,
                list(router.dial.willingness_to_pay),
            ],
            "constraints": None if constraints is None else constraints.model_dump_json(),
            "runs": dial.runs,
        }


def route_file(
    router: Router,
    batch: Batch,
    dial: DialSettings,
    on_block: Callable[[int], None] = lambda _: None,
) -> None:
    """Route every query of a file; blocks that an earlier run finished are not done twice.

    Args:
        router: The router.
        batch: The file, and where its blocks go.
        dial: How to decide.
        on_block: Called with the number of rows of each block that was written.
    """
    batch.begin(router, dial)
    for number, texts in batch.pending():
        write_block(batch.part(number), route_block(router, texts, dial, number * batch.block))
        on_block(len(texts))


def route_block(router: Router, texts: Sequence[str | None], dial: DialSettings, first: int) -> Columns:
    """Return the columns of a block: row, candidate, and what is predicted of it; None where nothing is chosen.

    Args:
        router: The router.
        texts: Of the queries; one that is empty is routed to none.
        dial: How to decide.
        first: The row of the file that the block begins with.
    """
    asked = [row for row, text in enumerate(texts) if text and text.strip()]
    routed = router.route_columns(
        (Query(text, one_call=not dial.runs) for text in texts if text and text.strip()),
        cost_preference=dial.cost_preference,
        willingness_to_pay=dial.willingness_to_pay,
        constraints=dial.constraints,
    )
    columns: dict[str, list[Any]] = {"row": list(range(first, first + len(texts)))}
    columns["candidate"] = _spread(routed.names, asked, len(texts))
    for name in ("quality", "cost", "reward", "error"):
        values = getattr(routed, name)
        told = [None if np.isnan(value) else value for value in values.tolist()]
        columns[name] = _spread(told, asked, len(texts))
    return columns


def _spread(values: Sequence[Any], rows: Sequence[int], size: int) -> list[Any]:
    """Return values at their rows, and None at the others."""
    whole: list[Any] = [None] * size
    for row, value in zip(rows, values, strict=True):
        whole[row] = value
    return whole
