from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ferryman.cost.prices.book import PriceBook, Tier, load_book
from ferryman.cost.selfcheck import ERRORS, Check, check_examples


@pytest.mark.parametrize("check", check_examples(), ids=lambda check: check.example.name)
def test_every_example_comes_out_as_aws_prints_it(check: Check) -> None:
    assert check.reckoned == check.example.printed


def test_another_price_is_found_out() -> None:
    book = load_book()
    key = ("lambda.duration.x86_64", "us-east-1")
    dearer = replace(book.rates[key], tiers=(Tier(Decimal(0), Decimal("0.0000176667")),))
    checks = check_examples(PriceBook({**book.rates, key: dearer}, book.instances))
    assert not all(check.is_equal for check in checks)


def test_errors_of_aws_are_listed_and_not_reproduced() -> None:
    assert len(ERRORS) == 3
    assert all(place.startswith("https://aws.amazon.com/") for place, _ in ERRORS)
