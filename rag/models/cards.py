"""The model catalogue: what is known of each model, with its source and the date of that source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus.errors import UsageError
from rag.models.attempts import Clocks

EXTRACTIVE = "extractive"
"""The name of the built-in model."""

ProviderName = Literal[
    "built-in", "openai", "openai-compatible", "azure", "anthropic", "google", "bedrock", "mistral", "ollama",
    "transformers", "langchain",
]  # fmt: skip


PROVIDERS: tuple[str, ...] = get_args(ProviderName)
"""How a model can be reached."""


class Fact(BaseModel):
    """Where the facts of a card come from, and as of when (ISO 8601: a day, or a month)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    facts: tuple[str, ...]
    source: str
    as_of: str


class ModelCard(BaseModel):
    """One model. What is not known is empty or None, never guessed.

    ``context_window`` and ``max_output_tokens`` are in tokens; prices are US dollars per million tokens at
    the provider's standard rate, for prompts in its lowest price tier where it has tiers (``price_note``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    provider: ProviderName
    model: str
    title: str = ""
    family: str = ""
    task: Literal["chat", "embedding", "reranking"] = "chat"
    open_weights: bool | None = None
    licence: str = ""
    hosting: Literal["service", "local", "built-in"] = "service"
    languages: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ("text",)
    context_window: int | None = None
    max_output_tokens: int | None = None
    takes_temperature: bool | None = None
    price_input_usd: float | None = None
    price_output_usd: float | None = None
    price_note: str = ""
    data_protection: str = ""
    sources: tuple[Fact, ...] = ()
    origin: Literal["built-in", "catalogue", "vouch.toml"] = "catalogue"

    def cost_usd(self, input_tokens: int, output_tokens: int) -> float | None:
        """Returns what so many tokens cost at these prices, in US dollars; None when a price is not known."""
        if self.price_input_usd is None or self.price_output_usd is None:
            return None if input_tokens or output_tokens else 0.0
        return (input_tokens * self.price_input_usd + output_tokens * self.price_output_usd) / 1e6


class ModelSettings(BaseModel):
    """A ``[models.NAME]`` table of ``vouch.toml``: how to reach a model, and what is to be known of it.

    ``api_key_env`` names the environment variable that holds the key, ``api_key_file`` a file that does
    (the key itself never stands in the settings). ``options`` are passed to the provider's LangChain class
    as they are. Clocks are in seconds; ``max_output_tokens`` is reserved in the window for the answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: ProviderName
    model: str = Field(min_length=1)
    base_url: str = ""
    api_key_env: str = ""
    api_key_file: str = ""
    context_window: int | None = Field(None, ge=256)
    max_output_tokens: int = Field(1024, ge=1)
    temperature: float | None = Field(0.0, ge=0, le=2)
    stream: bool = True
    stream_usage: bool = True
    tokenizer: str = ""
    connect_s: float = Field(5.0, gt=0)
    first_token_s: float = Field(60.0, gt=0)
    idle_s: float = Field(60.0, gt=0)
    total_s: float = Field(300.0, gt=0)
    max_concurrent: int = Field(8, ge=1, le=1000)
    options: Mapping[str, Any] = Field(default_factory=dict)
    title: str = ""
    family: str = ""
    open_weights: bool | None = None
    licence: str = ""
    hosting: Literal["service", "local"] = "service"
    languages: tuple[str, ...] = ()
    price_input_usd: float | None = Field(None, ge=0)
    price_output_usd: float | None = Field(None, ge=0)
    data_protection: str = ""

    @property
    def clocks(self) -> Clocks:
        """The model's clocks."""
        return Clocks(self.connect_s, self.first_token_s, self.idle_s, self.total_s)

    def card(self, name: str) -> ModelCard:
        """Returns the card of a model that the user defined."""
        said = self.model_dump(include=set(ModelCard.model_fields))
        sources = (Fact(facts=("everything",), source="vouch.toml", as_of=""),)
        return ModelCard(name=name, sources=sources, origin="vouch.toml", **said)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a model is to be; None asks for nothing. ``price_usd`` is the most it may cost per million tokens
    written (for one that writes none: read).
    """

    find: str | None = None
    provider: str | None = None
    task: str | None = None
    language: str | None = None
    licence: str | None = None
    open_weights: bool | None = None
    price_usd: float | None = None

    def suits(self, card: ModelCard) -> bool:
        """Says whether a model is known to be all that is asked."""

        def has(word: str | None, *places: str) -> bool:
            return word is None or any(word.casefold() in place.casefold() for place in places)

        cost = card.price_input_usd if card.price_output_usd is None else card.price_output_usd
        return (
            has(self.find, card.name, card.model, card.title, card.family)
            and has(self.licence, card.licence)
            and self.provider in (None, card.provider)
            and self.task in (None, card.task)
            and (self.language is None or self.language.casefold() in card.languages)
            and self.open_weights in (None, card.open_weights)
            and (self.price_usd is None or (cost is not None and cost <= self.price_usd))
        )


BUILT_IN = ModelCard(
    name=EXTRACTIVE,
    provider="built-in",
    model=EXTRACTIVE,
    title="Extractive",
    family="Vouch",
    open_weights=True,
    licence="MIT",
    hosting="built-in",
    languages=("en", "ja"),
    context_window=1_000_000,
    max_output_tokens=2048,
    price_input_usd=0.0,
    price_output_usd=0.0,
    data_protection="Runs in this process: nothing leaves the machine.",
    sources=(Fact(facts=("everything",), source="this program (rag/reading/extractive.py)", as_of=""),),
    origin="built-in",
)


@cache
def shipped_cards() -> tuple[ModelCard, ...]:
    """Returns the built-in model's card and those of ``rag/models/cards.json`` (written by
    ``bench/model_facts.py``).
    """
    rows = json.loads((files("rag.models") / "cards.json").read_text(encoding="utf-8"))
    return (BUILT_IN, *(ModelCard.model_validate(row) for row in rows))


def read_models(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, ModelSettings]:
    """Returns the user's own models by name.

    Raises:
        UsageError: a table has an unknown or missing field, or a value out of range.
    """
    found = {}
    for name, table in tables.items():
        if name == EXTRACTIVE:
            raise UsageError(
                f"[models.{EXTRACTIVE}] is the name of the built-in model.",
                code="bad_setting",
                hint="Choose another name.",
            )
        try:
            found[name] = ModelSettings.model_validate(dict(table))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise UsageError(
                f"[models.{name}] {field}: {first['msg']}.",
                code="bad_setting",
                hint="docs/models.md lists the fields.",
            ) from None
    return found
