"""What is asked, what an answer is, and the events by which it comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from corpus.errors import VouchError
from corpus.types import Float32, Hit
from rag.grounding.citations import Citation, Sentence, Stored
from rag.grounding.conflicts import Conflict
from rag.prompts.prompting import Message, Passage, Prompt
from rag.prompts.templates import Template

if TYPE_CHECKING:  # it loads the indexes
    from rag.retrieval.retriever import SearchResult

DEFAULT_K = 8
"""How many passages go into the prompt unless the question says otherwise."""

MOST_K = 50

MIN_SUPPORT = 0.5
"""Share of an answer's sentences that the documents must vouch for, unless the settings say otherwise."""


class Library(Stored, Protocol):
    """The corpus as one caller may see it."""

    def search(self, question: str, k: int) -> SearchResult:
        """Returns the ``k`` best passages."""

    def embed(self, texts: Sequence[str]) -> Float32 | None:
        """Returns a question and sentences as unit rows; None where what is near by them cannot be told."""

    def passages_of(self, hit: Hit, most: int) -> Sequence[Hit]:
        """Returns the first passages, ``most`` at most, of a hit's document in reading order."""

    def rarity(self, words: Sequence[str]) -> Mapping[str, float] | None:
        """Returns each word's inverse document frequency in the corpus, or None when it is not known."""

    def lacks(self, words: Sequence[str]) -> frozenset[str]:
        """Returns the words that no document has; none of them when that is not known."""

    def spread_of(self, word: str) -> tuple[int, int]:
        """Returns how many documents have a word, 0 when it is not known, and how many there are."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question and how to answer it. An empty ``model`` is the default one.

    ``require_support``: an answer that the documents do not vouch for is not shown; None leaves it to the settings.
    ``wishes`` are the asker's, for how the answer is written; they change nothing of what it rests on.
    """

    question: str
    model: str = ""
    retrieval: bool = True
    strategy: str = "zero-shot"
    k: int = DEFAULT_K
    history: tuple[Message, ...] = ()
    require_support: bool | None = None
    wishes: str = ""
    template: Template | None = None


@dataclass(frozen=True, slots=True)
class AnswerNote:
    """Something the reader should know; ``code`` is stable snake_case."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written; ``counted`` says by whom (``provider``, or how they were estimated).

    ``cost_usd`` is what they cost at the prices of the model's card, in US dollars; None when those are not known.
    """

    input_tokens: int
    output_tokens: int
    counted: str
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an answer is only a part; ``code`` as in the error it came from."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with all that vouches for it.

    ``complete`` is True only when the model said that it had finished (or none was asked: an abstention).
    ``standalone_question`` is the question as the documents were searched, "" where that is as it was asked;
    ``template`` names the user's own prompt, "" for the general one.
    ``support`` is the share, in [0, 1], of the sentences that the documents vouch for, None without
    sentences; ``supported`` says whether that is enough, None also without retrieval. ``confidence`` is the
    chance, in (0, 1), that the corpus holds an answer, None without retrieval. Every citation's ``quote`` is
    ``text[start:end]`` of its document version. ``conflicts`` are figures of what is cited that other documents
    among the passages give otherwise.
    ``reply`` is what the model wrote, to the letter, None where none was asked. ``receipt`` is the id under which
    all this was kept, None where it was not.
    """

    id: str
    question: str
    text: str
    abstained: bool
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    model: str
    retrieval: bool
    strategy: str
    usage: Usage
    timings_ms: Mapping[str, float]
    complete: bool
    finish_reason: str
    sentences: tuple[Sentence, ...] = ()
    support: float | None = None
    supported: bool | None = None
    conflicts: tuple[Conflict, ...] = ()
    confidence: float | None = None
    notes: tuple[AnswerNote, ...] = ()
    standalone_question: str = ""
    template: str = ""
    failure: Failure | None = None
    prompt: Prompt | None = None
    reply: str | None = None
    receipt: str | None = None


# ---- events --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """First of all: what the answer will rest on."""

    id: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer's text; the deltas together are its text, up to white space at its ends."""

    text: str


@dataclass(frozen=True, slots=True)
class CitationsFound:
    """Which words vouch for which sentence, and what other documents say otherwise."""

    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of an answer that came whole."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event otherwise. ``answer`` is what there is; its ``text`` is empty when nothing came."""

    error: VouchError
    answer: Answer


Event = PassagesFound | TextDelta | CitationsFound | Done | Failed
