"""``setup_venv.py`` leaves behind a whole environment or starts it afresh, with the user's own pip settings."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


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
    monkeypatch.setattr(module, "compile_modules", lambda: None)
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
