"""An embedder's export as far as backups look into it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from corpus.embedding.exported import export_folder
from tests.builders import SPACE


def write_export(data_dir: Path, graph: bytes) -> Path:
    """Puts an export with this graph into a data folder, in the place of one that is there; returns its folder."""
    folder = export_folder(data_dir, SPACE)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(graph)
    (folder / "export.json").write_text(json.dumps({"sha256": hashlib.sha256(graph).hexdigest()}))
    return folder
