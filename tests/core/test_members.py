"""Members: a guest's models find their candidates, and say what they can do."""

import pytest

from crossroute import Price
from crossroute.errors import UnprofiledCandidateError
from crossroute.members import Ability, router_over


def test_members_are_found_by_name_and_by_alias_and_keep_the_guests_name(router):
    found = router_over(router, {"lab/small": Ability(), "large": Ability()})
    assert found.pool.names == ("lab/small", "large")
    assert "small" in found.pool["lab/small"].aliases
    assert found.pool["lab/small"].price == router.pool["small"].price
    assert found.route("What is 2 plus 2?").candidate in found.pool


def test_a_folder_serves_as_a_router(saved):
    assert router_over(saved, {"coder": Ability()}).pool.names == ("coder",)


def test_what_a_member_can_do_goes_into_its_candidate(router):
    ability = Ability(capabilities={"tools"}, context_window=7, price=Price(input=1, output=2))
    candidate = router_over(router, {"large": ability}).pool["large"]
    assert candidate.capabilities == {"tools"}
    assert candidate.context_window == 7
    assert candidate.price == Price(input=1, output=2)
    unstated = router_over(router, {"large": Ability()}).pool["large"]
    assert unstated == router.pool["large"]


def test_a_name_without_a_profile_is_refused_with_the_way_to_profile_it(router):
    with pytest.raises(
        UnprofiledCandidateError, match=r"'gpt-9'.*it knows 'small'.*router\.profile\(outcomes\)"
    ):
        router_over(router, {"small": Ability(), "gpt-9": Ability()})


def test_the_default_needs_no_profile_but_somebody_does(router):
    found = router_over(router, {"small": Ability(), "gpt-9": Ability()}, default="gpt-9")
    assert found.pool.names == ("small",)
    with pytest.raises(UnprofiledCandidateError):
        router_over(router, {"gpt-9": Ability()}, default="gpt-9")


def test_nonsense_is_refused(router):
    with pytest.raises(ValueError, match="at least one model"):
        router_over(router, {})
    with pytest.raises(ValueError, match="default 'x' is not among"):
        router_over(router, {"small": Ability()}, default="x")
    with pytest.raises(ValueError, match="one candidate of the router"):
        router_over(router, {"small": Ability(), "lab/small": Ability()})
