"""Running commands in tests: in this process with an embedder made of words, or as real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from corpus.settings import Settings
from rag.cli.app import run
from rag.cli.failures import ExitCode
from rag.service import Service
from tests.builders import WordEmbedder, new_version
from tests.rag.company import scripted_model
from tests.rag.scripted import ScriptedServer, Turn

ROOT = Path(__file__).resolve().parents[2]
LONE = "\udcff\udcfe"  # what the bytes FF FE become in an argument


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class WordChild(WordEmbedder):
    """Stands where the embedding child stands."""

    slower = ""

    def __init__(self, settings: Settings, embedder: WordEmbedder) -> None:
        self.settings = settings

    def __enter__(self) -> WordChild:
        return self

    def __exit__(self, *_: object) -> None:
        return None


Vouch = Callable[..., Ended]


def without_model(patch: pytest.MonkeyPatch) -> None:
    """Puts words in the place of the embedding model, and the exact scan in the place of an index."""
    patch.setattr("rag.bootstrap.open_embedder", lambda settings, **_: WordEmbedder())
    patch.setattr("rag.service.EmbeddingChild", WordChild)
    patch.setenv("VOUCH_DENSE", "exact")


def write_company(folder: Path) -> Path:
    """Writes a few documents, and two that cannot be read."""
    texts = {
        "hr/leave.md": "# Annual leave\n\n## Carrying over\n\n"
        "Up to five days of annual leave move into the next year.\n"
        "\n## Applying\n\nApply for leave in the people system three weeks ahead.\n",
        "hr/休暇規程.md": "# 休暇規程\n\n## 年次有給休暇\n\n"
        "使い切れなかった年次有給休暇は翌年度に限り繰り越す。\n",
        "it/vpn.txt": "VPN guide\n\nConnect to the VPN before opening the ticket system.\n",
        "salaries.txt": "Salary bands\n\nBand seven begins at fifty thousand.\n",
        "empty.md": "",
    }
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    (folder / "noise.txt").write_bytes(bytes(range(256)) * 8)
    return folder


TEXTS = {
    "leave.md": [
        "Up to five days of annual leave move into the next year.",
        "Apply for leave three weeks ahead.",
    ],
    "休暇規程.md": ["使い切れなかった年次有給休暇は翌年度に限り繰り越す。", "申請は三日前までに行う。"],
    "vpn.txt": ["Connect to the VPN before opening the ticket system."],
    "pump.txt": ["The Osprey pump is serviced every 400 hours."],
}


def put(service: Service, texts: Mapping[str, list[str]]) -> None:
    """Commits documents as if they had been read, a passage a line: no child is started."""
    for path, lines in texts.items():
        new = new_version(path, lines, covered=path.isascii(), title="Rules")
        service.corpus.commit(new, "\n".join(lines).encode())
    service.corpus.publish()


def runner(capsys: pytest.CaptureFixture[str], data: Path) -> Vouch:
    """Returns a function that runs a command on a data folder and returns how it ended."""

    def vouch(*argv: object) -> Ended:
        capsys.readouterr()
        code = run(["--data-dir", str(data), *(str(one) for one in argv)])
        out, err = capsys.readouterr()
        return Ended(int(code), out, err)

    return vouch


def process(*argv: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Runs a command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "rag.cli", *argv],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A data folder that is filled once, and the documents it was filled with."""
    home = tmp_path_factory.mktemp("company")
    documents = write_company(home / "documents")
    with pytest.MonkeyPatch.context() as patch:
        without_model(patch)
        assert run(["ingest", str(documents), "--data-dir", str(home / "data"), "-q"]) == 1
        yield home / "data", documents


@pytest.fixture
def vouch(
    company: tuple[Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Vouch:
    without_model(monkeypatch)
    return runner(capsys, company[0])


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes a scripted server the model ``own``, chosen by the environment."""
    servers = []

    def begin(*turns: Turn) -> ScriptedServer:
        server = ScriptedServer(turns)
        servers.append(server)
        server.__enter__()
        monkeypatch.setenv("VOUCH_MODELS", json.dumps({"own": scripted_model(server)}))
        return server

    yield begin
    for server in servers:
        server.__exit__()


@pytest.fixture
def read(company: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> Vouch:
    """Commands that only look."""
    return runner(capsys, company[0])


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Vouch:
    """Commands on a data folder without documents."""
    without_model(monkeypatch)
    return runner(capsys, tmp_path / "data")


def check_error(ended: Ended, code: ExitCode, said: str) -> None:
    """Every error looks the same: what happened, what to do, no traceback, nothing on stdout."""
    assert ended.code == code, ended.err
    assert ended.err.startswith("error: ")
    assert said in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
    assert ended.out == ""
