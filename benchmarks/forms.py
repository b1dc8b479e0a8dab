"""Measure the evidence in the form and agreement of real answers: python benchmarks/forms.py [--answers FOLDER].

The answers are from `answers.py`. The first table has the weight of each sign of form, from a logistic regression of
correctness on all signs and the length, with an intercept for each candidate and kind; intervals are from resampling
the questions. The second has the share of pairs of wrong answers that agree, by kind, for two models and for one model
with two prompts. The third compares one, two and three calls: priors are means of candidate and kind over the other
folds, the weights of signs and the rates of agreement are fitted outside each fold, and the cost includes all calls, at
assumed prices; results are averaged over three draws of the folds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from agreement import fit_correlation, format_table, play_panel
from answers import CANDIDATES, draw_questions, read

from crossroute import Candidate, Outcomes, Pool, Prediction, Price
from crossroute.escalation.agreement import SAME_WRONG, agreement
from crossroute.escalation.correlation import Correlation
from crossroute.escalation.evidence import Kind, Sign
from crossroute.escalation.form import find_signs
from crossroute.escalation.panel import Panel
from crossroute.escalation.verifier import FLAW_SHIFTS, LENGTH_SHIFT, SIGN_SHIFTS, UNUSUAL_LENGTH
from crossroute.escalation.verifier_training import fit_verifier
from crossroute.metrics.cascades import play
from crossroute.metrics.scores import cost_range, sweep_for
from crossroute.metrics.sweep import Sweep
from crossroute.numeric import Floats

KINDS: tuple[Kind, ...] = ("choice", "number", "text")
SIGNS: tuple[Sign, Sign, Sign, str, str] = ("hedged", "no option", "echoed", "unusual length", "cut off")
PRICES = {"smollm2": Price(input=10, output=20), "gemma3": Price(input=20, output=40)}
FOLDS, SEEDS, DRAWS = 5, 3, 500


class Made:
    """The answers: n questions, m candidates.

    Args:
        folder: Folder of `answers.py`.
    """

    def __init__(self, folder: Path) -> None:
        told = [read(folder / f"{name}.jsonl") for name in CANDIDATES]
        asked = [question.text for question in draw_questions()]
        if any(text not in rows for rows in told for text in asked):
            raise SystemExit(f"{folder} does not contain all answers. Run answers.py, which resumes.")
        every = [[rows[text] for text in asked] for rows in told]
        self.names, self.models = list(CANDIDATES), [way[0] for way in CANDIDATES.values()]
        self.kind = np.array([row["kind"] for row in every[0]])
        self.texts = [row["text"] for row in every[0]]
        self.answers = [[rows[place]["answer"] for rows in every] for place in range(len(self.kind))]
        self.quality, self.logprob, self.tokens = (
            np.array(
                [[np.nan if row[name] is None else float(row[name]) for row in rows] for rows in every]
            ).T
            for name in ("correct", "logprob", "tokens")
        )
        self.cut = np.array([[row["finish"] == "length" for row in rows] for rows in every]).T
        self.same = np.array([self._alike(place) for place in range(len(self.kind))])
        usual = {kind: np.maximum(np.median(self.tokens[self.kind == kind], axis=0), 1) for kind in KINDS}
        self.ratio = self.tokens / np.stack([usual[kind] for kind in self.kind])
        self.signs = np.array([self._signs(place) for place in range(len(self.kind))])  # (n, m, signs)

    @property
    def groups(self) -> npt.NDArray[np.intp]:
        """Index of the combination of candidate and kind of each answer, shape (n, m)."""
        kind = np.array([KINDS.index(each) for each in self.kind])
        return kind[:, None] * len(self.names) + np.arange(len(self.names))

    def _alike(self, place: int) -> list[list[bool]]:
        texts, kind = self.answers[place], self.kind[place]
        return [
            [bool(agreement(one, other, kind=kind, query=self.texts[place])) for other in texts]
            for one in texts
        ]

    def _signs(self, place: int) -> list[list[bool]]:
        found, kind = [], self.kind[place]
        for j, text in enumerate(self.answers[place]):
            signs = find_signs(self.texts[place], text, kind)
            long = not 1 / UNUSUAL_LENGTH <= self.ratio[place, j] <= UNUSUAL_LENGTH
            found.append([*(name in signs for name in SIGNS[:3]), long, bool(self.cut[place, j])])
        return found


def main(folder: Annotated[Path, typer.Option("--answers")] = Path("figures/answers")) -> None:
    """Print three Markdown tables."""
    made = Made(folder)
    print("\n".join(format_worth(made)), "\n".join(format_agreement(made)), format_played(made), sep="\n\n")


def format_worth(made: Made) -> list[str]:
    """Return the table of the weights of signs."""
    everything = np.arange(len(made.kind))
    found = fit_shifts(made, everything)
    random = np.random.default_rng(0)
    draws = [fit_shifts(made, random.choice(everything, len(everything))) for _ in range(DRAWS)]
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    lines = ["| sign | answers | right | right without | log-odds, 95 % |", "|---|---|---|---|---|"]
    for k, name in enumerate(SIGNS):
        shown = made.signs[:, :, k]
        rates = [f"{made.quality[part].mean():.0%}" if part.any() else "–" for part in (shown, ~shown)]
        lines.append(
            f"| {name} | {shown.sum()} | {' | '.join(rates)} | {found[k]:+.2f} ({low[k]:+.2f} to {high[k]:+.2f}) |"
        )
    return lines


def fit_shifts(made: Made, rows: npt.NDArray[np.intp]) -> Floats:
    """Return the weight of each sign in the log-odds of a right answer, shape (signs,)."""
    from sklearn.linear_model import LogisticRegression

    groups = np.eye(len(KINDS) * len(made.names))[made.groups[rows].ravel()]
    # the intercepts have a smaller penalty
    told = np.concatenate([groups * 3, made.signs[rows].reshape(-1, len(SIGNS))], axis=1)
    right = made.quality[rows].ravel() > 0.5
    fitted = LogisticRegression(C=1.0, fit_intercept=False, max_iter=1000).fit(told, right)
    return np.asarray(fitted.coef_[0, groups.shape[1] :])


def format_agreement(made: Made) -> list[str]:
    """Return the table of the shares of pairs of answers that agree."""
    lines = [
        "| kind | right | two right say the same | two wrong, of two models | of one, in two ways |"
        " one right, one wrong | policy |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        of, right = made.kind == kind, made.quality > 0.5
        cells = []
        for wanted in ("right", "other", "same", "mixed"):
            pairs = [
                made.same[of, i, j][_select_pairs(right[of, i], right[of, j], wanted)]
                for i in range(len(made.names))
                for j in range(i)
                if wanted in ("right", "mixed") or (made.models[i] == made.models[j]) == (wanted == "same")
            ]
            every = np.concatenate(pairs)
            cells.append(f"{every.mean():.0%} of {len(every)}")
        lines.append(f"| {kind} | {right[of].mean():.0%} | {' | '.join(cells)} | {SAME_WRONG[kind]:.0%} |")
    return lines


def format_played(made: Made) -> str:
    """Return the table of policies with one to three calls, averaged over several draws of the folds."""
    outcomes, n = _build_outcomes(made), len(made.kind)
    pays = sweep_for(outcomes.cost)[::4]
    ways: dict[str, Floats] = {}
    for seed in range(SEEDS):
        fold = np.random.default_rng(seed).permutation(n) % FOLDS
        for held in range(FOLDS):
            for way, curve in _play_fold(made, outcomes, fold == held, pays).items():
                ways.setdefault(way, np.zeros((2, n, len(pays))))[:, fold == held] += curve / SEEDS
    weights = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=DRAWS) / n
    return format_table(ways, cost_range(outcomes.quality, outcomes.cost), weights)


def _play_fold(
    made: Made, outcomes: Outcomes, test: npt.NDArray[np.bool_], pays: Floats
) -> dict[str, Floats]:
    """Return policy -> quality and cost of a fold's questions at each willingness to pay, shape (2, n, p)."""
    seen = np.flatnonzero(~test)
    size, groups = len(KINDS) * len(made.names), made.groups
    counts, sums = (
        np.bincount(groups[seen].ravel(), weights=values.ravel(), minlength=size)
        for values in (np.ones_like(made.quality[seen]), made.quality[seen])
    )
    expected = (sums + 1) / (counts + 2)
    prior = expected[groups]
    cost = np.stack([outcomes.cost[seen][made.kind[seen] == kind].mean(axis=0) for kind in made.kind[test]])
    of = outcomes.take(test)
    prediction = Prediction(outcomes.pool.names, prior[test], cost)
    alone = Sweep.of(prediction, of, pays)
    found = {"one call": np.stack([alone.quality, alone.cost])}
    verifier = fit_verifier(prior[seen], made.logprob[seen], made.quality[seen])
    for calls in (2, 3):
        if verifier is not None:
            sweep = play(prediction, of, verifier, pays, max_calls=calls)
            found[f"{calls} calls, log-probabilities"] = np.stack([sweep.quality, sweep.cost])
    correlation = Correlation(between=fit_correlation(prior[seen], made.quality[seen]))
    stated = np.array([*(SIGN_SHIFTS[name] for name in SIGNS[:3]), LENGTH_SHIFT, FLAW_SHIFTS["cut off"]])
    told = {
        "agreement": np.zeros_like(prior[test]),
        "agreement and form, learned": made.signs[test] @ fit_shifts(made, seen),
        "agreement and form, as stated": made.signs[test] @ stated,
    }
    for way, seen_signs in told.items():
        curve = np.zeros((2, test.sum(), len(pays)))
        for kind in KINDS:
            rows = made.kind[test] == kind
            if not rows.any():
                continue
            panel = Panel(prior[test][rows], cost[rows], SAME_WRONG[kind], correlation)
            curve[:, rows] = play_panel(of.take(rows), panel, made.same[test][rows], pays, seen_signs[rows])
        found[f"3 calls, {way}"] = curve
    return found


def _build_outcomes(made: Made) -> Outcomes:
    """Return the answers as outcomes, at assumed prices."""
    candidates = [
        Candidate(name=name, price=PRICES[model]) for name, model in zip(made.names, made.models, strict=True)
    ]
    queries = [
        {"query_id": str(row), "text": text, "task": str(kind), "split": "test"}
        for row, (text, kind) in enumerate(zip(made.texts, made.kind, strict=True))
    ]
    price = np.array([PRICES[model].output for model in made.models]) / 1e6
    columns: dict[str, list[Any]] = {
        "query_id": [query["query_id"] for query in queries for _ in made.names],
        "candidate": made.names * len(queries),
        "quality": made.quality.ravel().tolist(),
        "cost_usd": (made.tokens * price).ravel().tolist(),
        "answer_logprob": made.logprob.ravel().tolist(),
    }
    return Outcomes.from_rows(queries, columns, Pool(candidates))


def _select_pairs(
    one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_], wanted: str
) -> npt.NDArray[np.bool_]:
    if wanted == "mixed":
        return np.asarray(one != other)
    return np.asarray(one & other if wanted == "right" else ~one & ~other)


if __name__ == "__main__":
    typer.run(main)
