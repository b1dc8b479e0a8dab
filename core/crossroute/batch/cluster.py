"""A file of queries -> a folder of decisions, by the machines of a Ray cluster: the blocks of `run`, byte for byte.

Ray Data hands stretches of blocks to a pool of actors that each hold the router. An actor reads its stretch from the
source itself and writes each block as soon as it is routed, so that neither texts nor decisions pass the driver. A
block that is there is not done again: not by the actor that takes up a lost machine's stretch, nor by the next run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from crossroute.batch.run import Batch, DialSettings, route_block
from crossroute.batch.texts import check_form, count_rows, read_blocks, write_block
from crossroute.cluster import connect, raise_worker_errors
from crossroute.errors import DataError
from crossroute.routing.router import Router

STRETCH = 8
"""Blocks of one task, at most: its row group is read anew for each."""


def route_file_on_cluster(
    router: Router,
    batch: Batch,
    dial: DialSettings,
    on_block: Callable[[int], None] = lambda _: None,
    *,
    address: str | None = None,
    actors: int | None = None,
) -> None:
    """Do what `route_file` does, on a cluster; each may go on with what the other began.

    Args:
        router: The router; it is sent to the actors.
        batch: A parquet file, and where its blocks go: both where every machine sees them.
        dial: How to decide.
        on_block: Called with the rows of each stretch that was written.
        address: As of `connect`.
        actors: Routers at once, at most; by default as many as the cluster has CPUs for.

    Raises:
        DataError: The file is no parquet, or the folder holds another run.
    """
    if check_form(batch.source) != ".parquet":
        raise DataError(
            f"A cluster reads parquet, and {batch.source} is none: its rows cannot be reached in parts. Convert it."
        )
    batch = replace(batch, source=_make_absolute(batch.source), folder=_make_absolute(batch.folder))
    rows = count_rows(batch.source, batch.column)
    batch.begin(router, dial)
    stretches = list(_group_blocks(batch.missing(-(-rows // batch.block))))
    if not stretches:
        return
    with connect(address) as ray:
        import ray.data as ray_data

        ray_data.DataContext.get_current().enable_progress_bars = False  # on_block tells
        logging.getLogger("ray.data").setLevel("WARNING")
        cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
        first = min(actors or cpus, len(stretches))
        routed = ray_data.from_items(
            [{"first": first, "blocks": blocks} for first, blocks in stretches],
            override_num_blocks=len(stretches),
        ).map_batches(
            Actor,
            fn_constructor_args=(ray.put((router, batch, dial)),),
            batch_size=1,
            num_cpus=1,
            compute=ray_data.ActorPoolStrategy(
                min_size=1, initial_size=first, max_size=actors or max(first, cpus)
            ),
        )
        with raise_worker_errors(ray):
            for row in routed.iter_rows():
                on_block(int(row["rows"]))


class Actor:
    """A router on some machine of the cluster.

    Args:
        job: A reference to the router, the batch and how to decide.
    """

    def __init__(self, job: Any) -> None:
        import ray

        router, batch, dial = ray.get(job)
        self.router: Router = router
        self.batch: Batch = batch
        self.dial: DialSettings = dial

    def __call__(self, stretches: dict[str, Any]) -> dict[str, Any]:
        """Route stretches of blocks; return the rows of each that were routed now."""
        pairs = zip(stretches["first"].tolist(), stretches["blocks"].tolist(), strict=True)
        return {"rows": np.array([self._route(first, blocks) for first, blocks in pairs])}

    def _route(self, first: int, blocks: int) -> int:
        batch, rows = self.batch, 0
        texts = read_blocks(batch.source, batch.column, batch.block, first * batch.block)
        for number, block in zip(range(first, first + blocks), texts, strict=False):
            path = batch.part(number)
            if not path.exists():
                write_block(path, route_block(self.router, block, self.dial, number * batch.block))
                rows += len(block)
        return rows


def _group_blocks(blocks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first block of each stretch of consecutive ones, and how many they are."""
    for _, places in groupby(enumerate(blocks), lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in places]
        for start in range(0, len(numbers), STRETCH):
            yield numbers[start], len(numbers[start : start + STRETCH])


def _make_absolute(place: Path) -> Path:
    return place.absolute() if isinstance(place, Path) else place
