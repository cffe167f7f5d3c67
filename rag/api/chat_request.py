"""What is read of a request in the form of OpenAI's chat completions.

A request keeps to one rule. What only tunes how a model writes (``temperature``, ``max_tokens``, ``stop`` …) is
left to the model's settings and named in the reply's ``vouch.ignored``, as are tools that it may call or leave
alone; what would change the reply's kind, and which it therefore could not keep to (``tool_choice`` other than
``auto``, ``n`` above 1, ``response_format`` …), is refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from corpus.errors import UsageError
from rag.api.asking import HowToAnswer, RequireSupport
from rag.api.chat_reply import without_footnotes
from rag.api.schemas import MAX_QUESTION_CHARS, CollectionName, FurtherLimits
from rag.asking.answers import Ask
from rag.prompts.prompting import Message
from rag.prompts.templates import Template

DEFAULT_NAME = "vouch"
"""What the default model is called here, beside its own name."""

MOST_MESSAGES = 1000


class WrongMessagesError(UsageError):
    """Something in a request that is not answered here; ``param`` names the field."""

    def __init__(self, param: str, message: str, *, code: str, hint: str) -> None:
        super().__init__(message, code=code, hint=hint)
        self.param = param


class Lenient(BaseModel):
    """A part of a request whose unknown fields are let through: clients send many."""

    model_config = ConfigDict(extra="allow")


class ContentPart(Lenient):
    """A part of a message; only text is read."""

    type: str = Field(max_length=100, description="text; anything else is refused.", examples=["text"])
    text: str | None = Field(None, description="The words.", examples=["How many days of leave are there?"])


class ChatMessage(Lenient):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"] = Field(
        description="Who said it; what tools said is refused.", examples=["user"]
    )
    content: str | list[ContentPart] | None = Field(
        None, description="The words, or parts of type text.", examples=["有給休暇は何日ですか"]
    )


class StreamOptions(Lenient):
    """What else a stream tells."""

    include_usage: bool | None = Field(
        None, description="Whether the last chunk counts the tokens.", examples=[True]
    )


class VouchOptions(HowToAnswer):
    """How Vouch is to answer; OpenAI's clients send it as ``extra_body={"vouch": {…}}``."""

    collection: CollectionName = None
    filter: FurtherLimits = None
    require_support: RequireSupport = None
    footnotes: bool = Field(
        True,
        description="Whether notes and the cited sources stand below the answer, for clients that show nothing else.",
        examples=[True],
    )


class CompletionRequest(Lenient):
    """A conversation whose last message is the question. Fields that are not listed are ignored."""

    model: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="vouch (the default model), or a name of GET /v1/models.", examples=["vouch"]
    )
    messages: list[ChatMessage] = Field(
        min_length=1,
        max_length=MOST_MESSAGES,
        description="Oldest first. The last one, of the user, is the question; the turns before it are its history; "
        "system messages are wishes for how the answer is written.",
        examples=[[{"role": "user", "content": "How many days of annual leave do I get?"}]],
    )
    stream: bool | None = Field(None, description="Answer chunk by chunk.", examples=[False])
    stream_options: StreamOptions | None = Field(None, description="With a stream.")
    vouch: VouchOptions | None = Field(None, description="How Vouch is to answer.")
    n: int | None = Field(None, description="1: more are refused.", examples=[1])
    tools: list[Any] | None = Field(None, description="Ignored: no tool is ever called.", examples=[None])
    functions: list[Any] | None = Field(None, description="Ignored, like tools.", examples=[None])
    tool_choice: Any = Field(None, description="Refused, unless none or auto.", examples=[None])
    function_call: Any = Field(None, description="Refused, unless none or auto.", examples=[None])
    response_format: dict[str, Any] | None = Field(
        None, description="Refused, unless its type is text.", examples=[None]
    )
    logprobs: bool | None = Field(None, description="Refused, if true.", examples=[None])
    top_logprobs: int | None = Field(None, description="Refused, unless 0.", examples=[None])
    modalities: list[str] | None = Field(None, description='Refused, unless ["text"].', examples=[None])
    audio: dict[str, Any] | None = Field(None, description="Refused.", examples=[None])
    web_search_options: dict[str, Any] | None = Field(None, description="Refused.", examples=[None])

    @property
    def options(self) -> VouchOptions:
        """How Vouch is to answer."""
        return self.vouch or VouchOptions()

    @property
    def ignored(self) -> list[str]:
        """The fields that change nothing, in alphabetical order."""
        sent = [name[:100] for name, value in (self.model_extra or {}).items() if value is not None]
        sent += [name for name in ("tools", "functions") if getattr(self, name)]
        return sorted(sent)[:50]


def read_ask(asked: CompletionRequest, model: str, template: Template | None) -> Ask:
    """Returns what a request asks ``model``.

    Raises:
        WrongMessagesError: it wants what a reply cannot give, or its last message is no question.
    """
    _refuse_unsupported(asked)
    turns = [_turn(number, message) for number, message in enumerate(asked.messages)]
    if turns[-1].role != "user":
        raise WrongMessagesError(
            f"messages.{len(turns) - 1}.role",
            "The last message is not the user's.",
            code="no_question",
            hint="The last message is the question.",
        )
    options = asked.options
    return Ask(
        _question(turns[-1].text, len(turns) - 1),
        model,
        options.retrieval,
        options.strategy,
        options.k,
        tuple(
            Message(turn.role, without_footnotes(turn.text) if turn.role == "assistant" else turn.text)
            for turn in turns[:-1]
            if turn.role != "system" and turn.text.strip()
        ),
        require_support=options.require_support,
        template=template,
        wishes="\n\n".join(turn.text for turn in turns if turn.role == "system" and turn.text.strip()),
    )


def _refuse_unsupported(asked: CompletionRequest) -> None:
    wants = {
        "n": asked.n not in (None, 1),
        "tool_choice": asked.tool_choice not in (None, "none", "auto"),
        "function_call": asked.function_call not in (None, "none", "auto"),
        "response_format": (asked.response_format or {"type": "text"}).get("type") != "text",
        "logprobs": bool(asked.logprobs),
        "top_logprobs": bool(asked.top_logprobs),
        "modalities": asked.modalities not in (None, ["text"]),
        "audio": asked.audio is not None,
        "web_search_options": asked.web_search_options is not None,
    }
    for name, wanted in wants.items():
        if wanted:
            raise WrongMessagesError(
                name,
                f"{name} cannot be had here: a reply is one text with its citations.",
                code="unsupported_parameter",
                hint=f"Leave {name} out.",
            )


def _turn(number: int, message: ChatMessage) -> Message:
    where = f"messages.{number}"
    role = message.role
    if role == "tool" or role == "function":
        raise WrongMessagesError(
            f"{where}.role",
            f"{where} is what a tool said, and no tools are called here.",
            code="unsupported_parameter",
            hint="Leave tools out of the conversation.",
        )
    content = message.content or ""
    parts = [content] if isinstance(content, str) else []
    for at, part in enumerate(() if isinstance(content, str) else content):
        if part.type != "text":
            raise WrongMessagesError(
                f"{where}.content.{at}",
                f"{where}.content.{at} is of type {part.type[:40]!r}; only text is read.",
                code="unsupported_content",
                hint="Send words alone.",
            )
        parts.append(part.text or "")
    text = "".join(c if c.isprintable() or c in "\n\t\r" else " " for c in "\n".join(parts))
    return Message("system" if role == "developer" else role, text)


def _question(text: str, number: int) -> str:
    where = f"messages.{number}.content"
    if not text.strip():
        raise WrongMessagesError(where, f"{where} is blank.", code="empty_query", hint="Ask something.")
    if len(text) > MAX_QUESTION_CHARS:
        raise WrongMessagesError(
            where,
            f"The question has {len(text)} characters; the limit is {MAX_QUESTION_CHARS}.",
            code="query_too_long",
            hint="Ask a shorter question; documents belong into the corpus.",
        )
    return text
