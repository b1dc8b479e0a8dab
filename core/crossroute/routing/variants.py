"""A router's parts, and the routers derived from it: with other candidates, prices, promises or budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from crossroute.candidate import Candidate, Pool, Price, take_candidates
from crossroute.catalogue import Catalogue, find_candidate, read_layers
from crossroute.decision import BEST, Promise
from crossroute.encoder.query_encoder import EncodedQueries
from crossroute.errors import FloorError, UnknownCandidateError
from crossroute.numeric import Floats
from crossroute.query import Query
from crossroute.reward import Reward
from crossroute.routing.believed import estimate_by_relatives
from crossroute.routing.dial import Dial
from crossroute.routing.predictor import Predictor

if TYPE_CHECKING:
    from crossroute.budgets import Budget, Spending
    from crossroute.data.outcomes import Outcomes
    from crossroute.escalation.verifier import Verifier
    from crossroute.routing.checkpoint import Parts
    from crossroute.routing.floors import Floor

BATCH = 64


class Variants:
    """The parts of a router, and methods that derive a router with one part changed."""

    predictor: Predictor
    calibration: EncodedQueries
    cluster_labels: tuple[str, ...]
    reward: Reward
    provenance: dict[str, Any]
    dial: Dial
    own_verifier: Verifier | None
    floor: Floor | None
    trained_on: npt.NDArray[np.uint32] | None
    spending: Spending | None

    def save_pretrained(self, folder: str | Path) -> None:
        """Save the router as config.json and model.safetensors; `from_pretrained` loads it.

        Args:
            folder: Created if missing; a router in it is replaced.

        Raises:
            CheckpointError: The folder holds other files of these names.
        """
        from crossroute.routing.checkpoint import save

        save(self._parts(), folder)

    @property
    def verifier(self) -> Verifier:
        """The verifier of answers: learned with the router, else the bundled one."""
        from crossroute.escalation.verifier import Verifier

        return self.own_verifier or Verifier.general()

    @property
    def pool(self) -> Pool:
        """The candidates."""
        return self.predictor.pool

    def profile(self, outcomes: Outcomes) -> Pool:
        """Profile candidates from their outcomes, ready for `with_candidates`.

        Args:
            outcomes: Of candidates with prices, on any queries; a few dozen queries give a rough profile, 200 a good
                one.

        Raises:
            DataError: A candidate has no price, or none of its outcomes is known.
        """
        from crossroute.data.outcomes import check_outcomes

        check_outcomes("profile", outcomes)
        return self.predictor.profile(outcomes)

    def with_candidates(self, candidates: Iterable[Candidate]) -> Self:
        """Return a router with further, profiled, candidates; one of the same name is replaced.

        Raises:
            DataError: A candidate has no price, or no profile over this router's clusters.
        """
        merged = {candidate.name: candidate for candidate in (*self.pool, *take_candidates(candidates))}
        return self.over(Pool(merged.values()))

    def without(self, *names: str) -> Self:
        """Return a router without the named candidates."""
        dropped = {self.pool[name].name for name in names}
        return self.over(Pool(candidate for candidate in self.pool if candidate.name not in dropped))

    def subset(self, names: Iterable[str]) -> Self:
        """Return a router over the named candidates only.

        Args:
            names: In any spelling that the catalogue knows, also with an effort (`gpt-5.5@low`). Models that the router
                does not know are estimated from their relatives (believed.py).

        Raises:
            UnknownCandidateError: The router does not know a name, and its relatives neither.
            EffortError: A model does not have the effort.
        """
        if isinstance(names, str):
            raise TypeError(f"Expected several names, got one, {names!r}; put it in a list.")
        return self.over(Pool(self._find(name) for name in names))

    def with_prices(self, prices: Mapping[str, Price | tuple[float, float]]) -> Self:
        """Return the router at other prices; nothing is retrained.

        Args:
            prices: Name or alias -> price, or a pair: USD per million tokens of input and of output.

        Raises:
            UnknownCandidateError: The pool has no candidate of a name.
            ValueError: A value is not a price.
            TypeError: `prices` is not a mapping.
        """
        if not isinstance(prices, Mapping):
            raise TypeError(f'Expected prices by name, {{"gpt-5": (1.25, 10)}}, got {prices!r}.')
        return self.over(self.pool.with_prices({self._resolve_name(name): prices[name] for name in prices}))

    def calibrated(self, queries: Iterable[str | Query]) -> Self:
        """Return the router calibrated on your own queries; no grades are needed.

        The dial is set on them, so that spend on such queries falls evenly from 0 to 1. The task and difficulty of a
        query unlike the training data are estimated partly from these queries (`crossroute.model.usual`).

        Args:
            queries: A few hundred, as they will be routed. A text counts as one call, as through an integration; a
                `Query` may state `one_call` and `input_tokens`. They are kept as vectors, not as text.

        Raises:
            ValueError: There is no query.
            FloorError: The router has a quality floor that does not hold after calibration.
        """
        asked = [query for batch in batches(queries) for query in batch]
        if not asked:
            raise ValueError("Expected queries to calibrate on, got none.")
        encoded = self.predictor.query_encoder.read(asked)
        return self.with_predictor(self.predictor.accustomed(encoded), calibration=encoded)

    def accustomed(self, queries: EncodedQueries | None) -> Self:
        """Return the router adapted to a user's queries as by `calibrated`, with the dial unchanged.

        Args:
            queries: Encoded by this router's encoder; None removes an earlier adaptation.

        Raises:
            FloorError: The router has a quality floor that does not hold after this.
        """
        return self.with_predictor(self.predictor.accustomed(queries))

    def with_floor(
        self,
        outcomes: Outcomes,
        drop: float = 0.02,
        *,
        against: str = BEST,
        confidence: float = 0.9,
        max_calls: int = 1,
        groups: Literal["task"] | Sequence[str] | None = None,
        propensity: Floats | None = None,
    ) -> Self:
        """Return the router with a quality floor: no dial goes below the proved willingness to pay.

        Args:
            outcomes: Of every candidate, on queries like those to come. The router's training queries are left out; if
                the router does not record them, only the test split is used.
            drop: Mean quality is at most this much under that of the reference.
            against: The reference: a candidate of the outcomes, or "best", the best of the router's candidates.
            confidence: Probability with which the promise holds, over the draw of the outcomes.
            max_calls: With escalation: calls per query; the promise also holds for fewer.
            groups: The promise holds in each group: "task" uses the outcomes' tasks, a sequence gives each query's
                group, "" for none.
            propensity: For a traffic log, in which one candidate answered each query: the probability with which it
                was chosen, shape (n,), if any candidate could be; else the probability of each of the outcomes'
                candidates, shape (n, m). A reference with probability 0 counts as right there.

        Raises:
            FloorError: There are too few outcomes (the message states the number needed), or the drop is larger at
                any price.
            UnknownCandidateError: The outcomes lack the reference.
        """
        from crossroute.data.outcomes import check_outcomes
        from crossroute.routing.evidence import collect_evidence, describe_skipped, find_unseen, match_names
        from crossroute.routing.floors import prove

        check_outcomes("with_floor", outcomes)
        if propensity is not None and max_calls > 1:
            raise ValueError("A log has one answer per query: with a propensity, max_calls must be 1.")
        own = match_names(outcomes.pool, self.pool)
        others = [] if against == BEST else [outcomes.pool[against].name]
        labels = list(outcomes.tasks if groups == "task" else groups or [""] * len(outcomes))
        if len(labels) != len(outcomes):
            raise ValueError(f"Expected one group per query, {len(outcomes)}, got {len(labels)}.")
        if propensity is not None and len(propensity) != len(outcomes):
            raise ValueError(f"Expected one propensity per query, {len(outcomes)}, got {len(propensity)}.")
        named = sorted(set(labels) - {""})
        place = {label: number for number, label in enumerate(named or [""])}
        fresh = find_unseen(outcomes, self.trained_on)
        evidence = collect_evidence(
            outcomes.take(fresh),
            self.predictor.query_encoder.read,
            candidates=list(dict.fromkeys([*own, *others])),
            group=np.array([place.get(label, -1) for label in labels], dtype=np.intp)[fresh],
            propensity=None if propensity is None else np.asarray(propensity)[fresh],
        )
        promise = Promise(
            drop=drop, against=(others or [BEST])[0], confidence=confidence, max_calls=max_calls, groups=named
        )
        try:
            floor = prove(promise, evidence, self.predictor, self.reward, self.verifier)
        except FloorError as error:
            raise FloorError(f"{error}{describe_skipped(fresh, self.trained_on)}") from error
        return self._rebuild(dial=self.dial, floor=floor)

    def without_floor(self) -> Self:
        """Return the router without its quality floor."""
        return self._rebuild(dial=self.dial, floor=None)

    def with_budgets(self, budgets: Budget | Iterable[Budget]) -> Self:
        """Return the router with budgets: `route` reserves the predicted cost of each decision.

        Report the actual cost with `settle`; otherwise the predicted cost stays spent. The integrations take `budgets`
        themselves and settle every call.

        Args:
            budgets: One budget, or several that all hold at once.
        """
        from crossroute.budgets import Spending

        return self._rebuild(dial=self.dial, spending=Spending(budgets))

    def without_budgets(self) -> Self:
        """Return the router without budgets."""
        return self._rebuild(dial=self.dial, spending=None) if self.spending else self

    def over(self, pool: Pool, *, dial: Dial | None = None) -> Self:
        """Return the router over another pool.

        Args:
            pool: Candidates, each with a price and a profile.
            dial: A dial calibrated earlier for this pool; by default it is calibrated again.

        Raises:
            DataError: A candidate has no price, or no profile over this router's clusters.
            FloorError: The quality floor does not hold over that pool; see `without_floor`.
            ValueError: The pool is empty.
            TypeError: It is no pool.
        """
        if not isinstance(pool, Pool):
            raise TypeError(f"Expected a Pool, got {pool!r}; for candidates by name use subset.")
        if not len(pool):
            raise ValueError("A router needs at least one candidate; none would be left.")
        return self.with_predictor(self.predictor.with_pool(pool), dial=dial)

    def with_predictor(self, predictor: Predictor, **changes: Any) -> Self:
        """Return the router with another predictor, its dial set again and its floor proved again.

        Args:
            predictor: Over the candidates to choose among.
            **changes: Further arguments of the router.

        Raises:
            FloorError: The router has a quality floor that does not hold after this.
        """
        floor = self.floor and self.floor.over(predictor, self.reward, self.verifier)
        return self._rebuild(predictor=predictor, floor=floor, **changes)

    def _find(self, name: str) -> Candidate:
        """Return a candidate, a variant of one at an effort, or an estimate by relatives.

        Raises:
            UnknownCandidateError: None of these.
        """
        found = find_candidate(self.pool, name) or estimate_by_relatives(self.pool, name)
        if found is None:
            raise UnknownCandidateError(name, self.pool.names, Catalogue.bundled().reason(name))
        return found

    def _resolve_name(self, name: str) -> str:
        """Return the name of the candidate that a spelling stands for, or the spelling itself."""
        found = None if name in self.pool else find_candidate(self.pool, name)
        return found.name if found and found.name in self.pool else name

    def _with_updates(self) -> Self:
        """Return the router with the prices and profiles of the user's catalogue updates."""
        updates = read_layers()
        if not updates:
            return self
        pool = {candidate.name: candidate for candidate in self.pool}
        for layer in updates:
            prices = {entry.name: entry.price for entry in layer.entries if entry.price}
            for name in pool.keys() & prices.keys():
                pool[name] = pool[name].model_copy(update={"price": prices[name]})
            for name, profile in layer.profiles.items():
                if profile.made_by == self.predictor.digest:
                    pool[name] = Catalogue.bundled()[name].candidate.model_copy(update={"profile": profile})
        # the bundled dial is kept: routers over a part of this large pool calibrate their own
        return self._rebuild(predictor=self.predictor.with_pool(Pool(pool.values())), dial=self.dial)

    def _rebuild(self, **changes: Any) -> Self:
        """Return a router with some arguments replaced; its dial is calibrated again unless given."""
        parts = {**self._parts(), "dial": None, "spending": self.spending, **changes}
        return type(self)(**parts)

    def _parts(self) -> Parts:
        return {
            "predictor": self.predictor,
            "calibration": self.calibration,
            "cluster_labels": self.cluster_labels,
            "reward": self.reward,
            "provenance": self.provenance,
            "dial": self.dial,
            "verifier": self.own_verifier,
            "floor": self.floor,
            "trained_on": self.trained_on,
        }


def batches(
    queries: Iterable[str | Query], size: int = BATCH, read: Callable[[str | Query], Query] = Query.of_call
) -> Iterator[list[Query]]:
    """Yield queries in batches, converted by `read`: by default, a text counts as one call."""
    if isinstance(queries, (str, Query)):
        raise TypeError("Expected several queries, got one; put it in a list, or use route.")
    stream = iter(queries)
    while batch := [read(query) for query in islice(stream, size)]:
        yield batch
