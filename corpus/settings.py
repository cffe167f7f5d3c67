"""One frozen :class:`Settings`: defaults ← ``vouch.toml`` ← ``VOUCH_*`` environment ← flags.

Units stand in the names. Every field is documented in ``docs/settings.md`` (a test keeps them equal).
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from corpus.errors import UsageError

CONFIG_NAME = "vouch.toml"

_PREFIX = "vouch_"
_NEARLY = 0.85
"""From so alike on, 0 to 1, a name in the environment is taken for a misspelt setting."""

_OF_A_CLUSTER = ("tcp://", "udp://", "sctp://")
"""So begins ``VOUCH_PORT`` where Kubernetes, or a link of Docker's, tells of a service that is called vouch: it is said
to every container beside it, and is no port to listen on."""


def default_data_dir() -> Path:
    """Returns ``$XDG_DATA_HOME/vouch``, else ``~/.local/share/vouch``."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "vouch"


class Settings(BaseModel):
    """Everything that can be set, with its default and its limits; what is not given comes from the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # where things are
    data_dir: Path = Field(default_factory=default_data_dir, description="The corpus on disk.")
    chroma_url: str = Field("", description="A Chroma server, e.g. http://127.0.0.1:8001; empty: embedded.")

    # search
    dense: Literal["chroma", "exact"] = Field(
        "chroma", description="How dense candidates are found: Chroma's HNSW, or the exact scan."
    )
    candidates: int = Field(100, ge=1, le=1000, description="Candidates each retriever gives to the fusion.")
    max_query_chars: int = Field(8000, ge=1, description="Longest query, in characters.")

    # embedding
    embedder: str = Field(
        "all-MiniLM-L6-v2",
        description="A sentence-transformers model: the installed one, a name, or a folder.",
    )
    embed_precision: Literal["auto", "float32", "bfloat16", "int8"] = Field(
        "auto",
        description="What vectors are computed in. auto: what the corpus was made in; for a new one what is "
        "fastest here of what costs the model no more than half a point of nDCG@10.",
    )
    embed_threads: int = Field(0, ge=0, description="Threads of the embedder; 0: one for each processor.")

    late_interaction: bool = Field(
        True,
        description="Whether passages keep small vectors of their tokens, by which candidates are scored: about "
        "5 kB each.",
    )

    # reranking
    reranker: str = Field(
        "late",
        description="What orders the candidates anew: late (their token vectors), none, or a sentence-transformers "
        "CrossEncoder, by name or folder.",
    )
    rerank_timeout_ms: int = Field(
        2000,
        ge=1,
        description="Longest time for a CrossEncoder, in milliseconds; then the order before it stands.",
    )
    rerank_candidates: int = Field(
        40, ge=1, le=1000, description="Candidates that a CrossEncoder reads, the best first."
    )

    # chunking
    chunk_tokens: int = Field(200, ge=16, description="Most tokens in a chunk, its context included.")
    chunk_chars: int = Field(500, ge=50, description="Most characters in a chunk of uncovered text.")

    # parsing limits
    parse_workers: int = Field(1, ge=1, le=32, description="Parsing children at a time.")
    max_file_mb: int = Field(100, ge=1, description="Largest file, in megabytes.")
    max_pages: int = Field(2000, ge=1, description="Most pages in a file.")
    max_text_chars: int = Field(10_000_000, ge=1, description="Most characters out of a file.")
    max_cells: int = Field(1_000_000, ge=1, description="Most table cells in a file.")
    max_archive_members: int = Field(
        1000, ge=1, description="Most files in an archive, or attached to a mail."
    )
    max_archive_ratio: int = Field(200, ge=2, description="Most bytes a byte of an archive may unpack to.")
    max_nesting: int = Field(
        1,
        ge=1,
        le=8,
        description="How deep archives and mails are opened one in another; 1: none within one.",
    )
    parse_timeout_s: float = Field(
        60.0,
        gt=0,
        description="Longest time for one file, in seconds; the time its reader waits for a busy processor is not "
        "counted, up to four times as long.",
    )
    parse_memory_mb: int = Field(1024, ge=128, description="Address space of a parsing child.")
    ocr: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether scanned pages are read: where the extra `ocr` is installed, always, never.",
    )
    ocr_page_timeout_s: float = Field(
        10.0,
        gt=0,
        description="Time of the processor for each scanned page, beyond that for the file, in seconds.",
    )

    # answering
    model: str = Field(
        "extractive",
        description="The model that answers: a name of `vouch models`, or provider:model, "
        "e.g. openai:gpt-4o-mini.",
    )
    models: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        description="Models of your own, as [models.NAME] tables of vouch.toml; "
        "docs/models.md lists the fields.",
    )
    examples: Path | None = Field(
        None,
        description="A JSON Lines file of worked questions for one-shot and few-shot; "
        "empty: the shipped ones.",
    )
    min_support: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of an answer's sentences that the documents must vouch for; below it the answer is "
        "flagged.",
    )
    require_support: bool = Field(
        False, description="Whether such an answer is not shown at all, only the passages that were found."
    )
    target_refused: float = Field(
        0.05,
        ge=0,
        le=0.5,
        description="Share of the answerable questions that `vouch calibrate` lets be refused.",
    )
    templates: Mapping[str, Path] = Field(
        default_factory=dict,
        description="Prompts of your own: names and their files, as the table [templates] of vouch.toml.",
    )
    rewrite_timeout_s: float = Field(
        10.0,
        ge=0,
        description="Longest time in which a model may make a follow-up question stand alone, in seconds; "
        "0: a rule always does.",
    )
    max_concurrent_asks: int = Field(
        16, ge=1, le=1000, description="Questions answered at a time over HTTP; one more gets 503."
    )

    receipt_days: float = Field(
        30.0, ge=0, le=36_500, description="How long the receipt of an answer is kept, in days; 0: none is."
    )

    # serving
    host: str = Field(
        "127.0.0.1",
        description="The address to serve on; where other machines reach it, nobody gets in without an access key.",
    )
    port: int = Field(8000, ge=0, le=65535, description="The port to serve on; 0: any free one.")
    allowed_hosts: tuple[str, ...] = Field(
        (), description="More names the Host header may have, as a JSON list in the environment."
    )
    certificate: Path | None = Field(
        None, description="A PEM file with a certificate, and those between it and its root: HTTPS is served."
    )
    certificate_key: Path | None = Field(
        None,
        description="A PEM file with the certificate's private key, without a password; none: it is in `certificate`.",
    )

    # storage
    min_free_mb: int = Field(256, ge=0, description="Free disk below which ingest refuses to start.")

    @field_validator("reranker")
    @classmethod
    def _read_reranker(cls, given: str) -> str:
        """``LATE`` is late, as in the environment, where names are read in any case; a model's name stays as it is."""
        word = given.strip().lower()
        return word if word in ("late", "none") else given

    @field_validator("data_dir", mode="before")
    @classmethod
    def _check_data_dir(cls, given: Any) -> Any:
        if not str(given).strip():
            raise ValueError("no folder is named, and the one you are in is not meant")
        try:
            str(given).encode()
        except UnicodeEncodeError:
            raise ValueError(
                "its path is not valid UTF-8; in a locale without UTF-8 set LANG=C.UTF-8"
            ) from None
        return given

    @model_validator(mode="before")
    @classmethod
    def _add_environment(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        return {**_read_environment(), **given}


def find_config() -> Path | None:
    """Returns the nearest ``vouch.toml`` from the current folder upward, or None."""
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        candidate = folder / CONFIG_NAME
        if candidate.is_file():
            return candidate
    return None


def load_settings(flags: Mapping[str, Any] | None = None, config: Path | None = None) -> Settings:
    """Returns the settings from every source, the later winning: file, environment, flags.

    Relative paths in the file are taken from the file's folder. ``config`` names the file; without
    it the nearest ``vouch.toml`` is used, when there is one.

    Raises:
        UsageError: a file that cannot be read, an unknown setting (in the environment: one that is nearly called as a
            setting is, for others may have names there, too) or a value out of range.
    """
    _refuse_misspelt()
    path = config or find_config()
    values = {**_read_config(path), **_read_environment()}
    values.update({name: value for name, value in (flags or {}).items() if value is not None})
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        if first["type"] == "extra_forbidden":
            raise UsageError(
                f"There is no setting {name}, which {path or 'a flag'} gives.",
                code="bad_setting",
                hint=f"{_nearest(name)}docs/settings.md lists all; CHANGELOG.md tells of what was renamed or removed.",
            ) from None
        raise UsageError(
            f"Setting {name}: {first['msg'].removeprefix('Value error, ')} (got {first.get('input')!r}).",
            code="bad_setting",
            hint=f"Set it in {path or CONFIG_NAME}, as VOUCH_{name.upper()} or with a flag; "
            "docs/settings.md lists all.",
        ) from None


def _read_environment() -> dict[str, Any]:
    """Returns the settings that ``VOUCH_*`` variables give, in any case: tables and lists are JSON, empty is none."""
    variables = {name.lower(): value for name, value in os.environ.items() if value}
    if variables.get(f"{_PREFIX}port", "").startswith(_OF_A_CLUSTER):
        del variables[f"{_PREFIX}port"]
    found: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        value = variables.get(f"{_PREFIX}{name}")
        if value is None:
            continue
        found[name] = value
        if get_origin(field.annotation) in (Mapping, tuple):
            try:
                found[name] = json.loads(value)
            except ValueError as error:
                raise UsageError(
                    f"VOUCH_{name.upper()} is not JSON: {error}.",
                    code="bad_setting",
                    hint="Lists and tables are given as JSON there; docs/settings.md lists all settings.",
                ) from None
    return found


def _refuse_misspelt() -> None:
    unknown = {
        name
        for name, value in os.environ.items()
        if value
        and name.lower().startswith(_PREFIX)
        and name.lower()[len(_PREFIX) :] not in Settings.model_fields
    }
    for name in sorted(unknown):
        if meant := _nearest(name.lower()[len(_PREFIX) :], _PREFIX):
            raise UsageError(
                f"There is no setting {name}.", code="bad_setting", hint=f"{meant}docs/settings.md lists all."
            )


def _nearest(name: str, prefix: str = "") -> str:
    """Says which setting an unknown one is nearly called as; nothing where there is none."""
    import difflib

    near = difflib.get_close_matches(name, Settings.model_fields, 1, _NEARLY)
    if not near:
        return ""
    meant = f"{prefix}{near[0]}"
    return f"It may be meant for {meant.upper() if prefix else meant}; "


def _read_config(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"Cannot read the settings file {path}: {error}.", code="bad_setting", hint="Mend or remove it."
        ) from None
    tables = values.get("models")
    templates = values.get("templates")
    own = [one for one in tables.values() if isinstance(one, dict)] if isinstance(tables, dict) else []
    for table, names in (
        (values, ("data_dir", "examples", "certificate", "certificate_key")),
        *([(templates, tuple(templates))] if isinstance(templates, dict) else []),
        *((one, ("api_key_file", "tokenizer")) for one in own),
    ):
        for name in names:
            if isinstance(table.get(name), str) and table[name]:
                table[name] = str((path.parent / Path(table[name]).expanduser()).resolve())
    return values
