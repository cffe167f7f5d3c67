"""An exported graph as OpenVINO runs it: compiled for this processor, for texts of any length and for short questions.

A graph for any number of texts of any length works its shapes out anew each time, which takes longer than to compute a
short question. So short questions get a graph of one length, compiled beside the work, which they are padded to; it is
used where it gives the very numbers of the other one, bit for bit.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from corpus.types import Float32, Int64

Precision = Literal["float32", "bfloat16", "int8"]

Output: TypeAlias = "tuple[Float32, Float32 | None]"
"""One row a text, and one a token where the graph gives any: (texts, dimension), (texts, longest, kept dimension)."""

SHORT = 32
"""Tokens of the graph for short questions, which takes 35 MB, in bfloat16 50. Of 120 questions of several sets 107 are
no longer. One of 16 tokens takes 2.2 ms by it, by a graph for so many 1.7."""

OFTEN = 8
"""It is compiled once there were so many of them; with what they gave it is compared."""

_log = logging.getLogger(__name__)


def import_openvino() -> Any:
    """Returns OpenVINO's module, without what counts its users; to be called before NNCF is imported, too."""
    # The counter writes into the user's home folder. The model converter is not needed, brings the counter in, and
    # takes longer to import than all else.
    for unwanted in ("openvino_telemetry", "openvino.tools.ovc"):
        sys.modules.setdefault(unwanted, None)  # type: ignore[arg-type]
    import openvino

    return openvino


class OpenVino:
    """A graph compiled for this processor; safe for threads."""

    name = "openvino"

    def __init__(
        self,
        graph: Path,
        precision: Precision,
        threads: int,
        side_by_side: bool = False,
    ) -> None:
        openvino = import_openvino()
        self.precision = precision
        self._core = openvino.Core()
        streams = max(threads, 1) if side_by_side else 1
        self._options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
            "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT",
            "NUM_STREAMS": str(streams),
        }
        if threads:
            self._options["INFERENCE_NUM_THREADS"] = threads
        if side_by_side:
            # Other work wants the cores, too: a thread that is bound to one waits for it while another is idle.
            self._options["ENABLE_CPU_PINNING"] = False
        self._rest = self._core.read_model(str(graph))
        # A graph that is compiled with its words in int8 takes 45 MB for them; by itself their table stays as it is.
        words = _part_words(self._rest) if precision == "int8" else None
        self._words = None if words is None else _Compiled(self._core, words, self._options, streams)
        self._any = _Compiled(self._core, self._rest, self._options, streams)
        self._short: _Compiled | None = None
        self._awaits_short = False
        self._seen: list[tuple[Int64, Int64, Output]] = []
        self._noting = threading.Lock()
        # Two threads whose first requests met were seen to wait for each other for ever: OpenVINO's Python half sets
        # itself up with the first one, one thread holding the lock of that and the other the interpreter's.
        token = np.ones((1, 1), np.int64)
        self.run(token, token)
        # In float32 the multiplying takes so long that the shapes do not count.
        self._awaits_short = side_by_side and precision != "float32"

    def run(self, ids: Int64, mask: Int64) -> Output:
        """Returns what the graph gives for token ids and mask, each of shape (texts, longest)."""
        is_short = ids.shape[0] == 1 and ids.shape[1] <= SHORT
        if is_short and self._short is not None:
            found = self._short.run_if_free(self._given(*_padded(ids, mask)))
            if found is not None:
                return _cut(found, ids.shape[1])
        output = _cut(self._any.run(self._given(ids, mask)), ids.shape[1])
        if is_short and self._awaits_short:
            self._note(ids, mask, output)
        return output

    def _given(self, ids: Int64, mask: Int64) -> dict[str, Any]:
        given: dict[str, Any] = {"input_ids": ids, "attention_mask": mask}
        if self._words is not None:
            given["words"] = self._words.run({"input_ids": ids})[0]
        return given

    def _note(self, ids: Int64, mask: Int64, output: Output) -> None:
        """Keeps what a short text gave, and has the graph for such compiled once there is enough of that."""
        with self._noting:
            if not self._awaits_short:
                return
            self._seen.append((ids, mask, output))
            if len(self._seen) < OFTEN:
                return
            self._awaits_short = False
            seen, self._seen = self._seen, []
        # Whoever asks may be a daemon thread, and its child would be one, too: a process that ends while OpenVINO
        # compiles is aborted. So the end waits, a second or so.
        threading.Thread(target=self._compile, args=(seen,), name="compile", daemon=False).start()

    def _compile(self, seen: list[tuple[Int64, Int64, Output]]) -> None:
        try:
            rest = self._rest.clone()
            given = self._given(*_padded(*seen[0][:2]))
            rest.reshape({name: list(one.shape) for name, one in given.items()})
            # On one thread, without a stream to hand it to.
            options = {**self._options, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1"}
            options |= {"INFERENCE_NUM_THREADS": 1}
            if self._words is not None:  # in int8 what fuses steps in a graph of one length rounds otherwise
                options |= {"SNIPPETS_MODE": "DISABLE"}
            short = _Compiled(self._core, rest, options, 1)
            for ids, mask, output in seen:
                found = _cut(short.run(self._given(*_padded(ids, mask))), ids.shape[1])
                if not _are_same(found, output, mask):
                    _log.info("A graph for %d tokens gives other numbers here, and is not used.", SHORT)
                    return
            self._short = short
        except Exception as error:  # whatever is wrong with it, the other one computes
            _log.info("There is no graph for %d tokens: %s", SHORT, error)


class _Compiled:
    """A compiled graph, and as many requests as may be computed at a time."""

    def __init__(self, core: Any, model: Any, options: Mapping[str, Any], requests: int) -> None:
        compiled = core.compile_model(model, "CPU", dict(options))
        self._free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(requests):
            self._free.put(compiled.create_infer_request())

    def run(self, given: Mapping[str, Any]) -> list[Float32]:
        """Returns every output for the named inputs; waits for its turn."""
        return self._infer(self._free.get(), given)

    def run_if_free(self, given: Mapping[str, Any]) -> list[Float32] | None:
        """Returns what :meth:`run` does, or None where it would have to wait."""
        try:
            request = self._free.get_nowait()
        except queue.Empty:
            return None
        return self._infer(request, given)

    def _infer(self, request: Any, given: Mapping[str, Any]) -> list[Float32]:
        try:
            request.infer(dict(given))
            return [np.array(one.data, dtype=np.float32) for one in request.output_tensors]
        finally:
            self._free.put(request)


def _part_words(model: Any) -> Any:
    """Takes the look-up of words out of a model, which is given their vectors as ``words`` from then on.

    Returns the model of the look-up; None, and all is as it was, where it is not one plain look-up.
    """
    openvino = import_openvino()
    ids = next(one for one in model.get_parameters() if "input_ids" in one.output(0).get_names())
    asking = [one.get_node() for one in ids.output(0).get_target_inputs()]
    looking = [node for node in asking if node.get_type_name() == "Gather"]
    if len(looking) != 1:
        return None
    found = looking[0].output(0)
    words = openvino.Model([found], [ids], "words").clone()
    given = openvino.opset13.parameter(found.get_partial_shape(), np.float32, name="words")
    given.output(0).set_names({"words"})
    for one in found.get_target_inputs():
        one.replace_source_output(given.output(0))
    model.add_parameters([given])
    model.validate_nodes_and_infer_types()
    return words


def _padded(ids: Int64, mask: Int64) -> tuple[Int64, Int64]:
    """Returns a short text's tokens and mask with as many masked ones behind them as the graph for such has."""
    missing = ((0, 0), (0, SHORT - ids.shape[1]))
    return np.pad(ids, missing), np.pad(mask, missing)


def _cut(found: list[Float32], length: int) -> Output:
    return found[0], found[1][:, :length] if len(found) > 1 else None


def _are_same(left: Output, right: Output, mask: Int64) -> bool:
    """Says whether two outputs are the same bit for bit, but for what masked tokens gave."""
    if not np.array_equal(left[0], right[0]):
        return False
    if left[1] is None or right[1] is None:
        return left[1] is right[1]
    there = mask.astype(np.bool_)
    return np.array_equal(left[1][there], right[1][there])
