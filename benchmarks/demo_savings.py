"""Measure the savings of the bundled router for the demo: python benchmarks/demo_savings.py [--write].

The test queries are from sets with recorded costs, over the candidates with outcomes on most queries. "Always" is the
candidate with the highest mean on the set's other queries, the best choice without reading the query. Intervals are
from a paired bootstrap with 2,000 draws. `--write` writes core/crossroute/cli/measured.json.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from universal_sets import load_one

import crossroute.cli
from crossroute import Outcomes, Query, Router
from crossroute.cli.demo import PREFERENCES

FILE = Path(crossroute.cli.__file__).with_name("measured.json")
SETS = {
    "gpt4o-llama-qwen": "questions to GPT-4o, Llama 3, Qwen 2.5",
    "paretobandit": "chat and exams, 4 models of 2025",
    "zoonk": "course writing, models of 2026",
    "openhands": "coding agents' whole runs, models of 2025 and 2026",
}
OF_RUNS = ("openhands",)
DRAWS, SEED, COMMON = 2_000, 3, 0.6


def select_common(outcomes: Outcomes) -> Outcomes:
    """Return the queries with outcomes and costs of all common candidates."""
    known = np.isfinite(outcomes.quality) & np.isfinite(outcomes.cost)
    names = [name for name, share in zip(outcomes.pool.names, known.mean(0), strict=True) if share > COMMON]
    part = outcomes.select(names)
    return part.take((np.isfinite(part.quality) & np.isfinite(part.cost)).all(1))


def measure(universal: Router, name: str) -> dict[str, Any]:
    """Return quality and cost of routing a set's test queries, compared with always using the best candidate."""
    outcomes = select_common(load_one(name))
    is_test = np.array(outcomes.splits) == "test"
    best = int(outcomes.take(~is_test).quality.mean(0).argmax())
    part = outcomes.take(is_test)
    router = universal.subset(part.pool.names)
    queries = [Query(text, one_call=name not in OF_RUNS) for text in part.texts]
    rows = np.arange(len(part))
    draws = np.random.default_rng(SEED).integers(len(part), size=(DRAWS, len(part)))
    base = part.quality[:, best], part.cost[:, best]
    routed = []
    for preference in PREFERENCES:
        decisions = router.route_many(queries, cost_preference=preference)
        chosen = np.array([part.pool.position(each.candidate) for each in decisions])
        quality, cost = part.quality[rows, chosen], part.cost[rows, chosen]
        lost = (quality - base[0])[draws].mean(1)
        saved = 1 - cost[draws].mean(1) / base[1][draws].mean(1)
        routed.append(
            {
                "preference": preference,
                "quality": round(float(quality.mean()), 3),
                "quality_change": [round(float(end), 3) for end in np.quantile(lost, (0.025, 0.975))],
                "usd_per_thousand": float(f"{1000 * cost.mean():.3g}"),
                "saved": round(float(1 - cost.mean() / base[1].mean()), 3),
                "saved_interval": [round(float(end), 3) for end in np.quantile(saved, (0.025, 0.975))],
            }
        )
    return {
        "set": name,
        "about": SETS[name],
        "queries": len(part),
        "candidates": len(part.pool),
        "always": part.pool.names[best],
        "quality": round(float(base[0].mean()), 3),
        "usd_per_thousand": float(f"{1000 * base[1].mean():.3g}"),
        "routed": routed,
    }


def main() -> None:
    """Print a table; with --write, also write the file."""
    universal = Router.from_pretrained("universal")
    found = []
    print(
        "| set | test queries, models | way | quality | change of quality, 95 % | USD per 1,000 | saved, 95 % |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in SETS:
        row = measure(universal, name)
        found.append(row)
        size = f"{name} | {row['queries']}, {row['candidates']}"
        print(f"| {size} | always {row['always']} | {row['quality']:.3f} | | {row['usd_per_thousand']:g} | |")
        for each in row["routed"]:
            change = "{:+.3f} to {:+.3f}".format(*each["quality_change"])
            saved = "{:.0%} ({:.0%} to {:.0%})".format(each["saved"], *each["saved_interval"])
            print(
                f"| | | dial at {each['preference']:g} | {each['quality']:.3f} | {change} "
                f"| {each['usd_per_thousand']:g} | {saved} |",
                flush=True,
            )
    if "--write" in sys.argv:
        text = json.dumps({"as_of": date.today().isoformat(), "sets": found}, indent=1)
        FILE.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
