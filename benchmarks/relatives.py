"""Evaluate estimates of unknown models from their relatives: python benchmarks/relatives.py.

Each model of `universal` is left out in turn, and the estimate from its relatives (routing/believed.py) is compared
with the router's prior of the model, by kind of work, in logits. For comparison: the mean of its brand, and of all
models. The slopes are from least squares over the same pairs.
"""

from __future__ import annotations

import numpy as np

from crossroute import Candidate, Router
from crossroute.catalogue import Catalogue
from crossroute.catalogue.parts import read_parts
from crossroute.catalogue.relatives import Relative, find_relatives
from crossroute.numeric import Floats
from crossroute.routing.believed import average_relatives

LARGER = 0.25
"""Minimum difference in size steps for a sibling to count as larger."""


def main() -> None:
    """Print the errors, the slopes, and the share of siblings in the right order."""
    pool = Router.from_pretrained("universal").pool
    known = {each.name: each for each in pool if each.name in Catalogue.bundled()}
    families = {name: find_relatives(Catalogue.bundled(), name, known.keys() - {name}) for name in known}
    read = {name: family for name, family in families.items() if family}
    guessed = {name: average_relatives(name, family, known) for name, family in read.items()}
    truth = {name: find_belief(each, "ability") for name, each in known.items()}
    ability = {name: find_belief(each, "ability") for name, each in guessed.items()}
    brand = {name: parts.brand for name in known if (parts := read_parts(name))}
    of_brand = {
        name: np.mean([truth[each] for each in known if brand[each] == brand[name] and each != name], axis=0)
        for name in read
    }
    rows = {
        "relatives": ability,
        "mean of the brand": of_brand,
        "mean of all": dict.fromkeys(read, np.mean(list(truth.values()), axis=0)),
    }
    print(
        f"{len(read)} of {len(known)} models have relatives; error in logits, root mean square, and median:"
    )
    for title, found in rows.items():
        errors = np.array([found[name] - truth[name] for name in read])
        print(f"  {title:18} {np.sqrt(np.mean(np.square(errors))):.2f}  {np.median(np.abs(errors)):.2f}")
    moved = np.array([compute_distance(family) for family in read.values()])
    gaps = [
        (truth[name] - sum(each.weight * truth[each.entry.name] for each in family)).mean()
        for name, family in read.items()
    ]
    print("slopes (a step, a generation):", np.linalg.lstsq(moved, np.array(gaps), rcond=None)[0].round(2))
    tokens = [
        find_belief(guessed[name], "log_tokens") - find_belief(known[name], "log_tokens") for name in read
    ]
    print(f"log tokens: {np.sqrt(np.mean(np.square(tokens))):.2f}")
    factor = [compute_log_price(guessed[name]) - compute_log_price(known[name]) for name in read]
    print(f"price: median factor {np.exp(np.median(np.abs(factor))):.2f}")
    kept = [
        ability[name].mean() >= truth[each.entry.name].mean()
        for name, family in read.items()
        for each in family
        if each.alike and each.larger > LARGER
    ]
    print(f"larger siblings believed no less able: {np.mean(kept):.3f} of {len(kept)}")


def compute_distance(family: list[Relative]) -> Floats:
    """Return the difference of a model from its relatives in size steps and in generations, shape (2,)."""
    told = np.array([(each.weight, each.larger, each.newer) for each in family])
    return np.asarray(told[:, 0] @ told[:, 1:])


def find_belief(candidate: Candidate, field: str) -> Floats:
    """Return a field of a candidate's prior, by kind of work."""
    belief = candidate.profile and candidate.profile.belief
    if not belief:
        raise ValueError(f"{candidate.name!r} has no prior.")
    return np.array(getattr(belief, field))


def compute_log_price(candidate: Candidate) -> float:
    """Return the logarithm of a candidate's output price."""
    return float(np.log(candidate.price.output + 0.01)) if candidate.price else 0.0


if __name__ == "__main__":
    main()
