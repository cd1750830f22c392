"""What a build bakes in, the runtime reads back; a file that is not one is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ferryman.core.errors import ConfigError
from ferryman.core.settings import SETTINGS_VARIABLE, RuntimeSettings, load_settings

SETTINGS = RuntimeSettings("shop:app", "shop", "1.0", "server", {"workers": 2, "list": [1, None]})


def read(path: Path, monkeypatch: pytest.MonkeyPatch) -> RuntimeSettings:
    monkeypatch.setenv(SETTINGS_VARIABLE, str(path))
    return load_settings()


def test_settings_survive_the_way_through_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ferryman.json"
    path.write_text(SETTINGS.to_json())
    assert read(path, monkeypatch) == SETTINGS
    assert read(path, monkeypatch).to_json() == SETTINGS.to_json()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "Expecting value"),
        (SETTINGS.to_json().encode()[:40], "line"),
        (b"[1]", "another version"),
        (b'"text"', "another version"),
        (b"{}", "another version"),
        (json.dumps({"format": 2, "app": "a:b"}).encode(), "another version"),
        (json.dumps({"format": 1, "app": "a:b"}).encode(), "'name' is missing"),
        (SETTINGS.to_json().replace('"shop:app"', "5").encode(), "'app' is missing or of the"),
        (SETTINGS.to_json().replace('"app"', '"extra": 1, "app"').encode(), "extra"),
        (b"\xff\xfe\xfa", "decode"),
    ],
)
def test_a_file_that_is_none_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, cause: str
) -> None:
    path = tmp_path / "ferryman.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="is not a settings file") as caught:
        read(path, monkeypatch)
    assert str(path) in caught.value.message
    assert cause in (caught.value.cause or "")


@pytest.mark.parametrize("name", ["nowhere.json", "."])
def test_a_missing_file_is_named_with_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / name, monkeypatch)
    assert f"there are no settings at {tmp_path / name}" in caught.value.message
    assert SETTINGS_VARIABLE in (caught.value.hint or "")


def test_by_default_they_lie_beside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    import ferryman

    monkeypatch.delenv(SETTINGS_VARIABLE, raising=False)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    beside = Path(ferryman.__file__).parents[1] / "ferryman.json"
    assert str(beside) in caught.value.message
