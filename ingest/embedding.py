"""Bulk embedding in a low-priority child process, so that questions are answered meanwhile.

The two processes talk over pipes, in :mod:`ingest.frames`. Replies come in the order of the requests, of which two may
be under way, so that no core waits for the next while one is answered. The child ends with
its parent, however that ends: its reading thread sees the pipe close and exits the process, also amid
a batch. (``PR_SET_PDEATHSIG`` would not do: it follows the parent's *thread*, not the parent.)
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

import numpy as np

from corpus.child import give_way
from corpus.embedding import (
    Embedder,
    EmbeddingSpace,
    SentenceTransformerEmbedder,
    TokenEmbedder,
    open_embedder,
)
from corpus.embedding.compiled import Precision
from corpus.errors import EmbeddingError
from corpus.types import Float32, QueryTokens
from ingest.frames import read_reply, receive, send, show_reply

if TYPE_CHECKING:  # reading them takes a child longer than to import numpy
    from corpus.settings import Settings

_log = logging.getLogger(__name__)

REQUEST_TEXTS = 512
AT_A_TIME = 2
"""Requests that a child works on at a time: the second one's texts are counted while the first one's are computed."""

FEW_TEXTS = 32
"""So many passages in all are embedded without a child where only few were announced: half a second's work, and a child
takes a second of the processor to start."""

_TEXTS_HERE = 8
"""… so many at a time, so that a question need not wait for all of them."""

_LAST_WORDS_S = 10.0
_SILENT_S = 1800.0
"""A child that says nothing to one request for so long is ended like one that died: threads of a library were seen to
wait for each other for ever."""
_START = "from ingest.embedding import main; main()"


class EmbeddingChild:
    """An embedder whose passages are computed in a child process. Use it as a context manager.

    Space, token counts and coverage are answered here, without loading weights; the child starts with
    :meth:`prepare` or the first passages. A child that dies is started again and its requests repeated once, one after
    the other. Safe for threads.

    Args:
        settings: which embedder, how many threads, and the data folder that keeps its export.
        embedder: the same embedder where it is open already: reading its tokenizer anew holds everything else
            in the process up for a tenth of a second.
    """

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        self._settings = settings
        self._embedder = embedder or open_embedder(settings)
        self._lock = threading.Lock()  # one thread starts a child, or computes here
        self._repeating = threading.Lock()
        self._child: _Child | None = None
        self._loading: threading.Thread | None = None
        self._asked = 0
        self._closed = False
        self.slower = ""
        """Why passages are embedded more slowly than they could be, in one sentence; "" where nothing is wrong."""

    @property
    def space(self) -> EmbeddingSpace:
        """The space of every vector this embedder gives; known without loading the weights."""
        return self._embedder.space

    @property
    def max_tokens(self) -> int:
        """The most tokens the model reads, special tokens included; longer input is refused."""
        return self._embedder.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Returns each text's number of tokens, special tokens included; nothing is truncated."""
        return self._embedder.count_tokens(texts)

    def covers(self, text: str) -> bool:
        """Says whether the model can read the text."""
        return self._embedder.covers(text)

    def embed_query(self, text: str) -> Float32:
        """Returns one float32 unit vector, computed in this process."""
        return self._embedder.embed_query(text)

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        """Returns float32 unit rows, shape (len(texts), dimension), computed in the child.

        Raises:
            EmbeddingError: what the child met, or ``embedder_crashed`` when it died twice, or
                ``embedder_closed`` when this was closed meanwhile.
        """
        return self._embed(texts, tokens=False)[0]

    @property
    def gives_tokens(self) -> bool:
        """Whether the model has vectors of tokens; known without loading the weights."""
        return isinstance(self._embedder, TokenEmbedder) and self._embedder.gives_tokens

    def embed_query_with_tokens(self, text: str) -> tuple[Float32, QueryTokens | None]:
        """Returns what :meth:`embed_query` does, and the question's tokens; None where it has none."""
        if isinstance(self._embedder, TokenEmbedder):
            return self._embedder.embed_query_with_tokens(text)
        return self._embedder.embed_query(text), None

    def embed_passages_with_tokens(self, texts: Sequence[str]) -> tuple[Float32, list[bytes | None]]:
        """Returns what :meth:`embed_passages` does, and each text's token vectors (:mod:`corpus.late`), or None.

        Raises:
            EmbeddingError: as there.
        """
        return self._embed(texts, tokens=True)

    def _embed(self, texts: Sequence[str], *, tokens: bool) -> tuple[Float32, list[bytes | None]]:
        rows = [np.empty((0, self.space.dimension), dtype=np.float32)]
        codes: list[bytes | None] = []
        with self._lock:
            self._asked += len(texts)
            here = self._asked <= FEW_TEXTS and self._child is None and self._is_loaded()
        size = _TEXTS_HERE if here else REQUEST_TEXTS
        for at in range(0, len(texts), size):
            ask = self._compute if here and not self._closed else self._ask
            some, theirs = ask(texts[at : at + size], tokens)
            rows.append(some)
            codes += theirs
        return np.concatenate(rows), codes

    def prepare(self, *, few: bool = False) -> None:
        """Starts the child, which loads what was exported before: the first passages need not wait for it.

        Where only few passages are to come, what was exported is loaded in this process instead, if it is not yet:
        then the first ``FEW_TEXTS`` are computed here.
        """
        if few and isinstance(self._embedder, SentenceTransformerEmbedder) and self._embedder.is_exported:
            self._loading = threading.Thread(target=self._embedder.load_export, daemon=True)
            self._loading.start()
            return
        with contextlib.suppress(OSError):  # what cannot be started says so when it is asked
            self._started()

    def close(self) -> None:
        """Ends the child at once, also amid a batch; safe to call from another thread, and twice."""
        self._closed = True
        child = self._child
        if child is not None:
            child.end()

    def __enter__(self) -> EmbeddingChild:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        if self._loading is not None:
            self._loading.join()  # within OpenVINO it would abort a process that ends now

    def _is_loaded(self) -> bool:
        """Whether this process was to load the export, and has it. A damaged one is discarded: torch is the child's."""
        if self._loading is None or not isinstance(self._embedder, SentenceTransformerEmbedder):
            return False
        self._loading.join()
        return self._embedder.is_exported

    def _compute(self, texts: Sequence[str], tokens: bool) -> tuple[Float32, list[bytes | None]]:
        if tokens and isinstance(self._embedder, TokenEmbedder):
            return self._embedder.embed_passages_with_tokens(texts)
        return self._embedder.embed_passages(texts), []

    def _started(self) -> _Child | None:
        """Returns the child that lives, or a new one; None once this is closed."""
        with self._lock:
            if self._child is None and not self._closed:
                self._child = _Child(self._settings, self.space.precision)
            if self._child is not None and self._closed:  # meanwhile, by another thread
                self._child.end()
            return None if self._closed else self._child

    def _ended(self, child: _Child) -> str:
        """Lets go of a dead child; returns how it ended."""
        reason = child.end()
        with self._lock:
            if self._child is child:
                self._child = None
                if not self._closed:
                    _log.warning("The embedding process died (%s).", reason)
        return reason

    def _ask(self, texts: Sequence[str], tokens: bool) -> tuple[Float32, list[bytes | None]]:
        reason = ""
        # A second time one by one: what does nothing to a child must not be blamed for what another one does.
        for alone in (contextlib.nullcontext(), self._repeating):
            with alone:
                child = self._started()
                if child is None:
                    break
                try:
                    reply = child.ask(texts, tokens)
                except (OSError, ValueError):  # dead, or ended by close() meanwhile
                    reason = self._ended(child)
                    continue
            if reply[:1] == b"E":
                raise EmbeddingError(**json.loads(reply[1:]))
            rows, codes, self.slower = read_reply(reply, len(texts), self.space.dimension, tokens)
            return rows, codes
        if self._closed:
            raise EmbeddingError("Embedding was stopped.", code="embedder_closed")
        raise EmbeddingError(
            f"The embedding process died twice on the same {len(texts)} passages ({reason}).",
            code="embedder_crashed",
            hint="Most often memory ran out: free some, or lower VOUCH_EMBED_THREADS, and ingest again.",
        )


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The settings of a child: which embedder, in the precision of the corpus."""

    embedder: str
    data_dir: Path
    embed_precision: Precision
    embed_threads: int


class _Child:
    """One running child process."""

    def __init__(self, settings: Settings, precision: str) -> None:
        root = str(Path(__file__).resolve().parents[1])
        paths = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._ending = threading.Lock()
        self._ended = ""
        self._sending, self._reading = threading.Lock(), threading.Lock()
        self._waiting: deque[Future[bytes | None]] = deque()  # in the order in which replies come
        # -P: a folder that is being ingested may hold a numpy.py.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**os.environ, "PYTHONPATH": paths},
        )
        give_way(self._process)
        chosen = {
            "embedder": settings.embedder,
            "data_dir": str(settings.data_dir),
            "embed_precision": precision,
            "embed_threads": settings.embed_threads,
        }
        with contextlib.suppress(OSError):  # a child that died already shows when it is asked
            send(self._input, json.dumps(chosen).encode())

    def ask(self, texts: Sequence[str], tokens: bool) -> bytes:
        """Returns the child's reply.

        Raises:
            OSError: the child is dead.
        """
        mine: Future[bytes | None] = Future()
        silent = threading.Timer(_SILENT_S, self._process.kill)
        silent.daemon = True
        silent.start()
        try:
            request = json.dumps({"texts": list(texts), "tokens": tokens}).encode()
            with self._sending, contextlib.suppress(BrokenPipeError):
                self._waiting.append(mine)
                send(self._input, request)
            while not mine.done():
                self._read_one(mine)
        finally:
            silent.cancel()
        reply = mine.result()
        if reply is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_LAST_WORDS_S)  # killed now, it could not say why it ends
            raise BrokenPipeError("the embedding process closed its pipe")
        return reply

    def _read_one(self, mine: Future[bytes | None]) -> None:
        """Gives the next reply to whom it is for, unless another thread gave me mine meanwhile."""
        assert self._process.stdout is not None
        with self._reading:
            if not mine.done():
                reply = receive(self._process.stdout)
                self._waiting.popleft().set_result(reply)

    def end(self) -> str:
        """Kills the child if it lives and returns how it ended, with the last line it said.

        Any thread may call this, and several at once: one of them does it, the others wait for it.
        """
        self._process.kill()
        with self._ending:
            if not self._ended:
                self._ended = self._bury()
            return self._ended

    def _bury(self) -> str:
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, ValueError):  # a reader in another thread ends by itself
                if pipe is not None:
                    pipe.close()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        with self._said as said:
            said.seek(0, os.SEEK_END)
            said.seek(max(0, said.tell() - 4000))
            lines = said.read().decode(errors="replace").strip().splitlines()
        return f"{how}: {lines[-1]}" if lines and code > 0 else how

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin


def main() -> None:
    """Answers requests from standard input until it closes: the entry of the child process."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not end up among the answers
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(sys.stdin.buffer, requests), daemon=True).start()
    chosen = json.loads(requests.get())
    chosen["data_dir"] = Path(chosen["data_dir"])
    embedder = open_embedder(_Chosen(**chosen), side_by_side=True)
    embedder.load_export()
    first = requests.get()
    embedder.prepare()
    pool = ThreadPoolExecutor(AT_A_TIME, "answer")
    replies: queue.SimpleQueue[Future[bytes]] = queue.SimpleQueue()
    replies.put(pool.submit(_answer, embedder, first))

    def take() -> None:
        while True:
            replies.put(pool.submit(_answer, embedder, requests.get()))

    threading.Thread(target=take, daemon=True).start()
    while True:
        send(answers, replies.get().result())


def _answer(embedder: SentenceTransformerEmbedder, asked: bytes) -> bytes:
    request = json.loads(asked)
    try:
        if request["tokens"]:
            return show_reply(*embedder.embed_passages_with_tokens(request["texts"]), embedder.problem)
        return show_reply(embedder.embed_passages(request["texts"]), [], embedder.problem)
    except EmbeddingError as error:
        told = {"message": error.message, "code": error.code, "hint": error.hint}
        return b"E" + json.dumps(told).encode()


def _read_requests(source: BinaryIO, requests: queue.SimpleQueue[bytes]) -> None:
    while (request := receive(source)) is not None:
        requests.put(request)
    os._exit(0)
