"""An answer in the form of OpenAI's chat completions: whole, and chunk by chunk."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field

from rag.api.answers import AnswerShape
from rag.asking.answers import Answer
from rag.grounding.citations import Citation
from rag.prompts.prompting import is_japanese
from rag.wire import answer_json

Reason = Literal["stop", "length", "content_filter"]


class UrlCitation(BaseModel):
    """Where a sentence's words stand."""

    start_index: int = Field(description="First code point of the sentence.", examples=[0])
    end_index: int = Field(description="One past its last code point.", examples=[38])
    title: str = Field(description="The document's title.", examples=["Travel policy"])
    url: str = Field(
        description="Its page as a picture, the words marked; its text where there is no picture.",
        examples=[
            "http://127.0.0.1:8000/api/documents/a7a38ae87aa5b735/pages/3?version=1&highlight=1204-1234"
        ],
    )


class Annotation(BaseModel):
    """A citation in the form that OpenAI gives to those of the web."""

    type: Literal["url_citation"] = Field(description="Always the same.", examples=["url_citation"])
    url_citation: UrlCitation


class ReplyMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"] = Field(description="Always the same.", examples=["assistant"])
    content: str = Field(
        description="The answer's text, and below it notes on it and the cited sources unless `footnotes` is false.",
        examples=["“The limit is 140 EUR a night.” [1]\n\n- [1] Travel policy, page 3 (travel.pdf)"],
    )
    refusal: None = Field(None, description="Always null.", examples=[None])
    annotations: list[Annotation] = Field(description="The citations, sentence by sentence.")


class Choice(BaseModel):
    """The one reply."""

    index: Literal[0] = Field(description="Always 0.", examples=[0])
    message: ReplyMessage
    logprobs: None = Field(None, description="Always null.", examples=[None])
    finish_reason: Reason = Field(description="How the model ended.", examples=["stop"])


class TokenUsage(BaseModel):
    """Tokens read and written; `vouch.usage.counted` says by whom."""

    prompt_tokens: int = Field(description="Of the prompt.", examples=[1830])
    completion_tokens: int = Field(description="Of the answer.", examples=[42])
    total_tokens: int = Field(description="Of both.", examples=[1872])


class CompletionAnswer(AnswerShape):
    """The answer as `POST /api/ask` gives it."""

    ignored: list[str] = Field(
        description="Fields of the request that changed nothing.", examples=[["temperature"]]
    )


class Completion(BaseModel):
    """A reply in the form of OpenAI's chat completions, with what vouches for it."""

    id: str = Field(description="chatcmpl- and the answer's id.", examples=["chatcmpl-14d75c3f77682d83"])
    object: Literal["chat.completion"] = Field(description="Always the same.", examples=["chat.completion"])
    created: int = Field(description="Seconds since 1970.", examples=[1767225600])
    model: str = Field(description="Who answered.", examples=["extractive"])
    choices: list[Choice]
    usage: TokenUsage
    vouch: CompletionAnswer


class ModelObject(BaseModel):
    """A model that can be asked."""

    id: str = Field(description="What `model` takes.", examples=["vouch"])
    object: Literal["model"] = Field(description="Always the same.", examples=["model"])
    created: int = Field(description="Always 0: not known.", examples=[0])
    owned_by: str = Field(description="The provider.", examples=["built-in"])


class ModelObjects(BaseModel):
    """The models that can be asked."""

    object: Literal["list"] = Field(description="Always the same.", examples=["list"])
    data: list[ModelObject]


@dataclass(frozen=True, slots=True)
class ChatReply:
    """How a reply to one request is put.

    Args:
        model: the model's name.
        created: seconds since 1970.
        base_url: where citations lead.
        footnotes: whether notes and the cited sources stand below the answer.
        usage: whether a stream counts its tokens in a last chunk.
        ignored: the request's fields that changed nothing.
    """

    model: str
    created: int
    base_url: str
    footnotes: bool = True
    usage: bool = False
    ignored: Sequence[str] = ()

    def whole(self, answer: Answer) -> dict[str, Any]:
        """Returns a whole reply, a :class:`Completion`."""
        message = {
            "role": "assistant",
            "content": answer.text + self.below(answer),
            "refusal": None,
            "annotations": url_citations(answer, self.base_url),
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason(answer)}
        head = self._head(answer.id, "chat.completion")
        return {**head, "choices": [choice], "usage": usage(answer), "vouch": self.beside(answer)}

    def chunk(self, answer_id: str, text: str, *, first: bool) -> dict[str, Any]:
        """Returns a chunk with more of the text; the first one says who speaks."""
        delta = {"content": text} | ({"role": "assistant"} if first else {})
        return self._chunk(answer_id, delta, None)

    def last(self, answer: Answer) -> list[dict[str, Any]]:
        """Returns the chunks that end a stream: the reason with all that vouches for the answer, and the tokens."""
        delta = {"annotations": url_citations(answer, self.base_url)}
        end = {**self._chunk(answer.id, delta, reason(answer)), "vouch": self.beside(answer)}
        if not self.usage:
            return [end]
        counted = {**self._head(answer.id, "chat.completion.chunk"), "choices": [], "usage": usage(answer)}
        return [end, counted]

    def below(self, answer: Answer) -> str:
        """Returns the notes and sources to stand below the answer, "" where they are not wanted."""
        return footnotes(answer) if self.footnotes else ""

    def beside(self, answer: Answer) -> dict[str, Any]:
        """Returns what stands beside a reply: a :class:`CompletionAnswer`."""
        return answer_json(answer) | {"ignored": list(self.ignored)}

    def _chunk(self, answer_id: str, delta: dict[str, Any], finish: Reason | None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._head(answer_id, "chat.completion.chunk"), "choices": [choice]}

    def _head(self, answer_id: str, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{answer_id}",
            "object": kind,
            "created": self.created,
            "model": self.model,
        }


def reason(answer: Answer) -> Reason:
    """Returns how a reply ended, in OpenAI's words."""
    known: Mapping[str, Reason] = {"length": "length", "content_filter": "content_filter"}
    return known.get(answer.finish_reason, "stop")


def usage(answer: Answer) -> dict[str, int]:
    """Returns the tokens under OpenAI's names."""
    read, written = answer.usage.input_tokens, answer.usage.output_tokens
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def url_citations(answer: Answer, base_url: str) -> list[dict[str, Any]]:
    """Returns the citations that bear a sentence out, as OpenAI's url citations."""
    found = []
    for sentence in answer.sentences:
        for citation in (answer.citations[at] for at in sentence.citations):
            if citation.state != "unsupported":
                place = {
                    "start_index": sentence.start,
                    "end_index": sentence.end,
                    "title": citation.title or citation.source,
                    "url": _address(answer, citation, base_url),
                }
                found.append({"type": "url_citation", "url_citation": place})
    return found


def _address(answer: Answer, citation: Citation, base_url: str) -> str:
    at = f"{base_url.rstrip('/')}/api/documents/{citation.document_id}"
    kinds = {passage.hit.document_id: passage.hit.content_type for passage in answer.passages}
    if kinds.get(citation.document_id) == "application/pdf":
        marked = f"version={citation.version}&highlight={citation.start}-{citation.end}"
        return f"{at}/pages/{citation.page}?{marked}"
    return f"{at}/text?version={citation.version}"


_FOOTNOTES = re.compile(r"\n\n(?:- (?:\*(?:Note|注)\*: |\[\d+\](?:, \[\d+\])* )[^\n]*(?:\n|\Z))+\Z")
_TOLD = (
    "conflict", "older_edition", "unchanged", "one_edition", "no_other_edition", "no_such_document", "more_changes",
    "over_rows", "unnamed", "part_unanswered", "low_support",
)  # fmt: skip
"""Notes without which an answer may mislead who reads its text alone."""


def footnotes(answer: Answer) -> str:
    """Returns what stands below an answer, a line each: the notes without which it may mislead, and the sources that it
    cites; those on the same pages of one document share a line.

    Where the passages are all that is shown, for no model could be asked or none of them bears its answer out: those.
    """
    japanese = is_japanese(answer.question)
    label = "注" if japanese else "Note"
    lines = [f"- *{label}*: {' '.join(note.message.split())}" for note in answer.notes if note.code in _TOLD]
    pages: dict[int, set[int]] = {}
    for citation in answer.citations:
        pages.setdefault(citation.marker, set()).add(citation.page)
    withheld = any(note.code == "withheld" for note in answer.notes)
    if (answer.failure is not None or withheld) and not pages:
        pages = {passage.marker: {passage.hit.page} for passage in answer.passages}
    hits = {passage.marker: passage.hit for passage in answer.passages}
    places: dict[tuple[str, int, str], list[int]] = {}
    for marker, found in pages.items():
        hit = hits[marker]
        listed = ", ".join(map(str, sorted(found)))
        where = f"{listed}ページ" if japanese else f"page{'s' * (len(found) > 1)} {listed}"
        title, source = (" ".join(text.split()) for text in (hit.title or hit.source, hit.source))
        place = f"{title}, {where}" + (f" ({source})" if source != title else "")
        places.setdefault((hit.document_id, hit.version, place), []).append(marker)
    for (_, _, place), markers in places.items():
        lines.append(f"- {', '.join(f'[{marker}]' for marker in sorted(markers))} {place}")
    return "\n\n" + "\n".join(lines) if lines else ""


def without_footnotes(text: str) -> str:
    """Returns an earlier reply without what stood below it: notes, and sources whose numbers mean nothing now."""
    return _FOOTNOTES.sub("", text)
