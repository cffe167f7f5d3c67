"""What runs an exported graph: OpenVINO, or ONNX Runtime where that is missing.

OpenVINO multiplies in bfloat16 where the processor has instructions for it (AMX, AVX-512 BF16), at two to three times
the speed of float32; what comes out differs from float32 by a cosine of 3e-5. A graph of whole numbers of eight bits
(:mod:`corpus.embedding.quantising`) is faster still where a processor has VNNI and no AMX; a cosine of .003.
"""

from __future__ import annotations

import importlib.util
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np

from corpus.embedding.compiled import OpenVino, Output, Precision
from corpus.types import Int64

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "int8")

Rates = Mapping[str, float]
"""Texts a second by runtime and precision: ``{"openvino bfloat16": 209.0, …}``."""

OPENVINO_SUFFIX = ".xml"
"""Ends the name of a graph in OpenVINO's own form, which nothing else runs; others are ONNX."""

NO_OPENVINO = "OpenVINO is not installed"

NO_RATES: Rates = MappingProxyType({})

_VNNI_FLAGS = frozenset({"avx_vnni", "avx512_vnni"})
_BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16", "bf16"})
_OFFERED = (
    ("AVX2", frozenset({"avx2"})),
    ("AVX-512", frozenset({"avx512f"})),
    ("VNNI", _VNNI_FLAGS),
    ("bfloat16", _BFLOAT16_FLAGS),
    ("AMX", frozenset({"amx_tile"})),
)
"""What the runtimes compute faster with, under the names that processors are sold by; VNNI multiplies whole numbers."""

_INT8_WAYS: tuple[tuple[str, Precision], ...] = (("openvino", "int8"),)


class Runtime(Protocol):
    """A loaded graph; safe for threads."""

    name: str
    precision: Precision

    def run(self, ids: Int64, mask: Int64) -> Output:
        """Returns what the graph gives for token ids and mask, each of shape (texts, longest)."""


def open_runtime(
    graph: Path,
    precision: Precision,
    threads: int,
    side_by_side: bool = False,
    *,
    briefly: bool = False,
) -> tuple[Runtime, str]:
    """Returns the fastest runtime there is, and why it is not the one for the precision ("" where it is).

    ``side_by_side`` computes a batch on each thread rather than one on all of them, where the runtime can. ``briefly``
    is for a process that computes little: ONNX Runtime gives float32 about as fast, and is ready in half the time.

    Raises:
        CannotRunError: the graph is in OpenVINO's own form, and there is no OpenVINO.
        Exception: whatever a runtime raises for a graph that it cannot read.
    """
    if not has_openvino():
        why = NO_OPENVINO
    else:
        if briefly and precision == "float32":
            with suppress(Exception):  # whatever is wrong with it, OpenVINO may do
                return OnnxRuntime(graph, threads), ""
        try:
            runnable = "float32" if precision == "bfloat16" and not has_bfloat16() else precision
            return OpenVino(graph, runnable, threads, side_by_side), why_slower(precision)
        except Exception as error:  # it has an exception class for every fault; the other runtime still can
            if graph.suffix == OPENVINO_SUFFIX:
                raise
            why = f"OpenVINO cannot run it ({str(error).strip().splitlines()[0][:200]})"
    if graph.suffix == OPENVINO_SUFFIX:
        raise CannotRunError(f"{why}, and nothing else runs a graph in {precision}")
    return OnnxRuntime(graph, 1 if side_by_side else threads), why


class CannotRunError(Exception):
    """No runtime here runs the graph, and there is nothing wrong with it."""


def why_slower(precision: Precision) -> str:
    """Returns why passages are not embedded as fast here as the precision allows, "" when they are."""
    if not has_openvino():
        return NO_OPENVINO
    if precision == "bfloat16" and not has_bfloat16():
        return "this processor has no bfloat16"
    return "this processor has no VNNI" if precision == "int8" and not has_vnni() else ""


def measure(graph: Path, ids: Int64, mask: Int64, *, int8: bool = False) -> dict[str, float]:
    """Returns the texts a second of every way to run a graph here, by runtime and precision; those that cannot are
    left out. Each computes the same batch three times, and the best counts. ``int8``: it is a graph in int8."""
    found = {}
    for name, precision in _INT8_WAYS if int8 else _ways():
        try:
            runtime = OnnxRuntime(graph, 0) if name == "onnxruntime" else OpenVino(graph, precision, 0)
            took = []
            for _ in range(3):
                began = time.perf_counter()
                runtime.run(ids, mask)
                took.append(time.perf_counter() - began)
        except Exception:  # the runtimes have an exception class for every fault
            continue
        found[f"{name} {precision}"] = round(len(ids) / max(min(took), 1e-6), 1)
    return found


def _ways() -> Iterator[tuple[str, Precision]]:
    if has_openvino():
        yield "openvino", "float32"
        if has_bfloat16():
            yield "openvino", "bfloat16"
    yield "onnxruntime", "float32"


def recommended_precision(*, int8: bool) -> Precision:
    """Returns what a new corpus is best embedded in here, the fastest of those whose cost in quality is known.

    ``int8``: of the model it is known for int8, too. AMX multiplies bfloat16 about as fast, so it goes before.
    """
    if int8 and has_vnni() and not has_amx() and makes_int8():
        return "int8"
    return "bfloat16" if has_bfloat16() and has_openvino() else "float32"


def makes_int8() -> bool:
    """Says whether graphs in int8 can be made and run here, fast or not."""
    return has_openvino() and importlib.util.find_spec("nncf") is not None


def has_openvino() -> bool:
    """Says whether OpenVINO is installed."""
    return importlib.util.find_spec("openvino") is not None


@lru_cache(maxsize=1)
def has_bfloat16() -> bool:
    """Says whether the processor multiplies bfloat16 numbers by itself; False where nothing tells."""
    return not _BFLOAT16_FLAGS.isdisjoint(_flags())


@lru_cache(maxsize=1)
def has_vnni() -> bool:
    """Says whether the processor multiplies whole numbers of eight bits by fours (x86); False where nothing tells."""
    return not _VNNI_FLAGS.isdisjoint(_flags())


@lru_cache(maxsize=1)
def has_amx() -> bool:
    """Says whether the processor multiplies bfloat16 numbers by whole tiles; False where nothing tells."""
    return "amx_bf16" in _flags()


def processor() -> str:
    """Returns what the processor has for an embedder and what it lacks, for people; "" where nothing tells."""
    flags = _flags()
    has = [name for name, any_of in _OFFERED if not any_of.isdisjoint(flags)]
    lacks = [name for name, _ in _OFFERED if name not in has]
    parts = [f"has {', '.join(has)}" if has else "", f"lacks {', '.join(lacks)}" if lacks else ""]
    return "; ".join(filter(None, parts)) if flags else ""


def _flags() -> frozenset[str]:
    """The processor's instructions as Linux names them; none where nothing tells."""
    if platform.system() != "Linux":
        return frozenset()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line for line in lines if line.startswith(("flags", "Features"))), "").split())


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
