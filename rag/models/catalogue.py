"""The model catalogue's front door: a model is chosen by its name in the catalogue or in ``vouch.toml``.

LangChain and a provider's package (:mod:`rag.models.providers`) are imported when the model is first used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast, get_args

from corpus.errors import NotFoundError, UsageError, VouchError
from rag.models.attempts import Delta, Finish, LoopThread, Stop
from rag.models.breaker import Breaker, RetryBudget
from rag.models.cards import EXTRACTIVE, ModelCard, ModelSettings, ProviderName, read_models, shipped_cards
from rag.models.counting import counter_of
from rag.models.credentials import key_of, secrets_of
from rag.models.lacking import missing
from rag.models.providers import chat_model, hang_up, window_of
from rag.models.replies import Request
from rag.models.upstream import Provider
from rag.prompts.prompting import ESTIMATE, Budget, Message, TokenCounter

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.reading.meaning import Embed


class ChosenModel:
    """A model that can be asked. Safe to use from any thread."""

    def __init__(
        self,
        card: ModelCard,
        settings: ModelSettings,
        provider: Provider,
        make: Callable[[], BaseChatModel],
        counter: TokenCounter = ESTIMATE,
        secrets: Sequence[str] = (),
    ) -> None:
        self.card = card
        self.name = card.name
        self._settings = settings
        self._provider = provider
        self._make = make
        self._counter = counter
        self._secrets = tuple(secret for secret in secrets if secret)
        self._lock = threading.Lock()
        self._chat: BaseChatModel | None = None

    @property
    def budget(self) -> Budget:
        """The window and the part of it kept for the answer, with the counter that measures both."""
        window = window_of(self.card, self._settings)
        return Budget(window, min(self._settings.max_output_tokens, window // 2), self._counter)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What bears on its replies, for a receipt: never a key, an address, or a text from ``options``."""
        options = self._settings.options
        plain = {name: one for name, one in options.items() if isinstance(one, bool | int | float)}
        return {
            "name": self.name,
            "provider": self.card.provider,
            "model": self.card.model,
            "temperature": None if self.card.provider == "built-in" else self._settings.temperature,
            "seed": plain.get("seed"),
            "context_window": self.budget.window,
            "max_output_tokens": self.budget.output,
            "stream": self._settings.stream,
            "options": plain,
            "options_not_kept": sorted(options.keys() - plain.keys()),
        }

    @property
    def streams(self) -> bool:
        """Says whether its answers are asked for piece by piece."""
        return self._settings.stream

    @property
    def has_key(self) -> bool:
        """Says whether a key or a password goes with a request."""
        return bool(self._secrets)

    def chat(self) -> BaseChatModel:
        """Returns the LangChain chat model behind this, made when first needed.

        Raises:
            ModelError: its package or its key is missing.
        """
        with self._lock:
            if self._chat is None:
                self._chat = self._make()
            return self._chat

    async def release(self) -> None:
        """Gives back the connections that are kept for the next call; on the loop that made them."""
        await hang_up(self._chat)

    def stream(
        self, messages: Sequence[Message], stop: Stop | None = None, *, within_s: float | None = None
    ) -> Generator[Delta | Finish]:
        """Yields the reply as it comes, all of it ``within_s`` seconds where that is given; see
        :meth:`rag.models.upstream.Provider.stream`.
        """
        request = Request(self.chat(), messages, self._settings.stream, self._secrets, self.name)
        clocks = self._settings.clocks
        if within_s is not None:
            clocks = replace(clocks, total_s=min(within_s, clocks.total_s))
        return self._provider.stream(request, clocks, stop)


class Models:
    """Every model that can be chosen. Close it when the service ends.

    Args:
        tables: the ``[models.NAME]`` tables of ``vouch.toml``.
        default: the model used where none is named; also ``provider:model`` of a shipped provider.
        extractive: makes the built-in chat model (:func:`built_in`).
    """

    def __init__(
        self,
        tables: Mapping[str, Mapping[str, Any]] | None = None,
        default: str = EXTRACTIVE,
        extractive: Callable[[], BaseChatModel] | None = None,
    ) -> None:
        self._own = read_models(tables or {})
        self._loop = LoopThread()
        self._health: dict[tuple[str, str], tuple[Breaker, RetryBudget]] = {}
        self._open: dict[str, ChosenModel] = {}
        self._lock = threading.Lock()
        self._extractive = extractive or built_in()
        own = {name: settings.card(name) for name, settings in self._own.items()}
        self._cards = {card.name: card for card in shipped_cards()} | own
        self.default = default
        if default not in self._cards:
            card = _ad_hoc(default, self._cards)
            if card is None:
                raise UsageError(
                    f"The default model {default!r} is neither in the catalogue nor in vouch.toml.",
                    code="model_unknown",
                    hint="`vouch models` lists all; provider:model works too, e.g. openai:gpt-4o-mini.",
                )
            self._cards[default] = card

    def cards(self) -> tuple[ModelCard, ...]:
        """Returns every card: the built-in model, the shipped catalogue, the user's own."""
        return tuple(self._cards.values())

    def card(self, name: str = "", *, listed: bool = False) -> ModelCard:
        """Returns a card by name (default: the default model's).

        Args:
            name: a name in :meth:`cards`, or provider:model.
            listed: only what stands in :meth:`cards`, for those who are not to choose what the keys pay for.

        Raises:
            NotFoundError: there is no such model.
        """
        card = self._cards.get(name or self.default)
        if card is None and not listed:
            card = _ad_hoc(name, self._cards)
        if card is None:
            near = ", ".join(n for n in self._cards if name.casefold() in n.casefold()) if name else ""
            raise NotFoundError(
                f"There is no model {name!r}.",
                code="model_unknown",
                hint=(f"Did you mean: {near}? " if near else "")
                + "`vouch models` lists all; add your own as [models.NAME] in vouch.toml.",
            )
        return card

    def open(self, name: str = "") -> ChosenModel:
        """Returns a model ready to be asked (default: the default model).

        Raises:
            NotFoundError: there is no such model.
            UsageError: it is no chat model, or its settings lack something.
        """
        card = self.card(name)
        with self._lock:
            if card.name not in self._open:
                self._open[card.name] = self._build(card)
            return self._open[card.name]

    def can_ask(self, name: str) -> bool:
        """Says whether a listed model writes answers, and its package and its key are on this machine."""
        card = self._cards[name]
        if card.task != "chat" or card.provider == "built-in":
            return card.task == "chat"
        settings = self._own.get(name) or _settings_of(card)
        try:
            return missing(card, settings, key_of(name, settings)) is None
        except VouchError:
            return False

    def close(self) -> None:
        """Ends every call that is under way, and every connection."""
        self._loop.close([model.release for model in self._open.values()])

    def _build(self, card: ModelCard) -> ChosenModel:
        if card.task != "chat":
            raise UsageError(
                f"{card.name} is a model for {card.task}, not for answers.", code="model_not_chat"
            )
        settings = self._own.get(card.name) or _settings_of(card)
        where = (card.provider, settings.base_url)  # never told to anybody: it may hold a password
        breaker, budget = self._health.setdefault(where, (Breaker(), RetryBudget()))
        provider = Provider(
            card.name, self._loop, max_concurrent=settings.max_concurrent, breaker=breaker, budget=budget
        )
        if card.provider == "built-in":
            return ChosenModel(card, settings, provider, self._extractive)
        key = key_of(card.name, settings)
        secrets = secrets_of(settings, key)
        return ChosenModel(
            card,
            settings,
            provider,
            lambda: chat_model(card, settings, key, secrets),
            counter_of(settings),
            secrets,
        )


def _ad_hoc(name: str, cards: Mapping[str, ModelCard]) -> ModelCard | None:
    """Returns the card of a provider:model that stands nowhere; None when the name is no such thing."""
    provider, _, model = name.partition(":")
    if provider not in get_args(ProviderName) or provider == "built-in" or not model:
        return None
    known = next((c for c in cards.values() if c.provider == provider and c.model == model), None)
    if known:
        return known.model_copy(update={"name": name})
    return ModelCard(name=name, provider=cast(ProviderName, provider), model=model, origin="vouch.toml")


def _settings_of(card: ModelCard) -> ModelSettings:
    output = min(1024, card.max_output_tokens or 1024)
    return ModelSettings(provider=card.provider, model=card.model, max_output_tokens=output)


def built_in(embed: Embed | None = None) -> Callable[[], BaseChatModel]:
    """Returns what makes the built-in chat model, for :class:`Models`; with ``embed`` it reads by meaning too."""

    def make() -> BaseChatModel:
        from rag.reading.extractive import ExtractiveChatModel

        return ExtractiveChatModel(embed=embed)

    return make
