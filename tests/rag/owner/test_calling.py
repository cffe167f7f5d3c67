"""A command asks the owner before it loads what only an owner needs, and begins a parser where one may be wanted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from corpus.errors import ModelError, NotFoundError, VouchError
from corpus.ownership import own
from corpus.settings import Settings
from rag.owner.calling import call
from tests.rag.cli_runs import ROOT


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The parsers that an operation was given, for each that was performed here."""
    given: list[Any] = []
    monkeypatch.setattr("rag.owner.operations.perform_alone", lambda *_, parsers, **__: given.append(parsers))
    return given


def parsers_running() -> set[int]:
    """Those of this process; other tests' services may have some, too."""
    told = [one.as_dict(["pid", "cmdline"]) for one in psutil.Process().children()]
    return {
        one["pid"] for one in told if "ingest.sandbox.worker" in (one["cmdline"] or ())
    }  # None: it has just ended


def test_a_parser_is_begun_for_an_ingest_alone_and_goes_with_it(tmp_path: Path, seen: list[Any]) -> None:
    settings = Settings(data_dir=tmp_path)
    call(settings, "status", {})
    call(settings, "ingest", {"paths": [], "dry_run": True})
    held = own(tmp_path, "another")
    call(settings, "ingest", {"paths": []})
    held.release()
    assert seen == [None] * 3
    before = parsers_running()
    call(settings, "ingest", {"paths": []})
    assert seen[-1] is not None
    assert parsers_running() <= before


def test_what_cannot_parse_is_told_by_what_reads_a_file(
    tmp_path: Path, seen: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.parsers.recognition.is_installed", lambda: False)
    call(Settings(data_dir=tmp_path, ocr="on"), "ingest", {"paths": []})
    assert seen == [None]


@pytest.mark.parametrize(
    ("error", "restart"),
    [
        (
            NotFoundError("There is no model 'ours'.", code="model_unknown", hint="Add it to vouch.toml."),
            True,
        ),
        (ModelError("It needs a key.", code="model_no_key", hint="export OPENAI_API_KEY=…"), True),
        (
            NotFoundError("There is no collection 'hr'.", code="unknown_collection", hint="There are: it."),
            False,
        ),
    ],
)
def test_what_a_service_lacks_since_it_started_is_said_to_need_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: VouchError, restart: bool
) -> None:
    """Who adds a model to vouch.toml, or exports a key, while a service runs is not told to do what is done."""

    def refuse(*_: Any) -> None:
        raise error

    monkeypatch.setattr("rag.owner.calling.ask_owner", refuse)
    held = own(tmp_path, "vouch serve")
    with pytest.raises(VouchError) as told:
        call(Settings(data_dir=tmp_path), "ask", {})
    assert ("restart it" in told.value.hint and "vouch serve" in told.value.hint) is restart
    held.release()
    with pytest.raises(VouchError) as told:  # the owner has ended meanwhile
        call(Settings(data_dir=tmp_path), "ask", {})


def test_an_owner_is_asked_without_what_only_an_owner_needs(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from corpus.settings import Settings\n"
        "from pathlib import Path\n"
        "import rag.owner.calling\n"
        "rag.owner.calling.ask_owner = lambda *given: (True, 'answered')\n"
        f"assert rag.owner.calling.call(Settings(data_dir=Path({str(tmp_path)!r})), 'ingest', {{}}) == 'answered'\n"
        "print([name for name in ('sqlalchemy', 'numpy', 'tantivy', 'ingest.sandbox.pool') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
