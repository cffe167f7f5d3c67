"""The set-up script, the locks, the shipped wheel and the rules of the repository itself."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

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


# ---- setup_venv.py ---------------------------------------------------------------------------------


def test_an_old_python_can_read_the_script() -> None:
    ast.parse((ROOT / "setup_venv.py").read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The set-up script working in a folder of its own, with installs that only write a file."""
    spec = importlib.util.spec_from_file_location("setup_venv", ROOT / "setup_venv.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = tmp_path / "clone"
    root.mkdir()
    place(module, root, monkeypatch)
    (root / "pyproject.toml").write_text("[project]\n")
    (root / "requirements.lock").write_text("torch==1.0\n")
    (root / "requirements-dev.lock").write_text("uv==1.0\n")
    monkeypatch.setattr(module, "MAKE_VENV", ["-m", "venv", "--without-pip"])  # a tenth of the time
    monkeypatch.setattr(module, "install_uv", lambda: None)
    monkeypatch.setattr(module, "install_torch", lambda uv: None)
    monkeypatch.setattr(module, "compile_parsers", lambda: None)
    monkeypatch.setattr(module, "pip_settings", dict)
    monkeypatch.setattr(module.Uv, "install", install_a_file(module))
    monkeypatch.setattr(sys, "argv", ["setup_venv.py"])
    return module


def place(module: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOT", root)
    monkeypatch.setattr(module, "VENV", root / ".venv")
    monkeypatch.setattr(module, "PYTHON", root / ".venv" / "bin" / "python")
    monkeypatch.setattr(module, "STATE", root / ".venv" / "setup.json")
    monkeypatch.setattr(module, "RUNTIME_LOCK", root / "requirements.lock")
    monkeypatch.setattr(module, "DEV_LOCK", root / "requirements-dev.lock")


def install_a_file(module: ModuleType) -> Callable[..., None]:
    def install(self: object, *arguments: str) -> None:
        folder = packages(module)
        (folder / "thing.py").write_text("")
        (folder / "thing-1.0.dist-info").mkdir(exist_ok=True)

    return install


def packages(module: ModuleType) -> Path:
    (folder,) = module.VENV.glob("lib/python*/site-packages")
    return folder


@pytest.fixture
def finished(script: ModuleType) -> ModuleType:
    assert script.main() == 0
    assert script.is_complete()
    (script.VENV / "kept").touch()
    return script


def was_kept(script: ModuleType) -> bool:
    assert script.main() == 0
    assert script.is_complete()
    return (script.VENV / "kept").exists()


def test_a_finished_environment_is_left_alone(finished: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode() -> None:
        raise AssertionError("installed again")

    monkeypatch.setattr(finished, "install_everything", explode)
    assert finished.main() == 0


def test_a_changed_lock_installs_the_difference(finished: ModuleType) -> None:
    finished.RUNTIME_LOCK.write_text("torch==1.1\n")
    assert not finished.is_complete()
    assert was_kept(finished)


def test_an_upgraded_package_is_not_damage(finished: ModuleType) -> None:
    (packages(finished) / "thing-1.0.dist-info").rename(packages(finished) / "thing-1.1.dist-info")
    assert finished.is_complete()


def interrupted(script: ModuleType) -> None:
    script.STATE.write_text(json.dumps({"complete": False}))


def deleted_module(script: ModuleType) -> None:
    (packages(script) / "thing.py").unlink()


def deleted_metadata(script: ModuleType) -> None:
    (packages(script) / "thing-1.0.dist-info").rmdir()


def dead_python(script: ModuleType) -> None:
    script.PYTHON.unlink()


def garbled_state(script: ModuleType) -> None:
    script.STATE.write_text("{")


@pytest.mark.parametrize(
    "damage", [interrupted, deleted_module, deleted_metadata, dead_python, garbled_state]
)
def test_a_damaged_environment_starts_afresh(
    finished: ModuleType, damage: Callable[[ModuleType], None]
) -> None:
    damage(finished)
    assert not finished.is_complete()
    assert not was_kept(finished)


def test_a_moved_clone_starts_afresh(finished: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = finished.ROOT.with_name("moved")
    finished.ROOT.rename(elsewhere)
    place(finished, elsewhere, monkeypatch)
    assert not was_kept(finished)


@pytest.mark.parametrize("step", [1, 2])
def test_an_interrupted_install_is_never_trusted(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    whole, calls = script.Uv.install, []

    def stop(self: object, *arguments: str) -> None:
        calls.append(arguments)
        if len(calls) == step:
            raise KeyboardInterrupt
        whole(self, *arguments)

    monkeypatch.setattr(script.Uv, "install", stop)
    assert script.main() == 130
    assert not script.is_complete()
    (script.VENV / "kept").touch()
    monkeypatch.setattr(script.Uv, "install", whole)
    assert not was_kept(script)


def test_somebody_elses_environment_is_added_to(script: ModuleType) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(script.VENV)], check=True)
    (script.VENV / "kept").touch()
    assert was_kept(script)


def test_pip_settings_reach_uv(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("UV_", "SSL_", "HTTP", "PIP_"))]:
        monkeypatch.delenv(name)
    wheels, certificate = tmp_path / "wheels", tmp_path / "ca.pem"
    wheels.mkdir()
    certificate.touch()
    environment = script.uv_environment(
        {
            "index-url": "https://mirror.example/simple",
            "extra-index-url": f"https://more.example/simple file://{wheels} file:///no/such/place",
            "find-links": f"{wheels}\n/no/such/folder\nhttps://wheels.example/all.html",
            "cert": str(certificate),
            "trusted-host": "mirror.example\nmore.example",
            "default-timeout": "90",
            "proxy": "http://proxy.example:3128",
        }
    )
    given = {name: value for name, value in environment.items() if os.environ.get(name) != value}
    assert given == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": f"https://more.example/simple file://{wheels}",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": f"{wheels},https://wheels.example/all.html",
        "SSL_CERT_FILE": str(certificate),
        "UV_INSECURE_HOST": "mirror.example more.example",
        "UV_HTTP_TIMEOUT": "90",
        "HTTP_PROXY": "http://proxy.example:3128",
        "HTTPS_PROXY": "http://proxy.example:3128",
    }


def test_uvs_own_settings_win(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own.example/simple")
    environment = script.uv_environment({"index-url": "https://pip.example/simple"})
    assert environment["UV_DEFAULT_INDEX"] == "https://own.example/simple"


@pytest.fixture
def pip_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    config = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    return config


def test_pips_sources_are_read_in_its_order(
    script: ModuleType, pip_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_config.write_text(
        "[global]\nfind-links = a\ntimeout = 1\n[install]\ntimeout = 2\nno-index = true\n"
        "extra-index-url =\n  one\n  two\n[freeze]\ntimeout = 9\n"
    )
    monkeypatch.setenv("PIP_FIND_LINKS", "b c")
    monkeypatch.setattr(script, "PYTHON", Path(sys.executable))
    settings = load_settings(script)
    assert {
        name: settings[name].split() for name in ("find-links", "timeout", "extra-index-url", "no-index")
    } == {
        "find-links": ["b", "c"],
        "timeout": ["2"],
        "extra-index-url": ["one", "two"],
        "no-index": ["true"],
    }


def load_settings(script: ModuleType) -> dict[str, str]:
    """Runs the script's own reader, over which the fixture put a stand-in."""
    spec = importlib.util.spec_from_file_location("setup_venv_again", ROOT / "setup_venv.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PYTHON = script.PYTHON
    return module.pip_settings()


@pytest.mark.parametrize(
    ("said", "package"),
    [
        ("error: Failed to download `lxml==6.1.3`\n  cause: Failed to fetch", "lxml==6.1.3"),
        (
            "  cause: Because nothing-here was not found in the package registry and you require",
            "nothing-here",
        ),
        ("  cause: Because there is no version of rich==99.1 and you require rich==99.1,", "rich==99.1"),
        ("error: Failed to fetch: `https://mirror.example/simple/numpy/`", "numpy"),
        (
            "error: Request failed\n  cause: https://f.example/ab/numpy-2.4.6-cp311-x.whl",
            "numpy-2.4.6-cp311-x.whl",
        ),
        ("error: No space left on device", ""),
    ],
)
def test_a_failure_names_its_package(script: ModuleType, said: str, package: str) -> None:
    assert script.failed_package(said) == package
