"""Queries routed by other frameworks over partitions of a data frame: python examples/data_frames.py dask|daft|spark.

Each needs its package: `dask[dataframe]`, `daft`, or `pyspark` and Java. Without a name, pandas alone. What a cluster
chooses is compared with what one call of `route_columns` here does.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from crossroute import Query, Router

TEXTS = [f"What is {number} times {number + 1}?" for number in range(50)]
TEXTS += ["Prove that there are infinitely many primes of the form 4k + 3."] * 50
COLUMNS = "text string, candidate string, quality double, cost double"


def load() -> Router:
    """Return the router."""
    names = ["gpt-4o-mini", "gpt-5-mini", "claude-opus-4-5"]
    return Router.from_pretrained("universal").subset(names)


def routed(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield the data frames of a partition with what was chosen for their texts; the router is loaded once for all."""
    router = load()
    for part in parts:
        found = router.route_columns(map(Query.of_call, part["text"]), cost_preference=0.3)
        yield part.assign(
            candidate=np.array(found.names, dtype=object), quality=found.quality, cost=found.cost
        )


def by_pandas(path: str) -> list[str]:
    """Return what is chosen for a file's queries."""
    return list(next(routed(iter([pd.read_parquet(path)])))["candidate"])


def by_spark(path: str) -> list[str]:
    """Return the same by Spark."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    return list(spark.read.parquet(path).mapInPandas(routed, COLUMNS).toPandas()["candidate"])


def by_dask(path: str) -> list[str]:
    """Return the same by Dask."""
    import dask.dataframe

    frame = dask.dataframe.read_parquet(path)
    columns = next(routed(iter([frame.head(1)]))).iloc[:0]
    return list(
        frame.map_partitions(lambda part: next(routed(iter([part]))), meta=columns).compute()["candidate"]
    )


def by_daft(path: str) -> list[str]:
    """Return the same by Daft."""
    import daft

    def choose(texts: daft.Series) -> list[str | None]:
        return list(load().route_columns(map(Query.of_call, texts.to_pylist()), cost_preference=0.3).names)

    candidate = daft.func.batch(return_dtype=daft.DataType.string())(choose)
    chosen = daft.read_parquet(path).with_column("candidate", candidate(daft.col("text")))
    return list(chosen.to_pydict()["candidate"])


WAYS: dict[str, Callable[[str], list[str]]] = {
    "pandas": by_pandas,
    "spark": by_spark,
    "dask": by_dask,
    "daft": by_daft,
}


def main(framework: str = "pandas") -> None:
    """Print how often each model was chosen."""
    with tempfile.TemporaryDirectory() as scratch:
        path = f"{scratch}/queries.parquet"
        pd.DataFrame({"text": TEXTS}).to_parquet(path)
        chosen = WAYS[framework](path)
    same = chosen == list(load().route_columns(map(Query.of_call, TEXTS), cost_preference=0.3).names)
    print(f"{framework}: {len(chosen)} queries, {'as' if same else 'not as'} by one call here")
    for name, count in Counter(chosen).most_common():
        print(f"  {name}: {count}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
