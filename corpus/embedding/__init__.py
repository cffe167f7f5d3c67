"""Texts to vectors. The home of sentence-transformers and ONNX Runtime.

sentence-transformers is the reference and runs every model. What it exports once into the data
folder is run by ONNX Runtime, which starts in a tenth of a second and needs no torch.
"""

from corpus.embedding.embedder import SentenceTransformerEmbedder, open_embedder
from corpus.embedding.space import Embedder, EmbeddingSpace

__all__ = ["Embedder", "EmbeddingSpace", "SentenceTransformerEmbedder", "open_embedder"]
