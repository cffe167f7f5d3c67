"""The service behind the routes is there once it is warm, and not before."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from corpus.embedding.embedder import SentenceTransformerEmbedder
from corpus.errors import BusyError, EmbeddingError, ModelError, UnavailableError
from corpus.settings import Settings
from rag.api.house import House
from rag.bootstrap import open_service
from rag.service import Service


@pytest.fixture
def settings(filled: Path, tmp_path: Path) -> Settings:
    return Settings(data_dir=shutil.copytree(filled, tmp_path / "data"))


def test_it_is_ready_once_it_is_warm(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    warming, warmed = threading.Event(), threading.Event()
    warm = Service.warm

    def slow(self: Service) -> None:
        warming.set()
        assert warmed.wait(60)
        warm(self)

    monkeypatch.setattr(Service, "warm", slow)
    house = House(lambda: open_service(settings), drain_s=0.1)
    opening = threading.Thread(target=house.open)
    opening.start()
    assert warming.wait(60)
    with pytest.raises(UnavailableError, match="starting"):
        house.service  # noqa: B018 - it raises
    warmed.set()
    opening.join(60)
    loaded = house.service.models.open()._chat
    embedder = house.service.embedder
    house.close()
    assert loaded is not None
    assert isinstance(embedder, SentenceTransformerEmbedder)
    assert embedder.backend


def test_what_cannot_be_loaded_keeps_nothing_else_from_being_answered(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    keyless = {"provider": "openai", "model": "x", "api_key_env": "VOUCH_TESTS_HAVE_NO_SUCH_KEY"}
    chosen = settings.model_copy(update={"model": "keyless", "models": {"keyless": keyless}})
    house = House(lambda: open_service(chosen), drain_s=0.1)
    house.open()
    found = house.service.search("annual leave", 1)
    with pytest.raises(ModelError, match="VOUCH_TESTS_HAVE_NO_SUCH_KEY"):
        house.service.models.open().chat()
    house.close()
    assert found.hits
    assert "VOUCH_TESTS_HAVE_NO_SUCH_KEY" in caplog.text


def test_an_embedder_that_fails_while_it_is_warmed_keeps_words_from_no_answer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = 0

    def broken(self: object, texts: object) -> None:
        nonlocal tried
        tried += 1
        raise EmbeddingError("the weights are gone")

    monkeypatch.setattr("corpus.embedding.embedder.SentenceTransformerEmbedder._run", broken)
    house = House(lambda: open_service(settings), drain_s=0.1)
    house.open()
    while_warmed = tried
    found = house.service.search("annual leave", 1)
    house.close()
    assert while_warmed == 1
    assert "the weights are gone" in caplog.text
    assert found.hits
    assert any("weights are gone" in note.sentence for note in found.notes)


def test_a_service_that_fails_while_it_opens_gives_its_folder_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Service) -> None:
        raise RuntimeError("nobody foresaw this")

    with monkeypatch.context() as patch:
        patch.setattr(Service, "warm", broken)
        house = House(lambda: open_service(settings), drain_s=0.1)
        house.open()
        assert house.failure is not None
        assert house.failure.code == "internal"
        house.close()
    open_service(settings).close()


def test_a_service_multiplies_on_the_thread_that_asks(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with threadpool_limits(2, user_api="blas"):
        assert set(threads_of_blas()) == {2}
        with open_service(settings):
            assert set(threads_of_blas()) == {1}
        assert "OPENBLAS_NUM_THREADS" not in os.environ  # nor will children of the program around it have it
    with threadpool_limits(2, user_api="blas"):
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
        with open_service(settings):
            assert set(threads_of_blas()) == {2}


def threads_of_blas() -> list[int]:
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


def test_a_service_that_opened_on_a_full_disk_can_write_once_there_is_room(
    filled: Path, small_disk: Callable[[int], AbstractContextManager[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.api.house.LOOKED_EVERY_S", 0.05)
    monkeypatch.setattr("rag.api.house.ENDING_S", 0.05)
    with small_disk(200) as disk:
        data = Path(shutil.copytree(filled, disk / "data"))
        ballast = fill(disk / "ballast")
        chosen = Settings(data_dir=data, min_free_mb=1)
        house = House(lambda: open_service(chosen), drain_s=0.1)
        house.open()
        first = house.service
        assert first.corpus.catalog.read_only
        assert first.search("annual leave", 1).hits
        visit = house.ask()
        ballast.unlink()
        time.sleep(0.3)
        assert service_of(house) is first  # a question is still being answered
        visit.leave()
        until = time.monotonic() + 60
        while not is_writable(house) and time.monotonic() < until:
            time.sleep(0.05)
        assert not house.service.corpus.catalog.read_only
        assert house.service.search("annual leave", 1).hits
        house.close()
        open_service(chosen).close()  # the folder was given back


def test_a_service_that_stops_while_its_disk_is_full_does_not_open_anew(
    filled: Path, small_disk: Callable[[int], AbstractContextManager[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.api.house.LOOKED_EVERY_S", 0.05)
    opened = 0
    with small_disk(200) as disk:
        data = Path(shutil.copytree(filled, disk / "data"))
        ballast = fill(disk / "ballast")

        def opener() -> Service:
            nonlocal opened
            opened += 1
            return open_service(Settings(data_dir=data, min_free_mb=1))

        house = House(opener, drain_s=0.1)
        house.open()
        house.close()
        ballast.unlink()
        time.sleep(0.3)
        assert opened == 1


def fill(ballast: Path) -> Path:
    """Writes a file until the disk is full."""
    with ballast.open("wb") as stream, contextlib.suppress(OSError):
        while True:
            stream.write(bytes(1 << 16))
            stream.flush()
    return ballast


def service_of(house: House) -> Service:
    """Returns the open service, also where it lets nobody in for the moment in which it looks whether all have gone."""
    until = time.monotonic() + 10
    while True:
        try:
            return house.service
        except UnavailableError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def is_writable(house: House) -> bool:
    try:
        return not house.service.corpus.catalog.read_only
    except UnavailableError:
        return False


class Fake:
    """A service of no corpus; what opens and closes it is written down."""

    def __init__(self, read_only: bool, told: list[str]) -> None:
        self.corpus = SimpleNamespace(catalog=SimpleNamespace(read_only=read_only), folder=Path())
        self.settings = SimpleNamespace(min_free_mb=0, max_concurrent_asks=4)
        self.told = told
        told.append("open")

    def warm(self) -> None:
        pass

    def close(self) -> None:
        self.told.append("close")


@pytest.fixture
def opened_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Callable[[list[str]], Fake]], tuple[House, list[str]]]:
    """A house whose services an opener makes, on a disk that can be written by now."""

    class Idle:
        def __init__(self, service: Fake) -> None:
            self.told = service.told

        def start(self) -> None:
            pass

        def stop(self) -> None:
            self.told.append("stop")

        def halt(self) -> None:
            self.told.append("halt")

    monkeypatch.setattr("rag.api.house.Jobs", Idle)
    monkeypatch.setattr("rag.api.house.can_write", lambda *_: True)
    monkeypatch.setattr("rag.api.house.LOOKED_EVERY_S", 0.02)
    monkeypatch.setattr("rag.api.house.ENDING_S", 0.04)

    def make(opener: Callable[[list[str]], Fake]) -> tuple[House, list[str]]:
        told: list[str] = []
        house = House(cast(Callable[[], Service], lambda: opener(told)), drain_s=0.1)
        house.open()
        return house, told

    return make


def test_a_service_that_cannot_be_opened_anew_at_once_is_tried_again_and_is_no_failure(
    opened_anew: Callable[..., tuple[House, list[str]]],
) -> None:
    def opener(told: list[str]) -> Fake:
        if told.count("close") and told.count("failed") < 3:
            told.append("failed")
            raise BusyError("another command is at it")
        return Fake(not told, told)

    house, told = opened_anew(opener)
    wait_for(lambda: told.count("open") == 2)
    assert told == ["open", "stop", "close", "failed", "failed", "failed", "open"]
    assert house.failure is None
    wait_for(lambda: house.peek() is not None)
    house.close()


def test_a_service_that_stays_read_only_is_opened_anew_ever_more_rarely(
    opened_anew: Callable[..., tuple[House, list[str]]],
) -> None:
    house, told = opened_anew(lambda told: Fake(True, told))
    time.sleep(1.2)
    house.close()
    assert 2 < told.count("open") <= 7  # at a steady pace it would be twenty


def test_a_service_that_is_told_to_stop_while_it_opens_anew_begins_nothing(
    opened_anew: Callable[..., tuple[House, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.api.house.ENDING_S", 60.0)
    house, told = opened_anew(lambda told: Fake(True, told))
    wait_for(lambda: house.peek() is None)  # it waits for what is under way
    house.drain()
    house.close()
    assert told.count("open") == told.count("close") == 1


def test_a_service_is_not_opened_anew_while_a_command_is_being_done_by_it(
    opened_anew: Callable[..., tuple[House, list[str]]],
) -> None:
    house, told = opened_anew(lambda told: Fake(not told, told))
    with house.working():
        time.sleep(0.3)
        assert told == ["open"]
    wait_for(lambda: told.count("open") == 2)
    house.close()


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_model_whose_export_is_gone_is_exported_beside_the_work(tiny: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", embedder=str(tiny), embed_precision="float32")
    (tmp_path / "leave.txt").write_text("Everyone has 25 days of leave a year.", encoding="utf-8")
    with open_service(settings) as service:
        service.ingest([tmp_path / "leave.txt"])
    shutil.rmtree(settings.data_dir / "models")
    with open_service(settings) as service:
        embedder = service.embedder
        assert isinstance(embedder, SentenceTransformerEmbedder)
        service.warm()
        assert service.search("leave", 1).hits
        deadline = time.monotonic() + 120
        while embedder.backend == "sentence-transformers" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert embedder.backend in ("openvino", "onnxruntime")
        assert embedder.problem == ""
