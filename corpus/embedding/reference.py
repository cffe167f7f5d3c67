"""The reference back end: sentence-transformers itself, float32 on the CPU."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpus.embedding.model import ModelFolder, go_offline
from corpus.embedding.token_vectors import Encoded, turning
from corpus.errors import EmbeddingError


class Reference:
    """A loaded sentence-transformers model. Not safe for threads: its owner holds the lock.

    Raises:
        EmbeddingError: the weights are not the expected ones, or the model cannot be loaded.
    """

    name = "sentence-transformers"

    def __init__(self, model: ModelFolder, weights_sha256: str, threads: int) -> None:
        model.check_weights(weights_sha256)
        self._model = _load(model, threads, attention="")

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Returns what the model gives for some texts."""
        found = self._model.encode(
            list(texts), batch_size=len(texts), output_value=None, show_progress_bar=False
        )
        rows = np.stack([one["sentence_embedding"].numpy() for one in found]).astype(np.float32)
        if not all("token_embeddings" in one for one in found):
            return Encoded(rows, [[] for _ in found], None)
        read = [one["attention_mask"].numpy() > 0 for one in found]
        ids = [one["input_ids"].numpy()[mask].tolist() for one, mask in zip(found, read, strict=True)]
        turn = turning(found[0]["token_embeddings"].shape[1])
        states = np.zeros((len(found), max(map(len, ids)), turn.shape[1]), np.float32)
        for at, (one, mask) in enumerate(zip(found, read, strict=True)):
            states[at, : len(ids[at])] = one["token_embeddings"].numpy()[mask] @ turn
        return Encoded(rows, ids, states)


def write_onnx(model: ModelFolder, target: Path) -> None:
    """Writes a model as one ONNX graph: token ids and mask (int64) in; out one float32 row a text, and one a token
    (:func:`~corpus.embedding.token_vectors.turning`) where the model has vectors of tokens.
    """
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
            if turn is None:
                return features["sentence_embedding"]
            return features["sentence_embedding"], features["token_embeddings"] @ turn

    turn = torch.from_numpy(turning(model.hidden)) if model.hidden else None
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
            output_names=["embedding"] if turn is None else ["embedding", "tokens"],
            dynamic_axes={
                "input_ids": {0: "texts", 1: "tokens"},
                "attention_mask": {0: "texts", 1: "tokens"},
                "embedding": {0: "texts"},
                **({} if turn is None else {"tokens": {0: "texts", 1: "tokens"}}),
            },
            opset_version=17,
            dynamo=False,
        )


def _load(model: ModelFolder, threads: int, attention: str) -> Any:
    go_offline()
    import torch
    from sentence_transformers import SentenceTransformer

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
