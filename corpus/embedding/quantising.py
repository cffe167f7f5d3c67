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

from corpus.embedding.compiled import import_openvino
from corpus.embedding.tokens import LENGTH_STEP, Tokens

_TEXTS = Path(__file__).with_name("calibration.jsonl")


def quantise(graph: Path, target: Path, tokens: Tokens, max_tokens: int) -> None:
    """Reads an ONNX graph and writes it with its matrix products in whole numbers, as OpenVINO keeps graphs.

    ``max_tokens`` is the most that the model reads.

    Raises:
        Exception: whatever NNCF raises for a graph that it cannot rewrite.
    """
    openvino = import_openvino()
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    texts = [tokens.cut(text, max_tokens) for text in calibration_texts()]
    padded = [tokens.pad(tokens.encode([text]), LENGTH_STEP) for text in texts]
    quantised = nncf.quantize(
        openvino.Core().read_model(graph),
        nncf.Dataset([{"input_ids": ids, "attention_mask": mask} for ids, mask in padded]),
        model_type=nncf.ModelType.TRANSFORMER,
        target_device=nncf.TargetDevice.CPU,
        subset_size=len(padded),
    )
    openvino.save_model(quantised, target, compress_to_fp16=False)


def halve(graph: Path, target: Path) -> None:
    """Reads an ONNX graph and writes it with its weights in sixteen bits, as OpenVINO keeps graphs.

    They are rounded to one part in 2,048, where bfloat16 rounds to one in 256.
    """
    openvino = import_openvino()
    openvino.save_model(openvino.Core().read_model(graph), target, compress_to_fp16=True)


def calibration_texts() -> list[str]:
    """Returns the texts: passages and questions about an invented company, short and long, tables among them."""
    return [json.loads(line) for line in _TEXTS.read_text("utf-8").splitlines()]
