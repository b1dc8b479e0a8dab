"""Train routers on few outcomes: compare `crossroute train` with training from nothing and the best constant.

    python benchmarks/few_rows.py [--sizes 50,100,200,500] [--draws 3] [--set NAME ...] [--out FOLDER]

Each draw has a number of random train and validation queries. The figures are AIQ on at most 600 test queries, minus
that of the constant choice. The starting router is `universal`, trained as in unseen.py without the set (for
RouterBench, without both sets, which share queries). Draws are stored, so that an interrupted run resumes.
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
from design import select_complete
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
    sizes: Annotated[str, typer.Option(help="Numbers of training rows.")] = "50,100,200,500",
    draws: Annotated[int, typer.Option(help="Draws of each size.")] = 3,
    only: Annotated[list[str] | None, typer.Option("--set", help="By default all five.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder of draws and starting routers.")] = Path(
        "figures"
    ),
) -> None:
    """Print a row for each set and size."""
    torch.set_num_threads(1)
    print("| set | rows | constant | from nothing | `train` | worst draw | under the noise | taken |")
    print("|---|---|---|---|---|---|---|---|")
    for name in only or SETS:
        outcomes, start = select_complete(DATA / name), load_start(name, folder)
        for size in map(int, sizes.split(",")):
            kept = folder / "few-rows"
            rows = [
                load_draw(outcomes, start, size, seed, kept / f"{name}-{size}-{seed}.json")
                for seed in range(draws)
            ]
            print(format_row(name, size, rows), flush=True)


def load_start(name: str, folder: Path) -> Router:
    """Return the router trained without the set, from disk if it is stored."""
    without = ROUTERBENCH if name in ROUTERBENCH else (name,)
    place = folder / "unseen" / "routers" / "+".join(without)
    return Router.from_pretrained(place) if (place / "config.json").exists() else train(place, without, QUICK)


def draw(outcomes: Outcomes, size: int, seed: int) -> tuple[Outcomes, Outcomes]:
    """Return random training queries, and test queries."""
    is_test = np.array(outcomes.splits) == "test"
    learned = np.random.default_rng(seed).permutation(np.flatnonzero(~is_test))[:size]
    own = outcomes.take(learned)
    return replace(own, splits=("train",) * len(own)), outcomes.take(np.flatnonzero(is_test)[:MOST_TESTED])


def load_draw(outcomes: Outcomes, start: Router, size: int, seed: int, path: Path) -> Row:
    """Return the results of a draw, from disk if they are stored."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(measure(outcomes, start, size, seed), indent=1) + "\n")
    found: Row = json.loads(path.read_text())
    return found


def measure(outcomes: Outcomes, start: Router, size: int, seed: int) -> Row:
    """Return the results of each way of training on test queries."""
    learned, tested = draw(outcomes, size, seed)
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


def format_row(name: str, size: int, rows: list[Row]) -> str:
    """Format a row of the table: means over draws, with their standard deviation."""
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
