"""Texts to vectors. The home of sentence-transformers, OpenVINO and ONNX Runtime.

sentence-transformers is the reference and runs every model. What it exports once into the data
folder is run by OpenVINO, else by ONNX Runtime; both start in half a second and need no torch.
"""

from corpus.embedding.embedder import SentenceTransformerEmbedder, open_embedder
from corpus.embedding.pairs import PairScorer
from corpus.embedding.runtime import processor
from corpus.embedding.space import Embedder, EmbeddingSpace, Running, TokenEmbedder

__all__ = [
    "Embedder",
    "EmbeddingSpace",
    "PairScorer",
    "Running",
    "SentenceTransformerEmbedder",
    "TokenEmbedder",
    "open_embedder",
    "processor",
]
