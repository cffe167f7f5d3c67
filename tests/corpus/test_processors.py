"""How many processors a process may fill, in control groups as Linux writes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.processors import _shares, processors


def _written(folder: Path, files: dict[str, str]) -> tuple[Path, Path]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "mine", folder / "groups"


@pytest.mark.parametrize(
    ("files", "shares"),
    [
        ({"mine": "0::/\n", "groups/cpu.max": "200000 100000\n"}, [2.0]),
        ({"mine": "0::/\n", "groups/cpu.max": "max 100000\n"}, []),
        (
            {
                "mine": "0::/pod/one\n",
                "groups/pod/cpu.max": "150000 100000\n",
                "groups/pod/one/cpu.max": "max 1",
            },
            [1.5],
        ),
        (
            {
                "mine": "4:memory:/x\n3:cpu,cpuacct:/docker/abc\n0::/\n",
                "groups/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "50000\n",
                "groups/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
                "groups/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
                "groups/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            [0.5],
        ),
        ({"mine": "3:cpu:/gone\n", "groups/cpu/cpu.cfs_quota_us": "not said"}, []),
        ({}, []),
    ],
    ids=["v2", "v2-unlimited", "v2-of-a-parent", "v1", "unreadable", "no-groups"],
)
def test_shares_of_control_groups_are_read(
    tmp_path: Path, files: dict[str, str], shares: list[float]
) -> None:
    assert list(_shares(*_written(tmp_path, files))) == shares


def test_it_is_at_least_one_and_no_more_than_there_are() -> None:
    assert 1 <= processors() <= (os.cpu_count() or 1)


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="processes are bound to processors on Linux alone"
)
def test_a_process_bound_to_one_processor_fills_one() -> None:
    script = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "from corpus.processors import processors; print(processors())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
