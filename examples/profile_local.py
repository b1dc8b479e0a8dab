"""Profile two models on this machine on the calibration set, and route between them: no key, no cost.

    python examples/profile_local.py --limit 26        some minutes; all 260 queries take about half an hour
    python examples/profile_local.py                   goes on from there, as after an interruption

Needs the packages that local_models.py names.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

import numpy as np
from crossroute import Candidate, Outcomes, Router, profile_model
from crossroute.profiler.answerers import Answerer
from crossroute.profiler.answers_file import read_rows
from crossroute.profiler.questions import calibration_set
from crossroute import ProfilingSettings
from crossroute.profiler.cards import (
    Card,
    among,
    answers_path,
    build_card,
    profiled_outcomes,
    write_card,
)

import local_models

PREFERENCES = (0.0, 0.5, 1.0)


def main() -> None:
    """Profile both models, then say what each can do and which queries a router gives it."""
    wanted = arguments()
    local_models.require()
    models = {"smollm2": local_models.smollm2, "gemma3": local_models.gemma3}
    cards = [profile(name, model, wanted) for name, model in models.items()]
    names = [card.candidate.name for card in cards]
    print("\n".join(by_skill(cards)))
    universal = Router.from_pretrained("universal")
    print("\n".join(routed(universal, profiled_outcomes(names, wanted.folder))))
    router = among(universal, names, wanted.folder)
    for question in ("What is the capital of Peru?", "What is 17 * 23?"):
        print(f"\n{question}", fill(router.route(question, cost_preference=0).explain(), 80), sep="\n")


def arguments() -> Namespace:
    """Read how many queries are asked, and where the answers are kept."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--limit", type=int, default=len(calibration_set()), help="queries for each model")
    parser.add_argument("--folder", type=Path, default=Path("local_profiles"), help="where answers are kept")
    return parser.parse_args()


def profile(name: str, model: Answerer, wanted: Namespace) -> Card:
    """Ask one model what it has not answered yet, and keep its card."""
    file = answers_path(name, wanted.folder)
    queries = calibration_set()[: max(wanted.limit, len(read_rows(file)))]
    profile_model(
        model,
        name=name,
        price=local_models.PRICES[name],
        queries=queries,
        file=file,
        settings=ProfilingSettings(concurrency=1),
        on_answer=lambda at: print(f"{name}: {at.answered} of {at.wanted}, quality {at.quality:.2f}"),
    )
    candidate = Candidate(name=name, price=local_models.PRICES[name])
    card = build_card(candidate, "calibration set", read_rows(file))
    write_card(card, wanted.folder)
    return card


def by_skill(cards: Sequence[Card]) -> list[str]:
    """Return a table of the mean quality by skill."""
    skills = sorted({skill for card in cards for skill in card.quality})
    rows = [f"{'':16}" + "".join(f"{card.candidate.name:>10}" for card in cards)]
    for skill in skills:
        rows.append(
            f"{skill:16}" + "".join(f"{card.quality.get(skill, float('nan')):10.2f}" for card in cards)
        )
    return rows


def routed(universal: Router, outcomes: Outcomes) -> list[str]:
    """Return what a router does with every other query that was profiled on the queries between."""
    router = universal.over(universal.profile(outcomes.take(range(0, len(outcomes), 2))))
    asked = outcomes.take(range(1, len(outcomes), 2))
    rows = [f"\nprofiled on {len(outcomes) - len(asked)} queries, routing {len(asked)} others"]
    for column, name in enumerate(asked.pool.names):
        rows.append(told(f"{name} alone", asked, np.full(len(asked), column)))
    for preference in PREFERENCES:
        chosen = [
            decision.candidate for decision in router.route_many(asked.texts, cost_preference=preference)
        ]
        columns = np.array([asked.pool.names.index(name) for name in chosen])
        rows.append(told(f"cost preference {preference:g}", asked, columns))
    return rows


def told(what: str, asked: Outcomes, columns: np.ndarray) -> str:
    """Say what a choice, a column for each query, comes to."""
    rows = np.arange(len(asked))
    shares = ", ".join(
        f"{np.mean(columns == column):.0%} {name}" for column, name in enumerate(asked.pool.names)
    )
    quality, cost = asked.quality[rows, columns].mean(), asked.cost[rows, columns].mean()
    return f"{what:19} quality {quality:.3f} for ${cost * 1000:.4f} per 1,000: {shares}"


if __name__ == "__main__":
    main()
