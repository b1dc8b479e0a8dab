"""A file of queries routed by a Ray cluster into a folder of decisions; here, a cluster of this machine alone.

On a cluster, with file and folder where every machine sees them:
    ray job submit -- python examples/ray_cluster.py s3://bucket/queries.parquet s3://bucket/routed
"""

import sys
import tempfile
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq

from crossroute import Router
from crossroute.batch.cluster import route_file_on_cluster
from crossroute.batch.run import Batch, DialSettings
from crossroute.batch.texts import locate

QUERIES = [
    "What is the capital of Peru?",
    "Prove that there are infinitely many primes of the form 4k + 3.",
    "Translate 'good morning' into French.",
    "Find the bug: def mean(xs): return sum(xs) / len(xs) if xs else 0 / 0",
] * 25


def main(source: str, folder: str) -> None:
    """Route a file, and print how often each model was chosen."""
    router = Router.from_pretrained("universal").subset(["gpt-4o-mini", "gpt-5-mini", "claude-opus-4-5"])
    batch = Batch(locate(source), locate(folder), block=50)
    route_file_on_cluster(
        router, batch, DialSettings(cost_preference=0.2), lambda rows: print(f"{rows} queries routed")
    )
    chosen: Counter[str] = Counter()
    for part in sorted(batch.folder.glob("part-*"), key=str):
        with part.open("rb") as file:
            chosen.update(pq.read_table(file)["candidate"].to_pylist())
    for name, count in chosen.most_common():
        print(f"  {name}: {count}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(*sys.argv[1:])
    else:
        with tempfile.TemporaryDirectory() as scratch:
            pq.write_table(pa.table({"text": QUERIES}), f"{scratch}/queries.parquet")
            main(f"{scratch}/queries.parquet", f"{scratch}/routed")
