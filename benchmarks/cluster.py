"""Time many queries, and measure the gain by a second node of a Ray cluster: python benchmarks/cluster.py [TURNS].

First, the CPU time of a block in one process, which depends little on other load, extrapolated to 100 million queries.
Then, unless TURNS is 0, two nodes with one CPU each on this machine: one and two routers alternately process a file of
distinct short queries. The time starts with the first finished block, so that starting Ray and loading the router do
not count. This needs two idle CPUs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from ray.cluster_utils import Cluster
from speed import make_text

from crossroute import Router
from crossroute.batch.cluster import STRETCH, route_file_on_cluster
from crossroute.batch.run import Batch, DialSettings, route_block

TURNS = 3
BLOCK = 4_096
STRETCHES = 12
WORDS, LONG = 8, 120
SAMPLE, REPEATS = 4_096, 5
MANY = 100_000_000


def main() -> None:
    """Print both tables."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else TURNS
    router = Router.from_pretrained("routerbench")
    print(
        "| words | CPU seconds a million queries | quartiles | 100 million, extrapolated |\n|---|---|---|---|"
    )
    for words in (WORDS, LONG):
        found = np.array([measure_cpu(router, make_queries(SAMPLE, words, seed)) for seed in range(REPEATS)])
        (low, middle, high), million = np.quantile(found, (0.25, 0.5, 0.75)), 1_000_000 / SAMPLE
        hours = middle * MANY / SAMPLE / 3_600
        spread = f"{low * million:.0f} to {high * million:.0f}"
        print(f"| {words} | {middle * million:.0f} | {spread} | {hours:.1f} CPU hours |", flush=True)
    if turns:
        compare_nodes(router, turns)


def compare_nodes(router: Router, turns: int) -> None:
    """Print rows per second with one node and with two, and the ratio."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
    rates: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "queries.parquet"
        pq.write_table(
            pa.table({"text": make_queries(STRETCHES * STRETCH * BLOCK, WORDS, 0)}),
            source,
            row_group_size=BLOCK,
        )
        for turn in range(turns):
            for actors, found in rates.items():
                batch = Batch(source, Path(folder) / f"{turn}-{actors}", block=BLOCK)
                found.append(measure_rate(router, batch, actors))
    ray.shutdown()
    cluster.shutdown()
    told = {actors: float(np.median(found)) for actors, found in rates.items()}
    ratios = np.divide(rates[2], rates[1])
    print("\n| nodes | queries a second |\n|---|---|")
    for actors, each in told.items():
        print(f"| {actors} | {each:,.0f} |")
    print(f"\nTwo against one: {told[2] / told[1]:.2f} ({ratios.min():.2f} to {ratios.max():.2f})")


def make_queries(count: int, words: int, seed: int) -> list[str]:
    """Return distinct queries with a number of words."""
    known = " ".join(make_text(number) for number in range(200)).split()
    drawn = np.random.default_rng(seed).integers(len(known), size=(count, words - 1))
    return [f"{' '.join(known[place] for place in row)} {seed}-{number}" for number, row in enumerate(drawn)]


def measure_cpu(router: Router, texts: list[str]) -> float:
    """Return the CPU seconds of routing texts as a block of a file."""
    begun = time.process_time()
    route_block(router, texts, DialSettings(), 0)
    return time.process_time() - begun


def measure_rate(router: Router, batch: Batch, actors: int) -> float:
    """Return rows per second, from the first finished block to the last."""
    done: list[tuple[float, int]] = []
    route_file_on_cluster(
        router, batch, DialSettings(), lambda rows: done.append((time.perf_counter(), rows)), actors=actors
    )
    (begun, _), (ended, _) = done[0], done[-1]
    return sum(rows for _, rows in done[1:]) / (ended - begun)


if __name__ == "__main__":
    main()
