"""A sentence-transformers CrossEncoder: it reads a question and a passage together and says how well they fit."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpus.embedding.model import cached_on_this_machine, go_offline
from corpus.errors import EmbeddingError
from corpus.types import Float32

SETTING = "reranker"


class PairScorer:
    """A CrossEncoder, loaded when it is first needed. Safe to call from any thread; one call computes at a time.

    Args:
        model: its folder, or its name on the Hugging Face hub, which is looked up on this machine.

    Raises:
        EmbeddingError: ``model_missing``: it is not on this machine.
    """

    def __init__(self, model: str) -> None:
        folder = Path(model).expanduser()
        self._lock = threading.Lock()
        self._loaded: Any = None
        if folder.is_dir():
            self._folder = folder.resolve()
        elif folder.is_absolute() or model.startswith((".", "~")):
            raise EmbeddingError(
                f"There is no model folder {folder}.",
                code="model_missing",
                hint=f"Set {SETTING} to the folder of a sentence-transformers CrossEncoder, or to late or none.",
            )
        else:
            self._folder = cached_on_this_machine(model, SETTING)
        self.name = folder.name if folder.is_dir() else model  # notes come over HTTP, which names no path

    def load(self) -> None:
        """Reads the weights, where that was not done yet: seconds, most of them the library's own.

        Raises:
            EmbeddingError: they cannot be read (``model_unusable``).
        """
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _load(self._folder, self.name)

    def score(self, query: str, passages: Sequence[str]) -> Float32:
        """Returns how well each passage fits a query, in [0, 1], higher is better: float32, shape (passages,).

        Passages beyond the model's limit are read from their beginning.

        Raises:
            EmbeddingError: the model cannot be loaded or does not give one number a pair (``model_unusable``).
        """
        if not passages:
            return np.empty(0, np.float32)
        self.load()
        with self._lock:
            try:
                found = self._loaded.predict(
                    [(query, passage) for passage in passages],
                    batch_size=len(passages),
                    show_progress_bar=False,
                )
            except Exception as error:  # any fault of a foreign model ends up here
                raise _unusable(self.name, str(error)) from error
        scores = np.asarray(found, dtype=np.float32)
        if scores.shape != (len(passages),) or not np.isfinite(scores).all():
            raise _unusable(self.name, f"it gives numbers of shape {scores.shape}, not one for each passage")
        return scores


def _load(folder: Path, name: str) -> Any:
    go_offline()
    import torch
    from sentence_transformers import CrossEncoder

    try:
        return CrossEncoder(
            str(folder),
            device="cpu",
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"dtype": torch.float32},
            activation_fn=torch.nn.Sigmoid(),
        )
    except Exception as error:  # any fault of a foreign model's files ends up here
        raise _unusable(name, str(error).replace(str(folder), name)) from error


def _unusable(name: str, why: str) -> EmbeddingError:
    return EmbeddingError(
        f"The CrossEncoder {name} cannot be used: {(why.strip() or 'no reason given').splitlines()[0].rstrip('.')}.",
        code="model_unusable",
        hint=f"Set {SETTING} to another CrossEncoder, or to late or none.",
    )
