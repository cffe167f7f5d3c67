"""The embedding child: the same vectors, at low priority, and nothing left behind however it ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from corpus.child import NICENESS
from corpus.embedding import open_embedder
from corpus.errors import EmbeddingError
from corpus.settings import Settings
from ingest import embedding
from ingest.embedding import EmbeddingChild

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

ReadOnly = Callable[[Path], contextlib.AbstractContextManager[Path]]

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [f"Passage {number} about {topic}." for number in range(6) for topic in ("leave", "travel and pay")]


@pytest.fixture(scope="module")
def chosen(tiny: Path, data_with_export: Path) -> Settings:
    return Settings(data_dir=data_with_export, embedder=str(tiny), embed_threads=1, embed_precision="float32")


@pytest.fixture
def child(chosen: Settings) -> Iterator[EmbeddingChild]:
    with EmbeddingChild(chosen) as embedder:
        yield embedder


def process_of(embedder: EmbeddingChild) -> int:
    assert embedder._child is not None
    return embedder._child._process.pid


def wait_until_gone(pid: int, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            status = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if status == "Z":
            return True
        time.sleep(0.05)
    return False


def test_the_child_gives_the_vectors_this_process_would(child: EmbeddingChild, chosen: Settings) -> None:
    here = open_embedder(chosen)
    assert child.space == here.space
    assert child.count_tokens(TEXTS) == here.count_tokens(TEXTS)
    rows = child.embed_passages(TEXTS)
    assert rows.dtype == np.float32
    assert rows.flags.writeable
    np.testing.assert_allclose(rows, here.embed_passages(TEXTS), atol=1e-6)
    np.testing.assert_allclose(child.embed_query("leave"), here.embed_query("leave"), atol=1e-6)
    assert child.embed_passages([]).shape == (0, here.space.dimension)


def test_a_prepared_child_is_the_one_that_answers_and_is_ended_with_the_others(chosen: Settings) -> None:
    with EmbeddingChild(chosen) as child:
        child.prepare()
        first = process_of(child)
        child.prepare()
        assert child.embed_passages(TEXTS).shape == (len(TEXTS), child.space.dimension)
        assert process_of(child) == first
        child.close()
        child.prepare()
        assert wait_until_gone(first)
    with EmbeddingChild(chosen) as unused:
        unused.prepare()
        other = process_of(unused)
    assert wait_until_gone(other)


def test_few_passages_need_no_child_and_their_vectors_are_the_same(chosen: Settings) -> None:
    with EmbeddingChild(chosen) as child:
        child.prepare()
        theirs = child.embed_passages_with_tokens(TEXTS)
    with EmbeddingChild(chosen) as few:
        few.prepare(few=True)
        rows, codes = few.embed_passages_with_tokens(TEXTS)
        np.testing.assert_allclose(rows, theirs[0], atol=1e-6)
        assert [len(one or b"") for one in codes] == [len(one or b"") for one in theirs[1]]
        assert few._child is None
        for _ in range(embedding.FEW_TEXTS // len(TEXTS)):  # a few at a time are many in the end, too
            assert few.embed_passages(TEXTS).shape == (len(TEXTS), few.space.dimension)
        assert process_of(few)  # more than was foretold: the child does them, and what comes after
        few.close()
        with pytest.raises(EmbeddingError, match="stopped"):
            few.embed_passages(TEXTS)


def test_without_an_export_few_passages_are_the_childs_too(chosen: Settings, tmp_path: Path) -> None:
    with EmbeddingChild(chosen.model_copy(update={"data_dir": tmp_path})) as child:
        child.prepare(few=True)
        assert process_of(child)


def test_a_damaged_export_is_the_childs_to_mend_also_for_few_passages(
    chosen: Settings, data_with_export: Path, tmp_path: Path
) -> None:
    shutil.copytree(data_with_export / "models", tmp_path / "models")
    graph = next((tmp_path / "models").glob("*/model.onnx"))
    graph.write_bytes(graph.read_bytes()[:-1])
    with EmbeddingChild(chosen.model_copy(update={"data_dir": tmp_path})) as child:
        child.prepare(few=True)
        assert not child._is_loaded()  # so the child is asked, which makes it again


def test_rows_keep_their_order_over_several_requests(
    child: EmbeddingChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = child.embed_passages(TEXTS)
    monkeypatch.setattr(embedding, "REQUEST_TEXTS", 5)
    np.testing.assert_allclose(child.embed_passages(TEXTS), together, atol=1e-6)


def test_token_vectors_come_through_the_pipe(
    child: EmbeddingChild, chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, texts = open_embedder(chosen), [*TEXTS, "", "休暇"]
    monkeypatch.setattr(embedding, "REQUEST_TEXTS", 5)
    rows, codes = child.embed_passages_with_tokens(texts)
    expected, theirs = here.embed_passages_with_tokens(texts)
    np.testing.assert_allclose(rows, expected, atol=1e-6)
    assert codes == theirs
    assert codes[-2] is None
    assert child.gives_tokens


def test_odd_texts_survive_the_pipe(child: EmbeddingChild) -> None:
    rows = child.embed_passages(["", "\x00", "\ud800", "改行\r\n", "🎉"])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_the_child_has_low_priority(child: EmbeddingChild) -> None:
    child.embed_passages(["one"])
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, process_of(child)) == min(19, own + NICENESS)


def test_a_killed_child_is_replaced_and_its_request_repeated(child: EmbeddingChild) -> None:
    before = child.embed_passages(TEXTS)
    first = process_of(child)
    os.kill(first, signal.SIGKILL)
    np.testing.assert_allclose(child.embed_passages(TEXTS), before, atol=1e-6)
    assert process_of(child) != first
    assert wait_until_gone(first)


def test_a_child_killed_amid_a_batch_is_replaced(child: EmbeddingChild) -> None:
    expected = child.embed_passages(TEXTS)
    first = process_of(child)
    os.kill(first, signal.SIGSTOP)
    threading.Timer(0.2, os.kill, (first, signal.SIGKILL)).start()
    np.testing.assert_allclose(child.embed_passages(TEXTS), expected, atol=1e-6)


def test_a_child_that_stays_silent_is_replaced(
    child: EmbeddingChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = child.embed_passages(TEXTS)
    first = process_of(child)
    os.kill(first, signal.SIGSTOP)
    patience, timer = iter([0.2]), threading.Timer
    monkeypatch.setattr(threading, "Timer", lambda after, then: timer(next(patience, after), then))
    np.testing.assert_allclose(child.embed_passages(TEXTS), expected, atol=1e-6)
    assert process_of(child) != first


def test_threads_that_ask_at_once_are_given_their_own_also_where_the_child_dies(
    child: EmbeddingChild,
) -> None:
    asked = [TEXTS[at:] for at in range(6)]
    expected = [child.embed_passages(texts) for texts in asked]
    for kills in (False, True):
        first = process_of(child)
        if kills:
            os.kill(first, signal.SIGSTOP)
            threading.Timer(0.3, os.kill, (first, signal.SIGKILL)).start()
        with ThreadPoolExecutor(2) as pool:
            given = list(pool.map(child.embed_passages, asked))
        for rows, wanted in zip(given, expected, strict=True):
            np.testing.assert_allclose(rows, wanted, atol=1e-6)
        assert (process_of(child) != first) is kills


def test_a_child_that_dies_twice_is_an_error_with_its_last_words(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_START", "import sys; sys.exit('no memory left')")
    with EmbeddingChild(chosen) as child, pytest.raises(EmbeddingError) as caught:
        child.embed_passages(["one"])
    assert caught.value.code == "embedder_crashed"
    assert "no memory left" in caught.value.message


def test_a_child_that_takes_a_moment_to_end_can_say_why(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "import os, sys, time; os.close(1); time.sleep(0.3); sys.exit('the disk is read-only')"
    monkeypatch.setattr(embedding, "_START", slow)
    with EmbeddingChild(chosen) as child, pytest.raises(EmbeddingError) as caught:
        child.embed_passages(["one"])
    assert "the disk is read-only" in caught.value.message


@pytest.mark.parametrize("there", [True, False])
def test_the_child_embeds_where_no_export_can_be_kept(
    chosen: Settings, tmp_path: Path, read_only_folder: ReadOnly, there: bool
) -> None:
    (tmp_path / "models").mkdir()
    with read_only_folder(chosen.data_dir if there else tmp_path) as folder:
        settings = chosen.model_copy(update={"data_dir": folder})
        with EmbeddingChild(settings) as child:
            assert child.embed_passages(["one"]).shape == (1, child.space.dimension)
            assert ("Read-only file system" in child.slower) is not there
            child.embed_passages_with_tokens(["two"])
            assert ("Read-only file system" in child.slower) is not there
        here = open_embedder(settings)
        here.prepare()
        assert ("Read-only file system" in here.problem) is not there


def test_an_error_comes_back_whole_and_the_child_goes_on(child: EmbeddingChild) -> None:
    with pytest.raises(EmbeddingError) as caught:
        child.embed_passages(["fine", "go " * 300])
    assert caught.value.code == "passage_too_long"
    assert caught.value.hint
    pid = process_of(child)
    assert child.embed_passages(["fine"]).shape[0] == 1
    assert process_of(child) == pid


def test_closing_from_another_thread_stops_the_work(child: EmbeddingChild) -> None:
    child.embed_passages(["warm"])
    pid = process_of(child)
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.2, child.close).start()
    with pytest.raises(EmbeddingError) as caught:
        child.embed_passages(TEXTS)
    assert caught.value.code == "embedder_closed"
    assert wait_until_gone(pid)
    child.close()


def test_a_folder_of_python_files_is_not_imported(
    chosen: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "numpy", "corpus", "ingest"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the current folder')")
    monkeypatch.chdir(tmp_path)
    with EmbeddingChild(chosen) as child:
        assert child.embed_passages(["one"]).shape[0] == 1


def test_the_child_ends_with_a_killed_parent(chosen: Settings) -> None:
    script = (
        "from corpus.settings import Settings\n"
        "from ingest.embedding import EmbeddingChild\n"
        f"child = EmbeddingChild(Settings(data_dir={str(chosen.data_dir)!r}, "
        f"embedder={chosen.embedder!r}, embed_threads=1, embed_precision='float32'))\n"
        "child.embed_passages(['warm'])\n"
        "print(child._child._process.pid, flush=True)\n"
        "while True:\n"
        "    child.embed_passages([f'passage {n} of many, ' * 3 for n in range(3000)])\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.kill()
        assert wait_until_gone(pid)
    finally:
        parent.kill()
        parent.communicate()
        with contextlib.suppress(UnboundLocalError, ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_a_child_starts_without_what_reads_settings() -> None:
    """pydantic takes longer to import than numpy, and a child is told what it needs."""
    program = "import sys, ingest.embedding; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"pydantic", "sqlalchemy", "corpus.settings"}.isdisjoint(loaded.stdout.split())
