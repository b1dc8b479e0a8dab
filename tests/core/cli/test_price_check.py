"""Prices: what a pool uses beside what the catalogue lists."""

from datetime import date

from crossroute.candidate import Candidate, Pool, Price
from crossroute.catalogue import Catalogue
from crossroute.cli.price_check import check_prices, find_listed_prices

LISTED = Catalogue.bundled()["gpt-4o-mini"].price
POOL = Pool(
    [
        Candidate(name="openai/gpt-4o-mini", price=Price(input=1, output=2, as_of=date(2026, 1, 1))),
        Candidate(name="gpt-5-mini", price=Catalogue.bundled()["gpt-5-mini"].price),
        Candidate(name="my-own", price=Price(input=3, output=4)),
        Candidate(name="claude-3-haiku"),
    ]
)


def test_a_check_says_the_age_and_what_the_catalogue_lists():
    first, second, third, fourth = check_prices(POOL, date(2026, 1, 31))
    assert (first.candidate, first.age_days, first.listed, first.differs) == (
        "openai/gpt-4o-mini",
        30,
        LISTED,
        True,
    )
    assert not second.differs
    assert (third.age_days, third.listed, third.differs) == (None, None, False)
    assert (fourth.price, fourth.differs) == (None, False)


def test_what_is_listed_is_found_by_any_spelling():
    assert find_listed_prices(POOL)["openai/gpt-4o-mini"] == LISTED
    assert "my-own" not in find_listed_prices(POOL)


def test_the_catalogue_agrees_with_itself():
    checks = check_prices(None, date(2027, 1, 1))
    assert len(checks) == len(Catalogue.bundled())
    assert not any(check.differs for check in checks)
    assert all(check.age_days > 0 for check in checks if check.price)
