import pickle

import pytest
from pydantic import ValidationError
from rich.console import Console

from crossroute import Candidate, Pool, Price, Profile, UnknownCandidateError

A = Candidate(name="a", aliases=("first",))
B = Candidate(name="b")


def printed(thing: object, width: int = 120) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(thing)
    return capture.get()


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "a", "context_window": 0}, {"name": "a", "capabilities": ["telepathy"]}]
)
def test_a_candidate_is_checked_at_the_boundary(fields):
    with pytest.raises(ValidationError):
        Candidate(**fields)


def test_a_misspelt_field_is_refused():
    with pytest.raises(ValidationError, match="extra"):
        Candidate(name="a", contextwindow=10)


def test_json_gives_a_candidate_back_and_is_the_same_in_every_process():
    candidate = Candidate(name="a", capabilities={"vision", "tools", "files"}, price=Price(input=1, output=2))
    written = candidate.model_dump_json()
    assert '"capabilities":["files","tools","vision"]' in written
    assert Candidate.model_validate_json(written) == candidate


def test_a_candidate_cannot_be_altered():
    with pytest.raises(ValidationError, match="frozen"):
        A.name = "b"


@pytest.mark.parametrize(
    "fields",
    [
        {"quality": (0.5, 0.5), "log_tokens": (1.0,), "evidence": (1.0, 1.0)},
        {"quality": (), "log_tokens": (), "evidence": ()},
        {"quality": (1.5,), "log_tokens": (1.0,), "evidence": (1.0,)},
        {"quality": (float("nan"),), "log_tokens": (1.0,), "evidence": (1.0,)},
        {"quality": (0.5,), "log_tokens": (float("inf"),), "evidence": (1.0,)},
        {"quality": (0.5,), "log_tokens": (1.0,), "evidence": (-1.0,)},
    ],
)
def test_a_profile_that_is_none_is_refused(fields):
    with pytest.raises(ValidationError):
        Profile(**fields)


def test_mean_quality_is_weighted_by_evidence():
    profile = Profile(quality=(1.0, 0.0), log_tokens=(1.0, 1.0), evidence=(3.0, 1.0))
    assert profile.mean_quality == 0.75
    unseen = Profile(quality=(1.0, 0.0), log_tokens=(1.0, 1.0), evidence=(0.0, 0.0))
    assert unseen.mean_quality == 0.5


def test_a_pool_keeps_its_order_and_answers_to_aliases():
    pool = Pool([B, A])
    assert pool.names == ("b", "a")
    assert pool["first"] is A
    assert pool.position("first") == 1
    assert "first" in pool
    assert "c" not in pool
    assert list(pool) == [B, A]
    assert len(pool) == 2
    assert repr(pool) == "Pool(b, a)"


def test_pools_are_equal_by_content_and_order():
    assert Pool([A, B]) == Pool([A, B])
    assert Pool([A, B]) != Pool([B, A])
    assert hash(Pool([A, B])) == hash(Pool([A, B]))
    assert Pool([A]) != [A]
    assert pickle.loads(pickle.dumps(Pool([A, B]))) == Pool([A, B])  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    "others", [[Candidate(name="a")], [Candidate(name="first")], [Candidate(name="c", aliases=("a",))]]
)
def test_names_and_aliases_are_unique(others):
    with pytest.raises(ValueError, match="Two candidates are named"):
        Pool([A, *others])


def test_a_subset_stands_in_the_order_named():
    assert Pool([A, B]).subset(["b", "first"]) == Pool([B, A])


def test_an_unknown_name_is_told_with_those_that_are_known():
    with pytest.raises(UnknownCandidateError, match=r"Unknown candidate 'c'. The pool knows 'a', 'b'."):
        Pool([A, B])["c"]
    with pytest.raises(LookupError):
        Pool([A, B]).subset(["a", "c"])


def test_the_table_shows_prices_and_evidence_and_prints_names_as_they_are():
    profile = Profile(quality=(0.25,), log_tokens=(1.0,), evidence=(1234.0,))
    odd = Candidate(
        name="[red]odd[/]", price=Price(input=2.5, output=10), context_window=128_000, profile=profile
    )
    text = printed(Pool([odd, B]))
    for part in ("[red]odd[/]", "2.5", "10", "128,000", "0.250", "1,234"):
        assert part in text


def test_a_pool_takes_other_prices_by_name_or_alias():
    pool = Pool([Candidate(name="a", aliases=("x",)), Candidate(name="b", price=Price(input=1, output=1))])
    dear = Price(input=5, output=5)
    assert [candidate.price for candidate in pool.with_prices({"x": dear})] == [
        dear,
        Price(input=1, output=1),
    ]
    with pytest.raises(UnknownCandidateError, match="'c'"):
        pool.with_prices({"c": dear})
