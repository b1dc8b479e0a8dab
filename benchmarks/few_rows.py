"""Routers from few outcomes: what `crossroute train` takes, beside training from nothing and the best constant.

    python benchmarks/few_rows.py ../shared/data [--sizes 50,100,200,500] [--draws 2] [--sets paretobandit,...]

Each draw takes so many train and validation queries at random. AIQ on the set's test queries (600 at most), with half
of the 95 % interval of the paired difference to the constant.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from crossroute import Outcomes, Router, fit, priced, read_outcomes
from crossroute.errors import DataError
from crossroute.training import fit_few
from crossroute.training.few import CONSTANT, compared, constant, shared_out

SETS = ("routerbench-5shot", "routerbench-0shot", "gpt4o-llama-qwen", "paretobandit", "openhands")
MOST_TESTED = 600


def complete(folder: Path) -> Outcomes:
    """Return a set's queries that all of its common candidates answered."""
    outcomes = priced(read_outcomes(folder))
    common = np.flatnonzero(outcomes.observed.mean(0) > 0.9)
    names = [outcomes.pool.names[column] for column in common if tuple(outcomes.pool)[column].price]
    return outcomes.select(names).complete()


def drawn(outcomes: Outcomes, size: int, seed: int) -> Outcomes:
    """Return so many queries to learn from, and test queries."""
    draw = np.random.default_rng(seed)
    is_test = np.array(outcomes.splits) == "test"
    learned = draw.permutation(np.flatnonzero(~is_test))[:size]
    tested = np.flatnonzero(is_test)[:MOST_TESTED]
    return outcomes.take(np.concatenate([learned, tested]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sizes", default="50,100,200,500")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--sets", default=",".join(SETS))
    given = parser.parse_args()
    universal = Router.from_pretrained("universal")
    print(f"{'set':<20} rows  draw  constant  from nothing      train             taken", flush=True)
    taken: Counter[str] = Counter()
    for name in given.sets.split(","):
        outcomes = complete(given.data / name)
        for size in map(int, given.sizes.split(",")):
            for seed in range(given.draws):
                part = drawn(outcomes, size, seed)
                learned = part.take(np.array(part.splits) != "test")
                tested = part.split("test")
                choice = fit_few(replace(learned, splits=("train",) * len(learned)), universal, seed=seed)
                shared = shared_out(learned, seed)
                predictions = {
                    CONSTANT: constant(shared, seed).predict(tested.texts),
                    "train": choice.router.predict(tested.texts),
                }
                with suppress(DataError):  # too few
                    predictions["from nothing"] = fit(shared).predict(tested.texts)
                found = compared(predictions, tested)
                cells = [
                    f"{found[way].gain:+.4f} ±{np.ptp(found[way].gain_interval) / 2:.4f}"
                    if way in found
                    else "-"
                    for way in ("from nothing", "train")
                ]
                taken[choice.way] += 1
                print(
                    f"{name:<20} {size:>4}  {seed:>4}  {found[CONSTANT].aiq:.4f}    {cells[0]:<16}  {cells[1]:<16}  "
                    f"{choice.way}",
                    flush=True,
                )
    print("Taken:", ", ".join(f"{way} {count}" for way, count in taken.most_common()))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
