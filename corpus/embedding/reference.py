"""The reference back end: sentence-transformers itself, float32 on the CPU."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpus.embedding.model import ModelFolder, go_offline
from corpus.errors import EmbeddingError
from corpus.types import Float32


class Reference:
    """A loaded sentence-transformers model. Not safe for threads: its owner holds the lock.

    Raises:
        EmbeddingError: the weights are not the expected ones, or the model cannot be loaded.
    """

    name = "sentence-transformers"

    def __init__(self, model: ModelFolder, weights_sha256: str, threads: int) -> None:
        model.check_weights(weights_sha256)
        self._model = _load(model, threads, attention="")

    def encode(self, texts: Sequence[str]) -> Float32:
        """Returns one row for each text, as the model gives it."""
        rows = self._model.encode(
            list(texts), batch_size=len(texts), convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(rows, dtype=np.float32)


def write_onnx(model: ModelFolder, target: Path) -> None:
    """Writes a model as one ONNX graph: token ids and mask (int64) in, one float32 row a text out."""
    import torch

    modules = _load(model, threads=0, attention="eager")

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.steps = modules

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            for step in self.steps:
                features = step(features)
            return features["sentence_embedding"]

    # Two rows, one of them padded: from a mask of ones the tracer would conclude that masks do nothing.
    ids = torch.full((2, 12), 5, dtype=torch.int64)
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Graph().eval(),
            (ids, mask),
            str(target),
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding"],
            dynamic_axes={
                "input_ids": {0: "texts", 1: "tokens"},
                "attention_mask": {0: "texts", 1: "tokens"},
                "embedding": {0: "texts"},
            },
            opset_version=17,
            dynamo=False,
        )


def _load(model: ModelFolder, threads: int, attention: str) -> Any:
    go_offline()
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if threads:
        torch.set_num_threads(threads)
    options: dict[str, Any] = {"dtype": torch.float32}
    if attention:
        options["attn_implementation"] = attention
    try:
        return SentenceTransformer(
            str(model.path),
            device="cpu",
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs=options,
        ).eval()
    except Exception as error:  # any fault of a foreign model's files ends up here
        raise EmbeddingError(
            f"sentence-transformers cannot load {model.name} from {model.path}: {error}",
            code="model_unusable",
            hint="Install the model again, or set embedder to another one.",
        ) from error
