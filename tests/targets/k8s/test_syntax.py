from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from ferryman.targets.k8s import syntax

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize("text", ["1", "0.5", "250m", "1.125", "64"])
def test_amounts_of_cpu(text: str) -> None:
    assert syntax.cpu_quantity(text) == text


@pytest.mark.parametrize("text", ["", "0", "0m", "-1", "250Mi", "0.0001", "1e3", "1 ", "1\n", "x"])
def test_no_amounts_of_cpu(text: str) -> None:
    with pytest.raises(ValueError, match="250m"):
        syntax.cpu_quantity(text)


def test_amounts_of_cpu_compare_across_units() -> None:
    assert syntax.cpu_cores("250m") == syntax.cpu_cores("0.25") == Decimal("0.25")


@pytest.mark.parametrize("text", ["256Mi", "1Gi", "1.5Gi", "512M", "900Ki", "1T"])
def test_amounts_of_memory(text: str) -> None:
    assert syntax.memory_quantity(text) == text


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("512", "write 512Mi"),
        ("512m", "write 512Mi"),
        ("512MB", "write 512Mi"),
        ("512MiB", "write 512Mi"),
        ("2g", "write 2Gi"),
        ("512mi", "write 512Mi"),
        ("0Mi", "more than 0"),
        ("-1Mi", "such as 256Mi"),
        ("lots", "such as 256Mi"),
        ("", "such as 256Mi"),
        ("1Mi\n", "such as 256Mi"),
    ],
)
def test_no_amounts_of_memory(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        syntax.memory_quantity(text)


@pytest.mark.parametrize(
    "text",
    [
        "shop:1.2.3",
        "me/shop:v1",
        "registry.example.com/me/shop:1",
        "localhost:5000/shop:1",
        "shop:latest-2026",
        "latest:1",
        f"shop@{DIGEST}",
        f"registry.example.com:5000/me/shop:1@{DIGEST}",
        f"shop:latest@{DIGEST}",
    ],
)
def test_images_that_name_a_version(text: str) -> None:
    assert syntax.image_reference(text) == text


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("shop", "write shop:1.2.3"),
        ("localhost:5000/shop", "write localhost:5000/shop:1.2.3"),
        ("shop:latest", "write shop:1.2.3, or a digest"),
        ("shop:", "not a reference of an image"),
        ("Shop:1", "not a reference of an image"),
        ("shop:1 2", "not a reference of an image"),
        ("shop:1\n", "not a reference of an image"),
        ("https://registry.example.com/shop:1", "not a reference of an image"),
        ("shop@sha256:0a", "not a reference of an image"),
        ("", "not a reference of an image"),
    ],
)
def test_images_that_name_none(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        syntax.image_reference(text)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (syntax.namespace_name, ["web", "team-1", "7"], ["", "Web", "a.b", "-a", "a-", "a" * 64]),
        (syntax.secret_name, ["shop-db", "a.b"], ["", "Shop", "a_b", "a..b", "a=b", "a" * 254]),
        (syntax.variable_name, ["A", "_a1", "a_B"], ["", "1A", "A-B", "A=B", "A B", "É"]),
    ],
)
def test_names(check: Callable[[str], str], good: list[str], bad: list[str]) -> None:
    assert [check(text) for text in good] == good
    for text in bad:
        with pytest.raises(ValueError, match="letter"):
            check(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.2.3", "1.2.3"), ("1!2.0+local", "1_2.0_local"), ("1.0+", "1.0"), ("1" * 70, "1" * 63)],
)
def test_any_version_can_be_a_label(text: str, value: str) -> None:
    assert syntax.label_value(text) == value
