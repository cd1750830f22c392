from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

from ferryman.building.file_dates import OLDEST, date_of
from ferryman.building.image.layer import tree_entries, write_layer
from ferryman.core.static_files import REAL_DATES
from ferryman.targets.lambda_.archive import write_archive


def zip_dates(path: Path) -> dict[str, tuple[int, ...]]:
    with zipfile.ZipFile(path) as archive:
        return {entry.filename: entry.date_time for entry in archive.infolist()}


def tar_dates(path: Path) -> dict[str, float]:
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
        return {member.name: member.mtime for member in archive if member.isfile()}


def test_changed_content_of_the_same_length_has_another_date(tmp_path: Path) -> None:
    tree = tmp_path / "app"
    tree.mkdir()
    seen = set()
    for price in ("19.90", "29.90"):
        (tree / "site.js").write_text(f"const PRICE = {price}")
        (tree / "shop.py").write_text(f"PRICE = {price}")
        files = {path.name: path for path in tree.iterdir()}
        write_archive({}, files, tmp_path / "shop.zip", tmp_path / "scratch")
        write_layer("the app", tree_entries(tree, "app"), tmp_path / "app.tar.gz")
        in_zip, in_layer = zip_dates(tmp_path / "shop.zip"), tar_dates(tmp_path / "app.tar.gz")
        seen.add((in_zip["site.js"], in_layer["app/site.js"]))
        assert in_zip["shop.py"] == (1980, 1, 1, 0, 0, 0)
        assert in_layer["app/shop.py"] == OLDEST
    assert len({date for date, _ in seen}) == len({date for _, date in seen}) == 2


def test_dates_are_the_same_everywhere_fit_a_zip_and_lie_in_the_past() -> None:
    dates = {date_of("static/a.css", bytes([number])) for number in range(256)}
    assert len(dates) == 256
    assert all(date % 2 == 0 and OLDEST <= date < REAL_DATES for date in dates)
    assert date_of("a.css", b"x") == date_of("b/c.css", b"x") == 795_132_552
