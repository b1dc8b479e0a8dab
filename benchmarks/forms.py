"""What an answer's form and agreement tell, on real answers: python benchmarks/forms.py [--answers FOLDER].

The answers are those of `answers.py`. First what each sign of form is worth: in a logistic regression of what is right,
with an intercept for each candidate and kind, beside the others and an answer's length; intervals draw the questions
anew. Then how often two wrong answers say the same, by kind, of two models and of one that is asked in two ways. Then
what one, two and three calls come to: priors are means of candidate and kind over the other folds, signs and shares of
agreement are learned outside each fold, all calls are paid for, at prices that we made up.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from agreement import agreed, alike
from answers import CANDIDATES, questions, read

from crossroute import Candidate, Outcomes, Pool, Prediction, Price
from crossroute.escalation.agreement import SAME_WRONG, agreement
from crossroute.escalation.correlation import Correlation
from crossroute.escalation.evidence import Kind, Sign
from crossroute.escalation.form import signs_of
from crossroute.escalation.panel import Panel
from crossroute.escalation.verifier import FLAW_SHIFTS, LENGTH_SHIFT, SIGN_SHIFTS, UNUSUAL_LENGTH
from crossroute.escalation.verifier_training import fit_verifier
from crossroute.metrics.cascades import play
from crossroute.metrics.scores import aiq, cost_range, sweep_for
from crossroute.metrics.sweep import Sweep
from crossroute.numeric import Floats

KINDS: tuple[Kind, ...] = ("choice", "number", "text")
SIGNS: tuple[Sign, Sign, Sign, str, str] = ("hedged", "no option", "echoed", "unusual length", "cut off")
PRICES = {"smollm2": Price(input=0.01, output=0.02), "gemma3": Price(input=0.02, output=0.04)}
FOLDS, DRAWS = 5, 500


class Made:
    """The answers: n questions, m candidates.

    Args:
        folder: Of `answers.py`.
    """

    def __init__(self, folder: Path) -> None:
        told = [read(folder / f"{name}.jsonl") for name in CANDIDATES]
        asked = [question.text for question in questions()]
        if any(text not in rows for rows in told for text in asked):
            raise SystemExit(
                f"{folder} does not hold all answers. Run answers.py, which goes on where it was cut."
            )
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
        self.signs = np.array([self._signs(place) for place in range(len(self.kind))])  # (n, m, signs)
        self.fold = np.random.default_rng(0).permutation(len(self.kind)) % FOLDS

    @property
    def groups(self) -> npt.NDArray[np.intp]:
        """The candidate and kind of each answer, as one number, shape (n, m)."""
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
        usual = np.array([np.median(self.tokens[self.kind == kind, j]) for j in range(len(self.names))])
        for j, text in enumerate(self.answers[place]):
            ratio = self.tokens[place, j] / max(usual[j], 1.0)
            signs = signs_of(self.texts[place], text, kind)
            long = not 1 / UNUSUAL_LENGTH <= ratio <= UNUSUAL_LENGTH
            found.append([*(name in signs for name in SIGNS[:3]), long, bool(self.cut[place, j])])
        return found


def main(folder: Annotated[Path, typer.Option("--answers")] = Path("figures/answers")) -> None:
    """Print three Markdown tables."""
    made = Made(folder)
    print("\n".join(worth(made)), "\n".join(wrong_alike(made)), "\n".join(played(made)), sep="\n\n")


def worth(made: Made) -> list[str]:
    """Return the table of what signs are worth."""
    everything = np.arange(len(made.kind))
    found = shifts(made, everything)
    random = np.random.default_rng(0)
    draws = [shifts(made, random.choice(everything, len(everything))) for _ in range(DRAWS)]
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    lines = ["| sign | answers | right | right without | log-odds, 95 % |", "|---|---|---|---|---|"]
    for k, name in enumerate(SIGNS):
        shown = made.signs[:, :, k]
        rates = [f"{made.quality[part].mean():.0%}" if part.any() else "–" for part in (shown, ~shown)]
        lines.append(
            f"| {name} | {shown.sum()} | {' | '.join(rates)} | {found[k]:+.2f} ({low[k]:+.2f} to {high[k]:+.2f}) |"
        )
    return lines


def shifts(made: Made, rows: npt.NDArray[np.intp]) -> Floats:
    """Return what each sign adds to the log-odds of a right answer, shape (signs,)."""
    from sklearn.linear_model import LogisticRegression

    groups = np.eye(len(KINDS) * len(made.names))[made.groups[rows].ravel()]
    told = np.concatenate(
        [groups * 3, made.signs[rows].reshape(-1, len(SIGNS))], axis=1
    )  # a base rate is held less
    right = made.quality[rows].ravel() > 0.5
    fitted = LogisticRegression(C=1.0, fit_intercept=False, max_iter=1000).fit(told, right)
    return np.asarray(fitted.coef_[0, groups.shape[1] :])


def wrong_alike(made: Made) -> list[str]:
    """Return the table of how often two answers say the same."""
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
                made.same[of, i, j][_pair(right[of, i], right[of, j], wanted)]
                for i in range(len(made.names))
                for j in range(i)
                if wanted in ("right", "mixed") or (made.models[i] == made.models[j]) == (wanted == "same")
            ]
            every = np.concatenate(pairs)
            cells.append(f"{every.mean():.0%} of {len(every)}")
        lines.append(f"| {kind} | {right[of].mean():.0%} | {' | '.join(cells)} | {SAME_WRONG[kind]:.0%} |")
    return lines


def played(made: Made) -> list[str]:
    """Return the table of what calls come to."""
    outcomes = _outcomes(made)
    pays = sweep_for(outcomes.cost)[::4]
    ways: dict[str, Floats] = {}
    for fold in range(FOLDS):
        test = np.flatnonzero(made.fold == fold)
        for way, curve in _of_fold(made, outcomes, test, pays).items():
            ways.setdefault(way, np.zeros((2, len(made.kind), len(pays))))[:, test] = curve
    low, high = cost_range(outcomes.quality, outcomes.cost)
    random = np.random.default_rng(0)
    draws = [random.choice(len(made.kind), len(made.kind)) for _ in range(DRAWS)]

    def area(curve: Floats, rows: npt.NDArray[np.intp]) -> float:
        return float(aiq(np.stack([curve[1, rows].mean(0), curve[0, rows].mean(0)], axis=-1), low, high))

    base = np.array([area(ways["one call"], rows) for rows in draws])
    lines = ["| way | AIQ | gain over one call, 95 % |", "|---|---|---|"]
    everything = np.arange(len(made.kind))
    for way, curve in ways.items():
        gain = area(curve, everything) - area(ways["one call"], everything)
        ends = np.percentile(np.array([area(curve, rows) for rows in draws]) - base, [2.5, 97.5])
        told = "" if way == "one call" else f"{gain:+.4f} ({ends[0]:+.4f} to {ends[1]:+.4f})"
        lines.append(f"| {way} | {area(curve, everything):.4f} | {told} |")
    return lines


def _of_fold(made: Made, outcomes: Outcomes, test: npt.NDArray[np.intp], pays: Floats) -> dict[str, Floats]:
    """Return quality and cost of a fold's questions at each willingness to pay, by way, each of shape (2, n, p)."""
    seen = np.flatnonzero(made.fold != made.fold[test[0]])
    size, groups = len(KINDS) * len(made.names), made.groups
    counts, sums = (
        np.bincount(groups[seen].ravel(), weights=values.ravel(), minlength=size)
        for values in (np.ones_like(made.quality[seen]), made.quality[seen])
    )
    expected = (sums + 1) / (counts + 2)
    prior = expected[groups]
    cost = np.stack([outcomes.cost[seen][made.kind[seen] == kind].mean(axis=0) for kind in made.kind[test]])
    of = outcomes.take(np.isin(np.arange(len(made.kind)), test))
    prediction = Prediction(outcomes.pool.names, prior[test], cost)
    alone = Sweep.of(prediction, of, pays)
    found = {"one call": np.stack([alone.quality, alone.cost])}
    verifier = fit_verifier(prior[seen], made.logprob[seen], made.quality[seen])
    for calls in (2, 3):
        if verifier is not None:
            sweep = play(prediction, of, verifier, pays, max_calls=calls)
            found[f"{calls} calls, log-probabilities"] = np.stack([sweep.quality, sweep.cost])
    correlation = Correlation(between=alike(prior[seen], made.quality[seen]))
    stated = np.array([*(SIGN_SHIFTS[name] for name in SIGNS[:3]), LENGTH_SHIFT, FLAW_SHIFTS["cut off"]])
    told = {
        "agreement": np.zeros_like(prior[test]),
        "agreement and form, learned": made.signs[test] @ shifts(made, seen),
        "agreement and form, as stated": made.signs[test] @ stated,
    }
    for way, seen_signs in told.items():
        curve = np.zeros((2, len(test), len(pays)))
        for kind in KINDS:
            rows = made.kind[test] == kind
            if not rows.any():
                continue
            panel = Panel(prior[test][rows], cost[rows], SAME_WRONG[kind], correlation)
            curve[:, rows] = agreed(of.take(rows), panel, made.same[test][rows], pays, seen_signs[rows])
        found[f"3 calls, {way}"] = curve
    return found


def _outcomes(made: Made) -> Outcomes:
    """Return the answers as outcomes, at prices that we made up."""
    candidates = [
        Candidate(name=name, price=PRICES[model]) for name, model in zip(made.names, made.models, strict=True)
    ]
    queries = [
        {"query_id": str(row), "text": text, "task": str(kind), "split": "test"}
        for row, (text, kind) in enumerate(zip(made.texts, made.kind, strict=True))
    ]
    price = np.array([PRICES[model].output for model in made.models]) / 1e6
    cost = made.tokens * price
    rows = [
        {"query_id": str(i), "candidate": name, "quality": made.quality[i, j], "cost_usd": cost[i, j]}
        for i in range(len(queries))
        for j, name in enumerate(made.names)
    ]
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    return replace(Outcomes.from_rows(queries, columns, Pool(candidates)), answer_logprob=made.logprob)


def _pair(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_], wanted: str) -> npt.NDArray[np.bool_]:
    if wanted == "mixed":
        return np.asarray(one != other)
    return np.asarray(one & other if wanted == "right" else ~one & ~other)


if __name__ == "__main__":
    typer.run(main)
