"""A router's parts, and the routers derived from it: with other candidates, prices, promises or budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from crossroute.candidate import Candidate, Pool, Price
from crossroute.catalogue import Catalogue, candidate_named, read_layers
from crossroute.decision import BEST, Promise
from crossroute.encoder.query_encoder import EncodedQueries
from crossroute.errors import FloorError
from crossroute.numeric import Floats
from crossroute.query import Query
from crossroute.reward import Reward
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
    """What a router is made of, and the routers that are like it but for a part."""

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
        """Write config.json and model.safetensors; `from_pretrained` gives the router back."""
        from crossroute.routing.checkpoint import save

        save(self._parts(), folder)

    @property
    def verifier(self) -> Verifier:
        """What evidence about answers is worth: learned with the router, or else the package's own."""
        from crossroute.escalation.verifier import Verifier

        return self.own_verifier or Verifier.general()

    @property
    def pool(self) -> Pool:
        """The candidates."""
        return self.predictor.pool

    def profile(self, outcomes: Outcomes) -> Pool:
        """Profile candidates by their outcomes on any queries, ready for `with_candidates`.

        Args:
            outcomes: Of candidates with prices; a few dozen queries give a rough profile, 200 a good one.

        Raises:
            DataError: A candidate has no price, or none of its outcomes is known.
        """
        return self.predictor.profile(outcomes)

    def with_candidates(self, candidates: Iterable[Candidate]) -> Self:
        """Return a router over this pool and further, profiled, candidates; one of the same name is replaced.

        Raises:
            DataError: A candidate has no price, or no profile over this router's clusters.
        """
        merged = {candidate.name: candidate for candidate in (*self.pool, *candidates)}
        return self.over(Pool(merged.values()))

    def without(self, *names: str) -> Self:
        """Return a router over the pool less the named candidates."""
        dropped = {self.pool[name].name for name in names}
        return self.over(Pool(candidate for candidate in self.pool if candidate.name not in dropped))

    def subset(self, names: Iterable[str]) -> Self:
        """Return a router over the named candidates only; a name may be spelled as the catalogue knows it."""
        if isinstance(names, str):
            raise TypeError(f"Expected several names, got one, {names!r}; put it in a list.")
        return self.over(self.pool.subset([self._own_name(name) for name in names]))

    def with_prices(self, prices: Mapping[str, Price | tuple[float, float]]) -> Self:
        """Return the same router at other prices, which are given by name or alias; nothing is retrained.

        Args:
            prices: Candidate -> its price, or USD per million tokens of input and of output.

        Raises:
            UnknownCandidateError: The pool does not know a name.
            ValueError: A price is none.
            TypeError: There are no names.
        """
        if not isinstance(prices, Mapping):
            raise TypeError(f'Expected prices by name, {{"gpt-5": (1.25, 10)}}, got {prices!r}.')
        return self.over(self.pool.with_prices({self._own_name(name): prices[name] for name in prices}))

    def calibrated(self, queries: Iterable[str | Query]) -> Self:
        """Return the same router used to your own queries, ungraded.

        Its dial is set on them, so that spend on such queries falls evenly; and what is read of a query that is like
        none in training leans to what is read of those like it (`crossroute.model.usual`).

        Args:
            queries: A few hundred, as they will be routed. A text is one call, as all are through an integration; a
                `Query` says by `one_call` whether it is, and by `input_tokens` what comes with the text. They are kept
                as vectors, not as text.

        Raises:
            ValueError: There is no query.
            FloorError: The router has a quality floor, which does not hold as queries are read then.
        """
        asked = [query for batch in batches(queries) for query in batch]
        if not asked:
            raise ValueError("Expected the queries to set the dial on, got none.")
        encoded = self.predictor.query_encoder.read(asked)
        return self._accustomed(encoded, calibration=encoded)

    def accustomed(self, queries: EncodedQueries | None) -> Self:
        """Return the same router, which reads a strange query in part as these: `calibrated` without the dial.

        Args:
            queries: Of the user, ungraded, as this router's encoder reads them; None forgets those it was shown.

        Raises:
            FloorError: The router has a quality floor, which does not hold as queries are read then.
        """
        return self._accustomed(queries)

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
        """Return the same router with a quality floor: no later dial goes below where the promise is proved.

        Args:
            outcomes: Of every candidate, on queries like those to come. Queries that the router was trained on do not
                count; where it does not tell which these are, those of the test split alone do.
            drop: Mean quality is at most this much under that of the reference.
            against: The reference: a candidate of the outcomes, or "best", the best of the router's.
            confidence: Probability with which the promise holds, over the outcomes that were drawn.
            max_calls: Where answers are looked at (escalation), how many calls a query may take; it holds for fewer,
                too.
            groups: The promise holds in each of these: "task" takes the outcomes' tasks, or name each query's; "" is
                in none.
            propensity: For a log of traffic, in which one candidate answered each query: the probability with which
                it was chosen, shape (n,), where any candidate could be; else that of each of the outcomes' candidates,
                shape (n, m). A reference that could not be chosen (0, or any other beside a 1) counts as right there.

        Raises:
            FloorError: There are too few outcomes, and how many it takes; or the drop is more at any price.
            UnknownCandidateError: The outcomes are not of all candidates, or do not know the reference.
        """
        from crossroute.routing.evidence import evidence_of, named_in, passed_over, unseen
        from crossroute.routing.floors import proved

        if propensity is not None and max_calls > 1:
            raise ValueError("A log tells of the first answer alone: give max_calls=1 with a propensity.")
        own = named_in(outcomes.pool, self.pool)
        others = [] if against == BEST else [outcomes.pool[against].name]
        labels = list(outcomes.tasks if groups == "task" else groups or [""] * len(outcomes))
        if len(labels) != len(outcomes):
            raise ValueError(f"Expected a group a query, {len(outcomes)}, got {len(labels)}.")
        if propensity is not None and len(propensity) != len(outcomes):
            raise ValueError(f"Expected a propensity a query, {len(outcomes)}, got {len(propensity)}.")
        named = sorted(set(labels) - {""})
        place = {label: number for number, label in enumerate(named or [""])}
        fresh = unseen(outcomes, self.trained_on)
        evidence = evidence_of(
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
            floor = proved(promise, evidence, self.predictor, self.reward, self.verifier)
        except FloorError as error:
            raise FloorError(f"{error}{passed_over(fresh, self.trained_on)}") from error
        return self._remade(dial=self.dial, floor=floor)

    def without_floor(self) -> Self:
        """Return the same router without the promise."""
        return self._remade(dial=self.dial, floor=None)

    def with_budgets(self, budgets: Budget | Iterable[Budget]) -> Self:
        """Return the same router within budgets: `route` counts what a decision is predicted to cost as spent.

        Tell what the call took with `settle`; where nothing is told, the prediction stays spent. Integrations take
        `budgets` themselves, and settle every call.
        """
        from crossroute.budgets import Spending

        return self._remade(dial=self.dial, spending=Spending(budgets))

    def without_budgets(self) -> Self:
        """Return the same router without budgets."""
        return self._remade(dial=self.dial, spending=None) if self.spending else self

    def over(self, pool: Pool, *, dial: Dial | None = None) -> Self:
        """Return the same router over another pool, each candidate with a price and a profile.

        Args:
            pool: The candidates.
            dial: As it was set for this pool before; by default it is set anew.

        Raises:
            DataError: A candidate has no price, or no profile over this router's clusters.
            FloorError: The quality floor does not hold over that pool; see `without_floor`.
            ValueError: The pool is empty.
        """
        if not len(pool):
            raise ValueError("A router needs at least one candidate; none would be left.")
        predictor = self.predictor.with_pool(pool)
        floor = self.floor and self.floor.over(predictor, self.reward, self.verifier)
        return self._remade(predictor=predictor, floor=floor, dial=dial)

    def _accustomed(self, queries: EncodedQueries | None, **changes: Any) -> Self:
        predictor = self.predictor.accustomed(queries)
        floor = self.floor and self.floor.over(predictor, self.reward, self.verifier)
        return self._remade(predictor=predictor, floor=floor, **changes)

    def _own_name(self, name: str) -> str:
        """Return the name of the candidate that a spelling means; the spelling, where it means none."""
        found = None if name in self.pool else candidate_named(self.pool, name)
        return found.name if found and found.name in self.pool else name

    def _with_updates(self) -> Self:
        """Return the router at the prices, and with the profiles, of the user's updates of the catalogue."""
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
        # a pool of hundreds is never routed over whole: what is chosen from it sets its own dial
        return self._remade(predictor=self.predictor.with_pool(Pool(pool.values())), dial=self.dial)

    def _remade(self, **changes: Any) -> Self:
        """Return the same router but for some of its arguments; its dial is set anew."""
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
    """Yield queries as they are read, so many at a time: each is one call unless it says that it is a whole run."""
    if isinstance(queries, (str, Query)):
        raise TypeError("Expected several queries, got one; put it in a list, or use route.")
    stream = iter(queries)
    while batch := [read(query) for query in islice(stream, size)]:
        yield batch
