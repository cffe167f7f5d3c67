"""What an embedder promises, and the space its vectors live in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol, runtime_checkable

from corpus.types import Float32, QueryTokens

INSTALLED_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""The official weights of all-MiniLM-L6-v2, which are installed with Vouch."""


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """What two vectors must share to be compared. Recorded with the corpus; spaces never mix."""

    model: str
    revision: str
    weights_sha256: str
    precision: str
    dimension: int
    pooling: str
    normalised: bool
    prompt: str

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits that change when any part of the space does."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def is_measured(self) -> bool:
        """Whether it is the installed model's, of which alone it is known from which cosine on a sentence is near to a
        question: some models give .7 and more for any two texts."""
        return self.weights_sha256 == INSTALLED_WEIGHTS_SHA256


@dataclass(frozen=True, slots=True)
class Running:
    """How passages are embedded on this machine, as ``vouch status`` and ``/health`` tell it.

    ``backend`` is what computes or would compute (``openvino``, ``onnxruntime``, ``sentence-transformers``; "" where no
    model was exported yet), ``slower`` one sentence why it is not as fast as the corpus could have it, "" when it is.
    ``passages_per_s`` has what each way was measured at when the model was exported.
    """

    backend: str
    slower: str
    passages_per_s: Mapping[str, float]


class Embedder(Protocol):
    """Embeds passages and queries into one space. Safe to call from any thread."""

    @property
    def space(self) -> EmbeddingSpace:
        """The space of every vector this embedder gives; known without loading the weights."""

    @property
    def max_tokens(self) -> int:
        """The most tokens the model reads, special tokens included; longer input is refused."""

    def running(self) -> Running:
        """Says how passages are embedded here; loads nothing."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Returns each text's number of tokens, special tokens included; nothing is truncated."""

    def covers(self, text: str) -> bool:
        """Says whether the model knows the script of the text (few unknown tokens)."""

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        """Returns float32 unit rows, shape (len(texts), dimension).

        Raises:
            EmbeddingError: a text is longer than ``max_tokens``, or the model cannot be loaded.
        """

    def embed_query(self, text: str) -> Float32:
        """Returns one float32 unit vector, shape (dimension,); an over-long query is cut to the limit."""


@runtime_checkable
class TokenEmbedder(Protocol):
    """What an embedder can do besides, for late interaction: one pass gives a text's vector and its tokens' vectors."""

    @property
    def gives_tokens(self) -> bool:
        """Whether its model has vectors of tokens at all; known without loading the weights."""

    def embed_passages_with_tokens(self, texts: Sequence[str]) -> tuple[Float32, list[bytes | None]]:
        """Returns what ``embed_passages`` does, and each text's token vectors as :mod:`corpus.late` keeps them.

        Of a model or an export that gives none, and of a text of special tokens alone, it is None.
        """

    def embed_query_with_tokens(self, text: str) -> tuple[Float32, QueryTokens | None]:
        """Returns what ``embed_query`` does, and the question's tokens; None where a passage would have None."""
