"""Measure whether harder requests are routed to the expensive model: python benchmarks/difficulty.py [ROUTER...].

The 360 requests have a stated difficulty (held_out_requests.jsonl: trivial to hard, in 13 languages; length and topic
do not reveal the level). They have another author than the requests to which the bundled router was fitted, and were
used for two choices (docs/benchmarks.md). The claim of a request is the share of dial settings at which it is routed to
the expensive one of two models, averaged over the pairs of dial.py. The tables show: the AUC of claims between the two
easier and the two harder levels, for all requests and by length; Spearman's rank correlation; the share of pairs on one
topic in which the harder request has the higher claim (ties count half); and the share of each level routed to the
expensive model. The same is printed for 80 requests that compute, count or track exactly (held_out_counting.jsonl). For
48 of the 360 requests in eleven further languages (held_out_translations.jsonl, by a third author), the tables show the
AUC, the share of pairs and settings with another choice than for the English text, and the share routed to the
expensive model.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from dial import PAIRS, choose_dear, match_names, share_by_level
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from train_universal import make_queries, read_rows

from crossroute import Query, Router
from crossroute.numeric import Floats

HELD_OUT, COUNTING, TRANSLATED = (
    Path(__file__).with_name(f"held_out_{name}.jsonl") for name in ("requests", "counting", "translations")
)
SETTINGS = np.linspace(0, 1, 21)
SHOWN = (0.3, 0.5, 0.7)
SHORT, LONG = 14, 50
"""Short requests have at most this many words, long ones more."""


def main(routers: Annotated[list[str] | None, typer.Argument(help="Names or folders.")] = None) -> None:
    """Print Markdown tables with one row per router: for all requests, for those that count, and by language."""
    known = [(name, Router.from_pretrained(name)) for name in routers or ["universal"]]
    print_levels(known, read_rows(HELD_OUT))
    print()
    print_levels(known, read_rows(COUNTING))
    print()
    print_languages(known)


def print_levels(routers: Sequence[tuple[str, Router]], rows: list[dict[str, Any]]) -> None:
    """Print how well each router separates requests of different difficulty."""
    level = np.array([row["level"] for row in rows])
    words = np.array([len(row["text"].split()) for row in rows])
    parts = (level >= 0, words <= SHORT, words > LONG)
    print(
        "| router | AUC | short | long | rank correlation | one topic | "
        f"{' | '.join(f'to the dear at {each}, by level' for each in SHOWN)} |\n|---{'|---' * (5 + len(SHOWN))}|"
    )
    for name, router in routers:
        chosen = choose_all(router, make_queries(rows))  # (pairs, settings, n)
        claim = chosen.mean(axis=(0, 1))
        areas = [compute_auc(claim[part], level[part]) for part in parts]
        shares = [share_by_level(chosen[:, np.isclose(SETTINGS, each)], level) for each in SHOWN]
        ranks = f"{spearmanr(claim, level)[0]:.3f}"
        print(f"| {' | '.join([name, *areas, ranks, f'{compute_order(rows, claim):.1%}', *shares])} |")


def print_languages(routers: Sequence[tuple[str, Router]]) -> None:
    """Print how each router treats requests in other languages, compared with the same in English."""
    translated = read_rows(TRANSLATED)
    languages = sorted({row["language"] for row in translated})
    print(f"| router | what | en | {' | '.join(languages)} |\n|---|---{'|---' * (1 + len(languages))}|")
    places = sorted({row["id"] for row in translated})
    english = {row["id"]: row for row in read_rows(HELD_OUT)}
    level = np.array([english[place]["level"] for place in places])
    said = {"en": {place: english[place]["text"] for place in places}} | {
        each: {row["id"]: row["text"] for row in translated if row["language"] == each} for each in languages
    }
    for name, router in routers:
        chosen = {
            each: choose_all(router, [Query.of_call(texts[place]) for place in places])
            for each, texts in said.items()
        }
        same = chosen["en"]
        cells = {
            "AUC": [compute_auc(each.mean(axis=(0, 1)), level) for each in chosen.values()],
            "choices that differ": [f"{(each != same).mean():.1%}" for each in chosen.values()],
            "to the dear one": [f"{each.mean():.1%}" for each in chosen.values()],
        }
        for what, values in cells.items():
            print(f"| {name} | {what} | {' | '.join(values)} |")


def compute_auc(claim: Floats, level: npt.NDArray[np.integer]) -> str:
    """Return the AUC of claims between the two easier and the two harder levels; empty if one group is missing."""
    hard = level >= 2
    return "–" if hard.all() or not hard.any() else f"{roc_auc_score(hard, claim):.3f}"


def choose_all(router: Router, queries: list[Query]) -> npt.NDArray[np.bool_]:
    """Return whether each request is routed to the expensive model, shape (pairs, settings, n)."""
    found = []
    for pair in PAIRS:
        two = router.subset(match_names(router, pair))
        found.append([choose_dear(two, queries, float(each)) for each in SETTINGS])
    return np.array(found)


def compute_order(rows: list[dict[str, Any]], claim: Floats) -> float:
    """Return the share of pairs on one topic in which the harder request has the higher claim."""

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
