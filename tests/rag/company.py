"""A small company's documents, and how they are served from a real port with scripted models behind it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from corpus.settings import Settings
from rag.models.catalogue import Models
from rag.serving import listen, make_app
from tests.ingest.paper import drawn
from tests.rag.scripted import ScriptedServer, Turn, refusal

PAGES = (
    "The Osprey pump must be serviced every 400 hours of work.",
    "Spare parts for the Osprey pump are ordered from the depot in Leeds.",
)
MARKED = "Up to five days of annual leave move into the next year. [1]"


@dataclass(frozen=True)
class Live:
    """A server that runs: where it is, its data folder, and the scripted models behind it."""

    url: str
    settings: Settings
    models: Models
    steady: ScriptedServer
    endless: ScriptedServer
    cut: ScriptedServer

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60)

    def forget_failures(self) -> None:
        """Has the breaker of the model that cuts its answers off begin anew: other tests have used it, too."""
        self.models.open("cut")._provider.breaker.record(False)  # type: ignore[attr-defined]


def write_documents(folder: Path) -> Path:
    """Writes a company's documents: Markdown in two languages, a PDF of two pages,
    and one that not all may read.
    """
    texts = {
        "hr/leave.md": "# Annual leave\n\n## Carrying over\n\n"
        "Up to five days of annual leave move into the next year. They lapse at the end of March.\n\n"
        "## Applying\n\nApply for leave in the people system three weeks ahead.\n",
        "hr/休暇規程.md": "# 休暇規程\n\n## 年次有給休暇\n\n"
        "使い切れなかった年次有給休暇は翌年度に限り繰り越す。\n\n"
        "年次有給休暇の申請は、三日前までに人事システムで行う。\n",
        "it/vpn.txt": "VPN guide\n\nConnect to the VPN before opening the ticket system.\n",
        "salaries.txt": "Salary bands\n\nSalary band seven begins at fifty thousand pounds.\n",
    }
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")

    def draw(canvas: object) -> None:
        canvas.drawString(72, 700, PAGES[0])  # type: ignore[attr-defined]
        canvas.showPage()  # type: ignore[attr-defined]
        canvas.drawString(72, 700, PAGES[1])  # type: ignore[attr-defined]

    (folder / "pump.pdf").write_bytes(drawn(draw))
    return folder


def scripted_model(server: ScriptedServer, **more: object) -> dict[str, object]:
    """The table of vouch.toml that makes a scripted server a model."""
    return {"provider": "openai-compatible", "model": "scripted", "base_url": server.base_url, **more}


class running:
    """Serves settings on a free port for the length of a ``with`` block;
    gives its address once it is ready.
    """

    def __init__(self, settings: Settings, drain_s: float = 20.0) -> None:
        self.app = make_app(settings, drain_s=drain_s)
        self._listener = listen("127.0.0.1", 0)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self.app, log_level="error", ws="none", server_header=False, timeout_graceful_shutdown=30
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],))

    def __enter__(self) -> str:
        self._thread.start()
        house = self.app.state.house
        house.wait_until_open()
        assert house.failure is None
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(60)
        self._listener.close()
        assert not self._thread.is_alive()


@contextmanager
def company_service(filled: Path, home: Path) -> Iterator[Live]:
    """Serves a copy of a data folder made in ``home``, with models that behave well and badly."""
    words = [f"{word} " for word in MARKED.split()]
    with (
        ScriptedServer([Turn(texts=words)]) as steady,
        ScriptedServer([Turn(texts=["word "] * 3000, pause_s=0.04)]) as endless,
        ScriptedServer([Turn(texts=words[:-1], finish="")]) as cut,
        ScriptedServer([refusal(401, "no such key")]) as refusing,
    ):
        settings = Settings(
            data_dir=home / "data",
            max_concurrent_asks=3,
            models={
                "steady": scripted_model(steady),
                "endless": scripted_model(endless),
                "cut": scripted_model(cut),
                "refusing": scripted_model(refusing),
                "keyless": {
                    "provider": "openai",
                    "model": "x",
                    "api_key_env": "VOUCH_TESTS_HAVE_NO_SUCH_KEY",
                },
            },
        )
        shutil.copytree(filled, settings.data_dir)
        served = running(settings)
        with served as url:
            yield Live(url, settings, served.app.state.house.service.models, steady, endless, cut)
