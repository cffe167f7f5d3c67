"""Embedders as the tests open them."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from corpus.embedding import (
    SentenceTransformerEmbedder,
    open_embedder,
)
from corpus.settings import Settings
from corpus.types import Float32

ROOT = Path(__file__).resolve().parents[2]

FASTEST = "openvino" if importlib.util.find_spec("openvino") else "onnxruntime"

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def open_with(model: Path | str, data: Path) -> SentenceTransformerEmbedder:
    chosen = Settings(data_dir=data, embedder=str(model), embed_threads=1, embed_precision="float32")
    return open_embedder(chosen)


def copy_of(model: Path, target: Path) -> Path:
    return Path(shutil.copytree(model, target / model.name))


def flip_a_byte(file: Path, at: float = 0.6) -> None:
    content = bytearray(file.read_bytes())
    content[int(len(content) * at)] ^= 0x10
    file.write_bytes(content)


def cosines(left: Float32, right: Float32) -> Float32:
    return np.asarray((left * right).sum(axis=1))


ENGLISH = "Employees accrue four hours of annual leave each pay period."

JAPANESE = "年次有給休暇の申請手続きについて説明します。"
