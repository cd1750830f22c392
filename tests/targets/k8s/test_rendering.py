from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scripts.reference.manifests import EXAMPLE

from ferryman.targets.k8s.rendering import render_objects, to_yaml


def test_a_reader_finds_first_what_they_look_for_first() -> None:
    deployment = yaml.safe_load(to_yaml(render_objects(EXAMPLE)["deployment.yaml"]))
    assert list(deployment) == ["apiVersion", "kind", "metadata", "spec"]
    assert next(iter(deployment["metadata"])) == "name"
    assert next(iter(deployment["spec"]["template"]["spec"]["containers"][0])) == "name"


def test_no_field_is_written_without_a_value() -> None:
    text = "".join(to_yaml(document) for document in render_objects(EXAMPLE).values())
    assert "null" not in text


@pytest.mark.parametrize(
    "text",
    ["1e3", "0o17", "1.30", "12", "+1", ".5", "y", "N", "yes", "off", "true", "null", "~", "", "="],
)
def test_a_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    assert to_yaml({"value": text}) in (f'value: "{text}"\n', f"value: '{text}'\n")


@pytest.mark.parametrize(
    "text", ["shop", "shop:1.2.3", "apps/v1", "/tmp", "registry.example.com/a"]
)
def test_a_text_that_can_only_be_a_text_is_not_quoted(text: str) -> None:
    assert to_yaml({"value": text}) == f"value: {text}\n"


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    assert yaml.safe_load(to_yaml({"value": text})) == {"value": text}


def test_a_long_text_stays_on_its_line() -> None:
    assert to_yaml({"value": "word " * 100}).count("\n") == 1
