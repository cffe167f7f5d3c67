"""The fast back end: the reference's own export, run by OpenVINO or ONNX Runtime.

The export lies in the data folder under ``models/<space>/``, with its hash. It is made once, in a child
process, checked against the reference, and moved into place whole; where it is missing, damaged or was
refused, the reference answers.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpus.durable import sync_open
from corpus.embedding.compiled import Precision
from corpus.embedding.model import ModelFolder, read_model
from corpus.embedding.runtime import (
    NO_RATES,
    OPENVINO_SUFFIX,
    CannotRunError,
    Rates,
    has_openvino,
    measure,
    open_runtime,
)
from corpus.embedding.space import EmbeddingSpace
from corpus.embedding.token_vectors import Encoded
from corpus.embedding.tokens import LENGTH_STEP, Tokens
from corpus.errors import EmbeddingError
from corpus.hashing import file_sha256
from corpus.types import Float32

MOST_DIFFERENCE: dict[Precision, float] = {"float32": 1e-5, "bfloat16": 5e-3, "int8": 0.12}
"""The most by which a component may differ from the reference's in a precision: rounding through a few layers
was measured at 2e-7 in float32, 1e-3 in bfloat16 and .07 in int8, in a Japanese text, of which it
was shown none. Within it all back ends share one embedding space."""

LEAST_COSINE = 0.97
"""The least cosine of a text's vector with the reference's; in int8 .98 was measured, for a text of one letter."""

_GRAPH = "model.onnx"
_SMALL_GRAPH = f"model{OPENVINO_SUFFIX}"
"""In fewer bits, in OpenVINO's own form, with the weights beside it in ``model.bin``."""

_NOTE = "export.json"
EXPORT_NAMES = frozenset({_NOTE, _GRAPH, _SMALL_GRAPH, "model.bin"})

_GRAPH_VERSION = 2
"""2: a vector for each token, too. An older graph is run until the next ingest makes it anew."""

_PACKAGES = ("nncf", "onnxruntime", "openvino", "sentence-transformers", "torch", "transformers")

_MOST_S = 600.0
"""So long an export may take; some fifteen seconds are usual."""

_PROBES = (
    "",
    "a",
    "How many vacation days do I get?",
    "Überweisung № 42: naïve café, 100 % of E-4032 (§ 12.3)\n\tindented",
    "年次有給休暇の申請手続きについて説明します。",
    "Employees accrue leave each pay period. " * 5,
    "The committee reviewed the quarterly figures and asked for more detail on travel costs. " * 9,
)

_TIMED = "Employees accrue leave each pay period, and ask for it two weeks before they take it. " * 7
_TIMED_TEXTS = 8
"""What each way to run the export is timed with, once, when it is made: about a second in all."""


class Exported:
    """A checked export, ready to run; safe for threads.

    ``slower`` says why it does not run as fast as its precision could, "" when it does.

    Raises:
        EmbeddingError: ``export_damaged``: it is not the file that was made. ``export_unrunnable``: nothing here can
            compute it as it is meant.
    """

    def __init__(
        self,
        folder: Path,
        tokens: Tokens,
        precision: Precision,
        threads: int,
        side_by_side: bool = False,
        briefly: bool = False,
    ) -> None:
        try:
            note = json.loads((folder / _NOTE).read_text("utf-8"))
            graph = graph_in(folder)
            if _digest(graph) != note["sha256"]:
                raise ValueError("its hash is not the recorded one")
            self.has_tokens = note.get("graph") == _GRAPH_VERSION
            self._runtime, self.slower = open_runtime(
                graph, precision, threads, side_by_side, briefly=briefly
            )
        except CannotRunError as error:
            raise EmbeddingError(
                f"The exported model cannot be run: {error}.", code="export_unrunnable"
            ) from None
        except Exception as error:  # the runtimes have an exception class for every fault of a file
            raise EmbeddingError(
                f"The exported model in {folder} cannot be used: {error}.",
                code="export_damaged",
                hint="The next ingest makes it again.",
            ) from None
        self._tokens = tokens

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Returns what the model gives for some texts."""
        tokens = self._tokens.encode(texts)
        rows, states = self._runtime.run(*self._tokens.pad(tokens, multiple=LENGTH_STEP))
        return Encoded(rows, tokens, states)

    @property
    def name(self) -> str:
        """What computes: ``openvino`` or ``onnxruntime``."""
        return self._runtime.name


def export_folder(data_dir: Path, space: EmbeddingSpace) -> Path:
    """Returns where the export of a space lies, whether it is there or not."""
    return data_dir / "models" / space.id


def is_exported(data_dir: Path, space: EmbeddingSpace) -> bool:
    """Says whether there is an export to load (a cheap look, not a check)."""
    return graph_in(export_folder(data_dir, space)).is_file()


def graph_in(folder: Path) -> Path:
    """Returns the graph in an export's folder, whether it is there or not."""
    small = folder / _SMALL_GRAPH
    return small if small.is_file() else folder / _GRAPH


def export_files(data_dir: Path, space: EmbeddingSpace) -> list[Path]:
    """Returns the files of an export that is whole, to be copied; none where there is none or it was refused."""
    folder = export_folder(data_dir, space)
    graph = graph_in(folder)
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        if _digest(graph) == json.loads((folder / _NOTE).read_text("utf-8"))["sha256"]:
            return sorted(folder / name for name in EXPORT_NAMES if (folder / name).is_file())
    return []


def made_at(data_dir: Path, space: EmbeddingSpace) -> int:
    """Returns when the export was made, or last changed, in nanoseconds; 0 where that is not known."""
    try:
        return (export_folder(data_dir, space) / _NOTE).stat().st_mtime_ns
    except OSError:
        return 0


def is_current(data_dir: Path, space: EmbeddingSpace) -> bool:
    """Says whether there is an export that gives all that this version's does; an older one has no tokens."""
    return _refusal(export_folder(data_dir, space)) == ""


def discard(data_dir: Path, space: EmbeddingSpace) -> None:
    """Removes an export that cannot be used, so that the next ingest makes it again."""
    shutil.rmtree(export_folder(data_dir, space), ignore_errors=True)


def ensure_export(model: ModelFolder, space: EmbeddingSpace, data_dir: Path) -> str:
    """Makes the export in a child process unless it is there; returns "" or why there is none.

    Several processes may call this at once: one makes it, the others wait for it. A model that was
    refused is not tried again until one of the libraries changes. Where nothing can be written, an export
    that is there is used all the same.
    """
    folder = export_folder(data_dir, space)
    if (refused := _refusal(folder)) is not None:
        return refused
    try:
        return _ensure(model, folder)
    except OSError as error:
        return f"the export of {model.name} cannot be kept: {error.strerror or error}."


def _ensure(model: ModelFolder, folder: Path) -> str:
    with _one_at_a_time(folder):
        if (refused := _refusal(folder)) is not None:
            return refused
        command = [sys.executable, "-P", "-c", "from corpus.embedding.exported import main; main()"]
        root = str(Path(__file__).resolve().parents[2])
        paths = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        chosen = {
            "model": str(model.path),
            "name": model.name,
            "pinned": model.pinned_sha256,
            "precision": model.precision,
        }
        lifeline, held = os.pipe()
        try:
            done = subprocess.run(
                [*command, str(folder), json.dumps(chosen)],
                env={**os.environ, "PYTHONPATH": paths},
                stdin=lifeline,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_MOST_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"exporting {model.name} took longer than {_MOST_S:.0f} s."
        finally:
            os.close(lifeline)
            os.close(held)
        refused = _refusal(folder)
        if refused is None:
            if done.returncode == -signal.SIGKILL:
                return f"exporting {model.name} was ended by signal 9, most often because memory ran out."
            last_line = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            return f"exporting {model.name} failed: {last_line}."
        return refused


def main() -> None:
    """Makes one export: the entry of the child process. Arguments: target folder, model as JSON.

    Standard input is the parent's end of a pipe that nobody writes to: it ends when the parent does.
    """
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(1)), daemon=True).start()
    target = Path(sys.argv[1])
    request = json.loads(sys.argv[2])
    model = read_model(
        Path(request["model"]),
        name=request["name"],
        pinned_sha256=request["pinned"],
        precision=request["precision"],
    )
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        note = _make(model, made)
        (made / _NOTE).write_text(json.dumps(note, indent=1), encoding="utf-8")
        for file in made.iterdir():
            with file.open("rb") as stream:
                sync_open(stream.fileno())
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _make(model: ModelFolder, folder: Path) -> dict[str, object]:
    """Writes graph and note; a graph that does not agree with the reference is removed and refused."""
    from corpus.embedding.quantising import in_fewer_bits
    from corpus.embedding.reference import Reference, write_onnx

    space = model.space()
    tokens = Tokens(model)
    graph = folder / _GRAPH
    int8 = model.precision == "int8"
    reference = Reference(model, space.weights_sha256, threads=0)
    # Nothing is nothing's passage: the one text without a token of its own has no scale to be rounded by.
    probes = [tokens.cut(probe, model.max_tokens) for probe in _PROBES if probe or not int8]
    ids, mask = tokens.pad(tokens.encode([tokens.cut(_TIMED, model.max_tokens)] * _TIMED_TEXTS), LENGTH_STEP)
    rates: dict[str, float] = {}
    expected = reference.encode(probes)
    try:
        write_onnx(model, graph)
        if int8 or (model.precision == "bfloat16" and has_openvino()):
            rates = measure(graph, ids, mask)
            in_fewer_bits(graph, folder / _SMALL_GRAPH, model.precision, tokens, model.max_tokens)
            graph.unlink()
            graph = folder / _SMALL_GRAPH
        digest = _digest(graph)
        (folder / _NOTE).write_text(json.dumps({"sha256": digest}), encoding="utf-8")
        found = Exported(folder, tokens, model.precision, threads=0).encode(probes)
        difference = _difference(found, expected)
    except Exception as error:  # whatever an exporter or runtime cannot do, the reference still can
        return _refused(folder, f"{model.name} cannot be exported: {error}.")
    if not difference <= MOST_DIFFERENCE[model.precision] or _cosine(found, expected) < LEAST_COSINE:
        why = f"the export of {model.name} differs from the reference by {difference:.2g}."
        return _refused(folder, why)
    return {
        "sha256": digest,
        "difference": difference,
        "made_with": _made_with(),
        "graph": _GRAPH_VERSION,
        "rates": rates | measure(graph, ids, mask, int8=int8),
    }


def _refused(folder: Path, why: str) -> dict[str, object]:
    for written in folder.glob("model.*"):
        written.unlink()
    return {"refused": why, "made_with": _made_with()}


def _digest(graph: Path) -> str:
    """Returns the SHA-256 of a graph; of one whose weights lie beside it, that of both hashes."""
    weights = graph.with_suffix(".bin")
    if not weights.is_file():
        return file_sha256(graph)
    return hashlib.sha256(f"{file_sha256(graph)} {file_sha256(weights)}".encode()).hexdigest()


def _cosine(found: Encoded, expected: Encoded) -> float:
    return float((unit_rows(found.rows) * unit_rows(expected.rows)).sum(axis=1).min())


def _difference(found: Encoded, expected: Encoded) -> float:
    """Returns the most by which a number of two back ends differs; infinity where they differ in more."""
    different = float(np.abs(unit_rows(found.rows) - unit_rows(expected.rows)).max())
    if (found.states is None) != (expected.states is None) or found.ids != expected.ids:
        return float("inf")
    if found.states is not None and expected.states is not None:
        for at, ids in enumerate(found.ids):
            both = [unit_rows(one[at, : len(ids)]) for one in (found.states, expected.states)]
            different = max(different, float(np.abs(both[0] - both[1]).max()))
    return different


def unit_rows(rows: Float32) -> Float32:
    """Returns rows of unit length.

    Raises:
        EmbeddingError: a row has no direction: it is zero, infinite or not a number.
    """
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths)) or not np.all(lengths > 1e-12):
        raise EmbeddingError(
            "The embedding model gave a vector without a direction (zero or not a number).",
            code="bad_vector",
            hint="Its weights are damaged: install the model again.",
        )
    return np.asarray(rows / lengths, dtype=np.float32)


def read_rates(data_dir: Path, space: EmbeddingSpace) -> Rates:
    """Returns what each way to run the export was measured at when it was made; nothing where there is none."""
    try:
        return _rates(json.loads((export_folder(data_dir, space) / _NOTE).read_text("utf-8")))
    except (OSError, ValueError):
        return NO_RATES


def _rates(note: Any) -> Rates:
    found = note.get("rates") if isinstance(note, dict) else None
    if not isinstance(found, dict) or not all(isinstance(one, int | float) for one in found.values()):
        return NO_RATES
    return {str(name): float(rate) for name, rate in found.items()}


def why_no_export(data_dir: Path, space: EmbeddingSpace) -> str:
    """Returns one sentence: why the model was refused, or that no ingest has exported it yet."""
    return why_refused(data_dir, space) or (
        "the model was not exported yet; vouch serve does it, or the next ingest of something new."
    )


def why_refused(data_dir: Path, space: EmbeddingSpace) -> str:
    """Returns one sentence: why the model has no export and gets none; "" when it has one, or was not tried."""
    return _refusal(export_folder(data_dir, space)) or ""


def _refusal(folder: Path) -> str | None:
    """Returns "" for a made export, the reason for a refused one, None when it has to be made."""
    try:
        note = json.loads((folder / _NOTE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if graph_in(folder).is_file():
        return "" if note.get("graph") == _GRAPH_VERSION else None
    return str(note["refused"]) if note.get("made_with") == _made_with() and "refused" in note else None


def _made_with() -> str:
    found = [(name, importlib.util.find_spec(name.replace("-", "_"))) for name in _PACKAGES]
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name, there in found if there)


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left_over in folder.parent.glob(f".{folder.name}.*"):
            shutil.rmtree(left_over, ignore_errors=True)
        yield
