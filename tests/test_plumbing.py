"""The locks, the shipped wheel and the rules of the repository itself."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import socket
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from corpus.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
UNPINNED = set(PROJECT["tool"]["uv"]["exclude-dependencies"])


def lines_of(name: str) -> list[str]:
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def pins_of(name: str) -> dict[str, str]:
    return dict(line.split("==") for line in lines_of(name))


# ---- the locks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_is_plain_pins(name: str) -> None:
    lines = lines_of(name)
    assert [
        line for line in lines if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][0-9a-z.]*", line)
    ] == []
    assert lines == sorted(set(lines), key=lambda line: line.split("==")[0])
    assert not [line for line in lines if line.startswith(("nvidia-", "cuda-", "triton=="))]


def test_the_second_lock_only_adds() -> None:
    assert not pins_of("requirements.lock").keys() & pins_of("requirements-dev.lock").keys()


@pytest.mark.parametrize("what", ["runtime", "dev"])
def test_the_locks_satisfy_the_project(what: str) -> None:
    pins, wanted = pins_of("requirements.lock"), PROJECT["project"]["dependencies"]
    if what == "dev":
        pins, wanted = pins | pins_of("requirements-dev.lock"), PROJECT["dependency-groups"]["dev"]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_the_locks_hold_whatever_their_packages_need() -> None:
    """Everything is installed with --no-deps, so a name that is missing here is missing at run time."""
    pins = pins_of("requirements.lock") | pins_of("requirements-dev.lock")
    wanted = [(name, "") for name in pins] + [
        (canonicalize_name(requirement.name), extra)
        for requirement in map(Requirement, PROJECT["project"]["dependencies"])
        for extra in requirement.extras
    ]
    seen: set[tuple[str, str]] = set()
    missing = []
    while wanted:
        name, extra = wanted.pop()
        if (name, extra) in seen or name in UNPINNED:
            continue
        seen.add((name, extra))
        for text in importlib.metadata.requires(name) or []:
            requirement = Requirement(text)
            if requirement.marker and not requirement.marker.evaluate(
                dict(default_environment(), extra=extra)
            ):
                continue
            needed = canonicalize_name(requirement.name)
            pin = pins.get(needed)
            if needed not in UNPINNED and (
                pin is None or not requirement.specifier.contains(pin, prereleases=True)
            ):
                missing.append(f"{name} needs {text}, the locks have {pin}")
            wanted += [(needed, wanted_extra) for wanted_extra in requirement.extras]
    assert missing == []


# ---- what is shipped, what is written down ---------------------------------------------------------


def test_the_wheel_holds_the_three_packages_with_their_data(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path))
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"corpus", "ingest", "rag"}
    assert {"corpus/py.typed", "corpus/types.py", "ingest/py.typed", "rag/py.typed"} <= set(names)
    for folder in ("corpus/sample/documents", "rag/web"):
        on_disk = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert on_disk <= set(names)
    assert not [name for name in names if "press" in name.split("/") or name.endswith(".pyc")]
    entry = zipfile.ZipFile(wheel).read("vouch-0.1.0.dist-info/entry_points.txt").decode()
    assert "vouch = rag.cli:main" in entry


def test_no_file_names_a_registry_or_this_machine() -> None:
    forbidden = ["pypi" + ".org", "python" + "hosted.org", "download." + "pytorch.org", str(ROOT) + os.sep]
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    names = [name for name in tracked.split("\0") if name] or [
        path.name for path in ROOT.iterdir() if path.is_file()
    ]
    found = []
    for name in names:
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b""
        found += [f"{name}: {word}" for word in forbidden if word.encode() in content]
    assert found == []


def test_vouch_toml_shows_the_defaults() -> None:
    text = (ROOT / "vouch.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == {"data_dir": ".vouch"}
    shown = tomllib.loads("\n".join(re.findall(r"^# ([a-z_]+ = .+)$", text, re.MULTILINE)))
    assert shown
    defaults = {name: Settings.model_fields[name].default for name in shown}
    assert shown == defaults


def test_make_explains_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE)) - {"help"}
    shown = subprocess.run(["make", "-s", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^make ([a-z]+) ", shown, re.MULTILINE)) == targets
    assert set(re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split()) == targets | {"help"}


def test_the_network_is_out_of_reach() -> None:
    with socket.socket() as far, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        far.connect(("192.0.2.1", 80))
