"""Tokens as a model counts them, by what lies on this machine: nothing is ever downloaded."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
from pathlib import Path

from corpus.errors import UsageError
from rag.models.cards import ModelSettings
from rag.prompts.prompting import ESTIMATE, TokenCounter


def counter_of(settings: ModelSettings) -> TokenCounter:
    """Returns the model's own tokenizer where its file lies on this machine, else the pessimistic estimate.

    Raises:
        UsageError: the settings name a tokenizer that cannot be read.
    """
    if settings.tokenizer:
        from tokenizers import Tokenizer

        try:
            own = Tokenizer.from_file(settings.tokenizer)
        except Exception as error:  # the tokenizers library raises bare Exception
            raise UsageError(
                f"Cannot read the tokenizer {Path(settings.tokenizer).name}: {type(error).__name__}.",
                code="bad_setting",
                hint="Name a tokenizer.json file in vouch.toml.",
            ) from None
        return TokenCounter(
            lambda text: len(own.encode(text).ids), f"counted with {Path(settings.tokenizer).name}"
        )
    if settings.provider in ("openai", "azure"):
        return _tiktoken(settings.model) or ESTIMATE
    return ESTIMATE


def _tiktoken(model: str) -> TokenCounter | None:
    """Returns tiktoken's counter if its vocabulary is already on this machine; nothing is ever downloaded."""
    if importlib.util.find_spec("tiktoken") is None:
        return None
    import tiktoken

    try:
        name = tiktoken.encoding_name_for_model(model)
    except KeyError:
        return None
    folder = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    cache = Path(folder) if folder else Path(tempfile.gettempdir()) / "data-gym-cache"
    # tiktoken names a cached vocabulary by the SHA-1 of the address it came from.
    url = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
    if not (cache / hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()).is_file():
        return None
    encoding = tiktoken.get_encoding(name)
    return TokenCounter(
        lambda text: len(encoding.encode(text, disallowed_special=())), f"counted with {name}"
    )
