"""How many workers fill the CPUs that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.targets.server.runtime.cgroup import cpu_quota, workers_for


@pytest.mark.parametrize(
    ("quota", "affinity", "workers"),
    [(None, 4, 4), (2.5, 4, 2), (0.5, 4, 1), (8, 2, 2), (1.999, 16, 1), (None, 1, 1)],
)
def test_workers_are_the_whole_cpus_of_the_lesser_limit(
    quota: float | None, affinity: int, workers: int
) -> None:
    assert workers_for(quota, affinity) == workers


@pytest.mark.parametrize(
    ("membership", "files", "quota"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/\n", {}, None),
        (
            "0::/system.slice/shop.service\n",
            {
                "system.slice/cpu.max": "200000 100000",
                "system.slice/shop.service/cpu.max": "300000 100000",
            },
            2.0,
        ),
        (
            "4:cpu,cpuacct:/\n0::/\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "50000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            0.5,
        ),
        (
            "4:cpu:/\n",
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
            None,
        ),
        # In a container the path is the host's, and not to be found inside.
        (
            "4:cpu:/docker/0123\n",
            {"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"},
            3.0,
        ),
        ("0::/gone\n", {"cpu.max": "no sense"}, None),
    ],
)
def test_the_quota_is_read_in_both_versions(
    tmp_path: Path, membership: str, files: dict[str, str], quota: float | None
) -> None:
    (tmp_path / "self").write_text(membership)
    root = tmp_path / "cgroup"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert cpu_quota(root, tmp_path / "self") == quota


def test_without_cgroups_there_is_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path / "no", tmp_path / "nothing") is None
