"""Rewrites an exported graph in fewer bits, as OpenVINO keeps graphs.

In whole numbers of eight bits, for processors that multiply those fastest (VNNI). Static: every activation's scale is
fixed beforehand by what the model gives for sixty texts that lie beside this module. So a vector does not depend on
what it is computed beside, and every machine makes the same space.

With weights of sixteen bits, for processors that multiply bfloat16: a process that computes takes 100 MB less, as the
weights stay in their file until they are multiplied, and are half as many bytes there.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from corpus.embedding.compiled import Precision, import_openvino
from corpus.embedding.tokens import LENGTH_STEP, Tokens

_TEXTS = Path(__file__).with_name("calibration.jsonl")


def in_fewer_bits(graph: Path, target: Path, precision: Precision, tokens: Tokens, max_tokens: int) -> None:
    """Reads an ONNX graph and writes it as OpenVINO keeps graphs: for int8 with its matrix products in whole numbers,
    else with its weights in sixteen bits: rounded to one part in 2,048, where bfloat16 rounds to one in 256.

    ``max_tokens`` is the most that the model reads.

    Raises:
        Exception: whatever OpenVINO or NNCF raises for a graph that it cannot rewrite.
    """
    openvino = import_openvino()
    whole = openvino.Core().read_model(graph)
    made = _quantised(whole, tokens, max_tokens) if precision == "int8" else whole
    openvino.save_model(made, target, compress_to_fp16=precision != "int8")


def _quantised(whole: Any, tokens: Tokens, max_tokens: int) -> Any:
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    texts = [tokens.cut(text, max_tokens) for text in calibration_texts()]
    padded = [tokens.pad(tokens.encode([text]), LENGTH_STEP) for text in texts]
    return nncf.quantize(
        whole,
        nncf.Dataset([{"input_ids": ids, "attention_mask": mask} for ids, mask in padded]),
        model_type=nncf.ModelType.TRANSFORMER,
        target_device=nncf.TargetDevice.CPU,
        subset_size=len(padded),
    )


def calibration_texts() -> list[str]:
    """Returns the texts: passages and questions about an invented company, short and long, tables among them."""
    return [json.loads(line) for line in _TEXTS.read_text("utf-8").splitlines()]
