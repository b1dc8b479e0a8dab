"""Does the harder request have the greater claim to the dear model? python benchmarks/difficulty.py [ROUTER...].

On 360 requests of stated difficulty (held_out_requests.jsonl: trivial to hard, in 13 languages; neither length nor
topic gives the level away), written by another hand than those that the bundled router was fitted to. They served two
choices (docs/benchmarks.md). A request's claim is the share of the dial's settings at which the dear of two models
gets it, in the mean over the pairs of dial.py. Printed are the AUC of claims between the two easier levels and the
two harder, of all and by length, Spearman's rank correlation, on which share of pairs on one topic the harder has the
greater claim (ties count half), and the share of each level that goes to the dear model.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from dial import PAIRS, by_level, named, to_dear
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from train_universal import queries_of, rows_of

from crossroute import Query, Router
from crossroute.numeric import Floats

HELD_OUT = Path(__file__).with_name("held_out_requests.jsonl")
SETTINGS = np.linspace(0, 1, 21)
SHOWN = (0.3, 0.5, 0.7)
SHORT, LONG = 14, 50
"""Words at most, and more than."""


def main(routers: Annotated[list[str] | None, typer.Argument(help="Names or folders.")] = None) -> None:
    """Print a Markdown table, one row a router."""
    rows = rows_of(HELD_OUT)
    level = np.array([row["level"] for row in rows])
    words = np.array([len(row["text"].split()) for row in rows])
    parts = (level >= 0, words <= SHORT, words > LONG)
    print(
        "| router | AUC | short | long | rank correlation | one topic | "
        f"{' | '.join(f'to the dear at {each}, by level' for each in SHOWN)} |\n|---{'|---' * (5 + len(SHOWN))}|"
    )
    for name in routers or ["universal"]:
        chosen = choices(Router.from_pretrained(name), queries_of(rows))  # (pairs, settings, n)
        claim = chosen.mean(axis=(0, 1))
        areas = [f"{roc_auc_score(level[part] >= 2, claim[part]):.3f}" for part in parts]
        shares = [by_level(chosen[:, np.isclose(SETTINGS, each)], level) for each in SHOWN]
        ranks = f"{spearmanr(claim, level)[0]:.3f}"
        print(f"| {' | '.join([name, *areas, ranks, f'{in_order(rows, claim):.1%}', *shares])} |")


def choices(router: Router, queries: list[Query]) -> npt.NDArray[np.bool_]:
    """Return whether the dear of two models gets each request, shape (pairs, settings, n)."""
    found = []
    for pair in PAIRS:
        two = router.subset(named(router, pair))
        found.append([to_dear(two, queries, float(each)) for each in SETTINGS])
    return np.array(found)


def in_order(rows: list[dict[str, Any]], claim: Floats) -> float:
    """Return on which share of pairs of one topic the harder has the greater claim."""

    def topic(place: int) -> str:
        return str(rows[place]["id"]).rpartition("-")[0]

    won = []
    for _, group in groupby(sorted(range(len(rows)), key=topic), key=topic):
        places = list(group)
        won += [
            (claim[hard] > claim[easy]) + (claim[hard] == claim[easy]) / 2
            for hard in places
            for easy in places
            if rows[hard]["level"] > rows[easy]["level"]
        ]
    return float(np.mean(won))


if __name__ == "__main__":
    typer.run(main)
