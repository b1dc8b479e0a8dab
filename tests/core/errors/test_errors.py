"""Errors: what they say, and what they are caught as."""

import pytest

from crossroute.errors import (
    BudgetSpentError,
    CrossRouteError,
    EffortError,
    MissingExtraError,
    NoEligibleCandidateError,
    UnknownCandidateError,
    UnprofiledCandidateError,
    check_extra,
    one_line,
    require_extra,
)


def test_an_unknown_name_is_told_with_those_that_are_known_and_a_remedy():
    told = str(UnknownCandidateError("gpt 5", ("a", "b")))
    assert told.startswith(
        "Unknown candidate 'gpt 5'. The pool knows 'a', 'b'. Use one of these, or profile it"
    )
    assert "`crossroute profile 'gpt 5'`" in told  # as a shell takes it
    with pytest.raises(LookupError):
        raise UnprofiledCandidateError("x", ("a",))


def test_a_variant_of_a_known_model_has_its_own_remedy():
    assert "`router.subset(['a@low'])`" in str(UnknownCandidateError("a@low", ("a",)))
    assert "It takes low, high." in str(EffortError("a", "much", ("low", "high")))
    assert "name it 'a'" in str(EffortError("a", "low", ()))


def test_no_candidate_says_why_of_each_and_whether_the_call_is_too_long():
    error = NoEligibleCandidateError({"a": "context window 4,096 is too small", "b": "lacks vision"})
    assert "'a': context window 4,096 is too small; 'b': lacks vision" in str(error)
    assert error.too_long
    assert not NoEligibleCandidateError({"b": "lacks vision"}).too_long


def test_money_comes_again_when_it_is_said_to():
    assert "Money comes again at 1970-01-02T00:00:00+00:00" in str(BudgetSpentError("$1 a day", 0.1, 86_400))
    error = BudgetSpentError("$1 in all", -1.0, None)
    assert "has $0 left" in str(error)
    assert "It does not come again" in str(error)


def test_a_missing_package_names_the_extra():
    with pytest.raises(MissingExtraError, match=r'pip install "crossroute\[traffic\]"'):
        check_extra("A log", "traffic", "math", "no_such_package")
    check_extra("A log", "traffic", "math")
    with pytest.raises(ImportError) as error, require_extra("A server", "serve"):
        import no_such_package  # noqa: F401
    assert isinstance(error.value, CrossRouteError)
    with pytest.raises(KeyError), require_extra("A server", "serve"):
        raise KeyError


def test_another_librarys_message_becomes_a_clause():
    assert one_line(ValueError("first\n  second. ")) == "first second"
