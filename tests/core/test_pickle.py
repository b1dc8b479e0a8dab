"""Routers and errors go through processes: by pickle, and by copies."""

from __future__ import annotations

import copy
import inspect
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from crossroute import Constraints, Router, errors
from crossroute.calls.failures import Cooldowns
from crossroute.calls.ledger import Spend, Usage
from crossroute.candidate import Price
from crossroute.errors import CrossRouteError, NoEligibleCandidateError

MADE = (
    errors.UnknownCandidateError("a", ("b",)),
    errors.UnprofiledCandidateError("a", ("b",), "no scores"),
    errors.UnknownModelError("a", ("b",)),
    errors.EffortError("a", "most", ("low", "high")),
    errors.BrokenStreamError("a"),
    errors.UnableError("a", "seed"),
    errors.NoEligibleCandidateError({"a": "too dear"}),
    errors.UnroutableError(),
    errors.SpendingLimitError("a", 1.0, 2.0, 3, 4),
    errors.MissingExtraError("Training", "train"),
    errors.CheckpointError("truncated"),
    errors.DataError("line 3"),
    errors.ConfigError("line 4"),
    errors.EncoderError("NaN"),
)
COPIES = {
    "pickle": lambda it: pickle.loads(pickle.dumps(it)),  # noqa: S301 - our own bytes
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.fixture(scope="module")
def router():
    return Router.from_pretrained().subset(["gpt-4-1106-preview", "mistralai/mixtral-8x7b-chat"])


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_an_error_is_copied_as_it_stands(error, how):
    error.add_note("seen in the third call") if hasattr(error, "add_note") else None
    copied = COPIES[how](error)
    assert type(copied) is type(error)
    assert (str(copied), copied.__dict__) == (str(error), error.__dict__)


@pytest.mark.parametrize("kind", [kind for _, kind in inspect.getmembers(errors, inspect.isclass)])
def test_errors_of_every_kind_are_pickled_whatever_they_are_made_of(kind):
    if not issubclass(kind, CrossRouteError):
        pytest.skip("a warning")
    error = kind.__new__(kind)
    error.args = ("what happened",)
    copied = COPIES["pickle"](error)
    assert (type(copied), copied.args) == (kind, ("what happened",))


@pytest.mark.parametrize("how", COPIES)
def test_a_router_is_copied_and_decides_alike(how, router):
    copied = COPIES[how](router)
    for query in ("What is 2 + 2?", "Write a parser."):
        assert copied.route(query).model_dump(exclude={"id"}) == router.route(query).model_dump(
            exclude={"id"}
        )


def test_tallies_and_cooldowns_are_copied():
    spend = Spend()
    spend.add("a", Usage(input_tokens=10), Price(input=1, output=1))
    copied = COPIES["pickle"](spend)
    copied.add("a", Usage(input_tokens=10), Price(input=1, output=1))
    assert (spend.total.calls, copied.total.calls) == (1, 2)
    cooldowns = Cooldowns(first=60)
    cooldowns.fail("a")
    assert COPIES["deepcopy"](cooldowns).remaining("a") > 50


def route(number: int, router: Router) -> str:
    limit = Constraints(max_cost=0) if number == 2 else None
    return router.route(f"query {number}", constraints=limit).candidate


def test_an_error_in_a_process_comes_back_as_itself(router):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        results = [processes.submit(route, number, router) for number in range(4)]
        with pytest.raises(NoEligibleCandidateError, match="above max_cost"):
            results[2].result()
        assert {results[number].result() for number in (0, 1, 3)} <= {*router.pool.names}
