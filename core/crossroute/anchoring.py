"""Carry newcomers' profiles over to the scale of the router's own candidates.

A router's own candidates were measured on benchmarks, newcomers on other queries, which may be easier or
harder: their qualities cannot be compared as they stand. A candidate that was measured on both is an anchor.
On the logit scale, cluster by cluster, a newcomer is moved by what the anchors' qualities differ by, on
average, times a / (a + 1) for a anchors: one alone may be peculiar.

Source: mean equating with common items, Kolen and Brennan, "Test Equating, Scaling, and Linking", chapter 6;
here the candidates are common, and the queries differ. The shrinkage was chosen by benchmarks/anchors.py.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Pool
from crossroute.errors import DataError
from crossroute.router import Router

Floats = npt.NDArray[np.floating]

_EDGE = 0.02


def anchors_of(router: Router, profiled: Pool) -> tuple[str, ...]:
    """Return the names of the profiled candidates that the router knows already, by name or alias."""
    return tuple(candidate.name for candidate in profiled if candidate.name in router.pool)


def anchored(router: Router, profiled: Pool) -> Pool:
    """Return the newcomers among some profiled candidates, ready for `router.with_candidates`.

    Args:
        router: Whose candidates were measured on other queries.
        profiled: Newcomers and one or more anchors, all profiled on the same queries by this router.

    Raises:
        DataError: None of the profiled candidates is one of the router's own.
    """
    names = anchors_of(router, profiled)
    if not names:
        raise DataError(
            f"None of {', '.join(map(repr, profiled.names))} is a candidate of this router, so that nothing tells "
            "how hard their queries are beside its own. Profile one of its candidates too, or route among the "
            "profiled candidates only: router.over(profiled)."
        )
    known = _logits(router.pool.subset(names))
    shift = (known - _logits(profiled.subset(names))).mean(axis=0) * len(names) / (len(names) + 1)  # (k,)
    newcomers = [candidate for candidate in profiled if candidate.name not in names]
    moved = 1 / (1 + np.exp(-(_logits(Pool(newcomers)) + shift)))  # (m, k)
    return Pool(
        candidate.model_copy(
            update={"profile": candidate.profile.model_copy(update={"quality": tuple(quality.tolist())})}
        )
        for candidate, quality in zip(newcomers, moved, strict=True)
        if candidate.profile
    )


def _logits(pool: Pool) -> Floats:
    """Return the pool's qualities on the logit scale, shape (m, k)."""
    quality = np.array([candidate.profile.quality for candidate in pool if candidate.profile])
    clipped = np.clip(quality, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(clipped / (1 - clipped)))
