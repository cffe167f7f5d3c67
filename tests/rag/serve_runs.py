"""``vouch serve`` as a process of a test: where it is, and what it said."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from corpus.settings import Settings
from tests.rag.cli_runs import ROOT

PATIENCE_S = 90


@dataclass
class Server:
    """A server process, where it is, and what it said."""

    process: subprocess.Popen[bytes]
    port: int
    settings: Settings
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"

    def wait(self, path: str) -> float:
        """Returns the seconds until a path answers 200."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_S:
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read().decode()
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(self.url + path).status_code == 200:
                    return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError(f"{path} did not answer within {PATIENCE_S} s")

    def end(self, sig: int = signal.SIGTERM) -> tuple[int, str]:
        """Sends a signal and returns the exit code and what was said on stderr."""
        self.process.send_signal(sig)
        _, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, err.decode()


Start = Callable[..., Server]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def data(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "data"))


@pytest.fixture
def start(data: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(
        *argv_of_serve: str,
        models: dict[str, Any] | None = None,
        drain_s: float | None = None,
        folder: Path = data,
    ) -> Server:
        port = _free_port()
        settings = Settings(data_dir=folder, port=port, models=models or {})
        environment = {
            **os.environ, "VOUCH_DATA_DIR": str(folder), "VOUCH_PORT": str(port),
            "VOUCH_MODELS": json.dumps(models or {}),
        }  # fmt: skip
        argv = [sys.executable, "-m", "rag.cli", "serve", *argv_of_serve]
        if drain_s is not None:
            imports = "from corpus.settings import *; from rag.serving import *"
            script = f"{imports}; serve(load_settings(), drain_s={drain_s})"
            argv = [sys.executable, "-c", script]
        process = subprocess.Popen(
            argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        started.append(process)
        return Server(process, port, settings)

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
