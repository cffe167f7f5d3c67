"""What runs an exported graph: OpenVINO, or ONNX Runtime where that is missing.

OpenVINO multiplies in bfloat16 where the processor has instructions for it (AMX, AVX-512 BF16), at three times
the speed of float32; what comes out differs from float32 by a cosine of 3e-5.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from corpus.types import Float32, Int64

Precision = Literal["float32", "bfloat16"]

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")

_BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16", "bf16"})
_PRECISION_HINTS: dict[Precision, str] = {"float32": "f32", "bfloat16": "bf16"}


Output = tuple[Float32, Float32 | None]
"""One row a text, and one a token where the graph gives any: (texts, dimension), (texts, longest, kept dimension)."""


class Runtime(Protocol):
    """A loaded graph. Not safe for threads: its owner holds the lock."""

    name: str
    precision: Precision

    def run(self, ids: Int64, mask: Int64) -> Output:
        """Returns what the graph gives for token ids and mask, each of shape (texts, longest)."""


def open_runtime(graph: Path, precision: Precision, threads: int) -> tuple[Runtime, str]:
    """Returns the fastest runtime there is, and why it is not the one for the precision ("" where it is).

    Raises:
        Exception: whatever a runtime raises for a graph that it cannot read.
    """
    if not _is_installed():
        why = "OpenVINO is not installed"
    else:
        try:
            return OpenVino(graph, precision if has_bfloat16() else "float32", threads), (
                "" if precision == "float32" or has_bfloat16() else "this processor has no bfloat16"
            )
        except Exception as error:  # it has an exception class for every fault; the other runtime still can
            why = f"OpenVINO cannot run it ({str(error).strip().splitlines()[0][:200]})"
    return OnnxRuntime(graph, threads), why


def recommended_precision() -> Precision:
    """Returns what a new corpus is best embedded in here: bfloat16 where OpenVINO has instructions for it."""
    return "bfloat16" if has_bfloat16() and _is_installed() else "float32"


def _is_installed() -> bool:
    return importlib.util.find_spec("openvino") is not None


@lru_cache(maxsize=1)
def has_bfloat16() -> bool:
    """Says whether the processor multiplies bfloat16 numbers by itself; False where nothing tells."""
    if platform.system() != "Linux":
        return False
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return False
    named = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return not _BFLOAT16_FLAGS.isdisjoint(named.split())


class OpenVino:
    """A graph compiled for this processor."""

    name = "openvino"

    def __init__(self, graph: Path, precision: Precision, threads: int) -> None:
        # Its model converter is not needed, takes longer to import than all else, and brings a usage counter in.
        sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]
        import openvino

        self.precision = precision
        core = openvino.Core()
        chosen: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _PRECISION_HINTS[precision],
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": "1",
        }
        if threads:
            chosen["INFERENCE_NUM_THREADS"] = threads
        self._request = core.compile_model(core.read_model(str(graph)), "CPU", chosen).create_infer_request()

    def run(self, ids: Int64, mask: Int64) -> Output:
        """Returns what the graph gives for token ids and mask, each of shape (texts, longest)."""
        self._request.infer({"input_ids": ids, "attention_mask": mask})
        found = [np.array(one.data, dtype=np.float32) for one in self._request.output_tensors]
        return found[0], found[1] if len(found) > 1 else None


class OnnxRuntime:
    """A graph run as it was written, in float32."""

    name = "onnxruntime"
    precision: Precision = "float32"

    def __init__(self, graph: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])

    def run(self, ids: Int64, mask: Int64) -> Output:
        """Returns what the graph gives for token ids and mask, each of shape (texts, longest)."""
        found = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        rows = np.asarray(found[0], dtype=np.float32)
        return rows, np.asarray(found[1], dtype=np.float32) if len(found) > 1 else None
