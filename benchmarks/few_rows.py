"""Routers from few outcomes: what `crossroute train` takes, beside training from nothing and the best constant.

    python benchmarks/few_rows.py [--sizes 50,100,200,500] [--draws 3] [--set NAME ...] [--out FOLDER]

Each draw takes so many train and validation queries at random. AIQ on the set's test queries (600 at most), less the
constant's. The router to go on from is `universal`, trained as for unseen.py without the set (of RouterBench without
both, whose queries are the same), so that it knows no more of the set than of a user's. Every draw is kept: a run that
was cut goes on.
"""

from __future__ import annotations

import json
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from design import complete
from sets import DATA
from train_universal import train
from unseen import QUICK

from crossroute import Outcomes, Router, fit
from crossroute.errors import DataError
from crossroute.training import fit_few
from crossroute.training.few import CONSTANT, FROM_NOTHING, compare_ways, fit_constant, split_randomly

ROUTERBENCH = ("routerbench-5shot", "routerbench-0shot")
SETS = (*ROUTERBENCH, "gpt4o-llama-qwen", "paretobandit", "openhands")
MOST_TESTED = 600
TRAIN = "train"
Row = dict[str, Any]


def main(
    sizes: Annotated[str, typer.Option(help="Rows to learn from.")] = "50,100,200,500",
    draws: Annotated[int, typer.Option(help="Of each size.")] = 3,
    only: Annotated[list[str] | None, typer.Option("--set", help="By default all five.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Where draws and starts are kept.")] = Path("figures"),
) -> None:
    """Print a row for each set and size."""
    torch.set_num_threads(1)
    print("| set | rows | constant | from nothing | `train` | worst draw | under the noise | taken |")
    print("|---|---|---|---|---|---|---|---|")
    for name in only or SETS:
        outcomes, start = complete(DATA / name), started(name, folder)
        for size in map(int, sizes.split(",")):
            kept = folder / "few-rows"
            rows = [
                cell(outcomes, start, size, seed, kept / f"{name}-{size}-{seed}.json")
                for seed in range(draws)
            ]
            print(line(name, size, rows), flush=True)


def started(name: str, folder: Path) -> Router:
    """Return the router that never saw the set, trained once."""
    without = ROUTERBENCH if name in ROUTERBENCH else (name,)
    place = folder / "unseen" / "routers" / "+".join(without)
    return Router.from_pretrained(place) if (place / "config.json").exists() else train(place, without, QUICK)


def drawn(outcomes: Outcomes, size: int, seed: int) -> tuple[Outcomes, Outcomes]:
    """Return so many queries to learn from, and test queries."""
    is_test = np.array(outcomes.splits) == "test"
    learned = np.random.default_rng(seed).permutation(np.flatnonzero(~is_test))[:size]
    own = outcomes.take(learned)
    return replace(own, splits=("train",) * len(own)), outcomes.take(np.flatnonzero(is_test)[:MOST_TESTED])


def cell(outcomes: Outcomes, start: Router, size: int, seed: int, path: Path) -> Row:
    """Return one draw, from disk where it is known."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(measured(outcomes, start, size, seed), indent=1) + "\n")
    found: Row = json.loads(path.read_text())
    return found


def measured(outcomes: Outcomes, start: Router, size: int, seed: int) -> Row:
    """Return what each way comes to on test queries."""
    learned, tested = drawn(outcomes, size, seed)
    choice = fit_few(learned, start, seed=seed)
    shared = split_randomly(learned, seed)
    predictions = {
        CONSTANT: fit_constant(shared, seed).predict(tested.texts),
        TRAIN: choice.router.predict(tested.texts),
    }
    with suppress(DataError):  # too few
        predictions[FROM_NOTHING] = fit(shared).predict(tested.texts)
    standings = compare_ways(predictions, tested)
    told: Row = {way: [each.aiq, each.gain, *each.gain_interval] for way, each in standings.items()}
    return told | {"taken": choice.way, "said": str(choice), "rows": len(learned)}


def line(name: str, size: int, rows: list[Row]) -> str:
    """Return a row of the table: means over draws, with their standard deviation."""
    constant_aiq = np.mean([row[CONSTANT][0] for row in rows])
    cells = []
    for way in (FROM_NOTHING, TRAIN):
        gains = [row[way][1] for row in rows if way in row]
        cells.append(f"{np.mean(gains):+.4f} ± {np.std(gains):.4f}" if gains else "–")
    worst = min(row[TRAIN][1] for row in rows)
    under = sum(row[TRAIN][3] < 0 for row in rows)
    taken = Counter(row["taken"] for row in rows)
    told = ", ".join(f"{way} {count}" for way, count in taken.most_common())
    cells = [name, min(size, rows[0]["rows"]), f"{constant_aiq:.4f}", *cells, f"{worst:+.4f}"]
    return f"| {' | '.join(map(str, cells))} | {under} of {len(rows)} | {told} |"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    typer.run(main)
