"""Run the calls of a collection on the workers of a Ray cluster.

The driver selects the pairs, grades the answers and stores them. The workers make the calls; each creates its models
and reads API keys from its own environment. One actor of the cluster enforces the rate limits of all runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from typing import Any, cast

from crossroute.calls.blame import is_transient, status
from crossroute.calls.scrubbing import remove_secrets
from crossroute.calls.waits import read_wait
from crossroute.cluster import connect
from crossroute.collection.models import AskedModel
from crossroute.collection.run import Collection
from crossroute.errors import CrossRouteError
from crossroute.profiler.answerers import Answer
from crossroute.profiler.run import is_async
from crossroute.profiler.settings import Pace

KEEPER, NAMESPACE = "crossroute-rates", "crossroute"
CALLS = 1_000
"""Maximum number of concurrent calls of one worker."""


class WorkerError(CrossRouteError, RuntimeError):
    """Error of a call on a worker, in place of the model's own error, which may not be serializable.

    Attributes:
        status_code: HTTP status, or None.
        retry_after: Seconds that the provider asks to wait, or None.
    """

    def __init__(self, told: str, status_code: int | None, wait: float | None) -> None:
        super().__init__(told)
        self.status_code, self.retry_after = status_code, wait


class WorkerConnectionError(WorkerError, ConnectionError):
    """Transient error of a call on a worker, which is retried."""


class Keeper:
    """Actor with the rate limits of all providers; runs with the same rate for a provider share its limit."""

    def __init__(self) -> None:
        self.paces: dict[tuple[str, float | None], Pace] = {}

    def wait(self, provider: str, rate: float | None) -> float:
        """Return the seconds until a call may start; 0 means now, and counts the call."""
        return self.paces.setdefault((provider, rate), Pace(rate)).wait()

    def hold(self, provider: str, seconds: float) -> None:
        """Delay all further calls to a provider."""
        for (of, _), pace in self.paces.items():
            if of == provider:
                pace.hold(seconds)


class KeptPace(Pace):
    """The rate limit of a provider, enforced by the keeper of the cluster."""

    def __init__(self, ray: Any, keeper: Any, provider: str, rate: float | None) -> None:
        super().__init__(rate)
        self._ray, self._keeper, self._provider, self._rate = ray, keeper, provider, rate

    def hold(self, seconds: float) -> None:
        """Delay all further calls to the provider, in all runs on the cluster."""
        self._ray.get(self._keeper.hold.remote(self._provider, seconds))

    def wait(self) -> float:
        """Return the seconds until a call may start; 0 means now, and counts the call."""
        return cast("float", self._ray.get(self._keeper.wait.remote(self._provider, self._rate)))


class Asker:
    """Actor that calls the models of a collection on a machine of the cluster.

    Args:
        models: Name -> (True, factory of the model) or (False, the function that calls it).
    """

    def __init__(self, models: Mapping[str, tuple[bool, Any]]) -> None:
        self.models: dict[str, Any] = {
            name: told().ask if is_made else told for name, (is_made, told) in models.items()
        }
        self.threads = ThreadPoolExecutor(CALLS, "crossroute-ask")

    async def ask(self, name: str, text: str) -> str | Answer | WorkerError:
        """Return the answer of a model, or its error."""
        model = self.models[name]
        try:
            if is_async(model):
                return cast("str | Answer", await model(text))
            loop = asyncio.get_running_loop()
            return cast("str | Answer", await loop.run_in_executor(self.threads, model, text))
        except Exception as error:
            kind = WorkerConnectionError if is_transient(error) else WorkerError
            told = f"{type(error).__name__}: {remove_secrets(str(error))}"
            return kind(told, status(error), read_wait(error))


class Workers:
    """Askers on the machines of a cluster, used in turn (round robin).

    Args:
        ray: The connected ray module.
        models: All models, including the judge.
        count: Number of askers; by default one per machine.
    """

    def __init__(self, ray: Any, models: Sequence[AskedModel], count: int | None = None) -> None:
        self.ray = ray
        self.keeper = ray.remote(num_cpus=0)(Keeper).options(
            name=KEEPER, namespace=NAMESPACE, get_if_exists=True, lifetime="detached", max_restarts=-1
        )
        self.keeper = self.keeper.remote()
        told = {
            model.candidate.name: (True, model.make) if model.make else (False, model.ask) for model in models
        }
        machines = sum(bool(node["Alive"]) for node in ray.nodes())
        asker = ray.remote(num_cpus=0, max_restarts=-1, max_concurrency=CALLS, scheduling_strategy="SPREAD")(
            Asker
        )
        self.askers = [asker.remote(told) for _ in range(count or machines)]
        self.turns = cycle(self.askers)

    def pace(self, provider: str, rate: float | None) -> Pace:
        """Return the rate limit of a provider, which all runs on the cluster share."""
        return KeptPace(self.ray, self.keeper, provider, rate)

    def close(self) -> None:
        """Stop the askers; the keeper continues for other runs."""
        for asker in self.askers:
            self.ray.kill(asker)

    def over(self, model: AskedModel) -> AskedModel:
        """Return the model with its calls sent to the askers."""

        async def ask(text: str) -> str | Answer:
            try:
                said = await next(self.turns).ask.remote(model.candidate.name, text)
            except self.ray.exceptions.RayActorError as error:
                raise WorkerConnectionError("A machine of the cluster was lost", None, None) from error
            if isinstance(said, WorkerError):
                raise said
            return cast("str | Answer", said)

        return model._replace(ask=ask)


@contextmanager
def spread(collection: Collection, address: str | None = None, workers: int | None = None) -> Iterator[None]:
    """Run the calls of a collection on workers of a cluster within the block.

    Args:
        collection: The collection; its concurrency, rates and spending limit apply to all workers together.
        address: Address of the cluster, as in `connect`.
        workers: Number of workers; by default one per machine.
    """
    models, judge, pace_of = collection.models, collection.judge, collection.pace_of
    with connect(address) as ray:
        asked = Workers(ray, (*models, *(() if judge is None else (judge,))), workers)
        collection.models = tuple(map(asked.over, models))
        collection.judge = None if judge is None else asked.over(judge)
        collection.pace_of = asked.pace
        try:
            yield
        finally:
            collection.models, collection.judge, collection.pace_of = models, judge, pace_of
            asked.close()
