"""The page of the settings leaves none out."""

from __future__ import annotations

from scripts.reference.server_settings import GROUPS, server_settings_page

from ferryman.targets.server.options import ServerOptions


def test_every_setting_is_in_one_group() -> None:
    listed = [name for names in GROUPS.values() for name in names]
    # The tables of the image and of the deployment are on the page of all settings.
    assert sorted(listed) == sorted(set(ServerOptions.model_fields) - {"deploy", "image"})


def test_a_setting_has_its_default_its_unit_and_its_reason() -> None:
    page = server_settings_page()
    assert "| `keep_alive` | `75` | s | How long the server keeps an idle connection." in page
    assert "| `max_rss` | - | MiB | " in page
