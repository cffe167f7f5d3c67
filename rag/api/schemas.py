"""The shapes that go over HTTP. Every field says what it is and shows an example."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_K = 100
MAX_QUESTION_CHARS = 8000

_CONTROLS = frozenset(chr(c) for c in (*range(32), *range(127, 160))) - frozenset("\t\n\r")


def plain_text(text: str) -> str:
    """Returns a text that holds something, and no NUL or other control character but tabs and line breaks.

    Raises:
        ValueError: it does not.
    """
    if not text.strip():
        raise ValueError("it is blank")
    found = next((c for c in text if c in _CONTROLS), None)
    if found is not None:
        raise ValueError(f"it holds the control character U+{ord(found):04X}")
    return text


K = Annotated[int, Field(strict=True, ge=1, le=MAX_K, description="How many passages.", examples=[5])]
Question = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_QUESTION_CHARS,
        description="The question, in any language.",
        examples=["How many days of annual leave do I get?", "有給休暇は何日ですか"],
    ),
    AfterValidator(plain_text),
]
CollectionName = Annotated[
    Annotated[str, Field(min_length=1, max_length=200)] | None,
    Field(description="Only this collection.", examples=["sample"]),
]
Name = Annotated[str, Field(max_length=200)]


def event_stream(*names: str) -> dict[str, Any]:
    """Returns how OpenAPI describes a stream of server-sent events with these names."""
    event = {"type": "string", "enum": list(names), "description": "What happened.", "examples": [names[-1]]}
    data = {
        "type": "string",
        "contentMediaType": "application/json",
        "description": "A JSON object on one line.",
        "examples": ["{}"],
    }
    shape = {"type": "object", "properties": {"event": event, "data": data}, "required": ["event", "data"]}
    return {"text/event-stream": {"schema": shape}}


class Shape(BaseModel):
    """A request: unknown fields are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="Stable snake_case code.", examples=["unknown_document"])
    message: str = Field(description="One sentence: what happened.", examples=["There is no document 'x'."])
    hint: str = Field(
        description="What to do next; may be empty.", examples=["List them with: GET /api/documents"]
    )


class ErrorBody(BaseModel):
    """The one shape every error has."""

    error: ErrorDetail
    answer: dict[str, Any] | None = Field(
        None,
        description="What there is of an answer whose model failed, such as its passages; else left out.",
        examples=[None],
    )


class OpenAIErrorDetail(BaseModel):
    """What went wrong, as OpenAI's clients read it."""

    message: str = Field(
        description="What happened, and what to do.", examples=["There is no model 'gpt-9'."]
    )
    type: str = Field(
        description="invalid_request_error, authentication_error, permission_error, rate_limit_error or "
        "server_error.",
        examples=["invalid_request_error"],
    )
    param: str | None = Field(description="The field at fault, where one is.", examples=["model"])
    code: str = Field(description="Stable snake_case code.", examples=["model_not_found"])


class OpenAIErrorBody(BaseModel):
    """The shape of every error under /v1."""

    error: OpenAIErrorDetail
    vouch: dict[str, Any] | None = Field(
        None, description="What there is of an answer whose model failed; else left out.", examples=[None]
    )


class FilterShape(Shape):
    """What a search is limited to; every given part must hold. What is empty limits nothing."""

    collections: list[Name] = Field([], max_length=100, description="Any of these.", examples=[["sample"]])
    types: list[Name] = Field(
        [], max_length=100, description="Content types or short names.", examples=[["pdf"]]
    )
    languages: list[Name] = Field([], max_length=100, description="ISO 639-1 codes.", examples=[["en", "ja"]])
    since: str = Field("", max_length=40, description="Dated on or after, ISO 8601.", examples=["2025-01-01"])
    until: str = Field("", max_length=40, description="Dated before, ISO 8601.", examples=["2026-01-01"])
    source: str = Field(
        "", max_length=1000, description="A glob over the path.", examples=["policies/**/*.pdf"]
    )
    documents: list[Name] = Field(
        [], max_length=1000, description="Any of these document ids.", examples=[[]]
    )
    metadata: dict[str, str] = Field(
        {}, description="Metadata that must be equal.", examples=[{"team": "hr"}]
    )
    as_of: str = Field(
        "",
        max_length=40,
        description="The versions that were live then: a day (its end, UTC) or a time, ISO 8601.",
        examples=["2025-06-01"],
    )


FurtherLimits = Annotated[FilterShape | None, Field(description="Further limits.")]


class SearchRequest(Shape):
    """A search."""

    query: Question
    k: K = 10
    collection: CollectionName = None
    filter: FurtherLimits = None
    whole: bool = Field(
        False, description="Whole passages; else of each what speaks of the query.", examples=[False]
    )


class HitShape(BaseModel):
    """A found passage: ``text`` stands at ``[start, end)`` of that version's text."""

    rank: int = Field(description="From 1.", examples=[1])
    score: float = Field(
        description="Higher is better; comparable within one answer only.", examples=[0.0325]
    )
    chunk_id: str = Field(description="16 hexadecimal digits.", examples=["5f2c9a1b3d4e6f70"])
    document_id: str = Field(description="16 hexadecimal digits.", examples=["a7a38ae87aa5b735"])
    version: int = Field(description="The document's version, from 1.", examples=[2])
    collection: str = Field(description="The document's collection.", examples=["sample"])
    source: str = Field(description="The document's path.", examples=["policies/travel-2025.pdf"])
    title: str = Field(description="The document's title.", examples=["Travel policy"])
    content_type: str = Field(description="MIME type.", examples=["application/pdf"])
    language: str = Field(description="ISO 639-1, or empty.", examples=["en"])
    page: int = Field(description="First page, from 1.", examples=[3])
    last_page: int = Field(description="Last page, from 1.", examples=[3])
    page_label: str = Field(
        "", description="The number printed on the first page, if another.", examples=["iv"]
    )
    start: int = Field(description="First code point, from 0.", examples=[1204])
    end: int = Field(description="One past the last code point.", examples=[1980])
    headings: list[str] = Field(
        description="The headings it stands under, outermost first.", examples=[["Hotels"]]
    )
    context: str = Field(
        description="What was searched beside the text; never quoted.", examples=["Travel policy > Hotels"]
    )
    text: str = Field(description="The words themselves.", examples=["The limit is 140 EUR a night."])
    legs: dict[str, float] = Field(
        description="What each retriever says of it: the cosine, the share of the question's words, and the late "
        "interaction of its tokens (late); where a CrossEncoder ordered the hits, its score (reranker).",
        examples=[{"dense": 0.71, "lexical": 0.43}],
    )
    ocr: bool = Field(
        False, description="Whether a page of it is a picture whose text was recognised.", examples=[False]
    )
    also: list[str] = Field(
        default_factory=list,
        description="The collection's other files that say the same and that you may see.",
        examples=[["archive/travel-policy.pdf"]],
    )
    chunk_ids: list[str] = Field(
        default_factory=list,
        description="The chunks of a passage of several, in reading order; empty where `chunk_id` is all.",
        examples=[[]],
    )
    focus: tuple[int, int] | None = Field(
        None,
        description="Start and end of what speaks of the question, whole sentences and rows; null where all does. "
        "Without `whole` a search gives no more than that.",
        examples=[[1204, 1388]],
    )


class SearchAnswer(BaseModel):
    """Found passages, best first."""

    query: str = Field(description="The query as asked.", examples=["annual leave"])
    read_as: str = Field(
        description="The query that was searched for: one line, its misspelt words put right, or with words that "
        "documents have in the place of everyday ones (a note says so); empty where nothing was searched.",
        examples=["annual leave"],
    )
    hits: list[HitShape]
    timings_ms: dict[str, float] = Field(description="What each step took.", examples=[{"total": 8.2}])
    notes: list[str] = Field(
        description="How the query was read, and what was left out, and why.", examples=[[]]
    )


class VersionShape(BaseModel):
    """One version of a document."""

    number: int = Field(description="From 1.", examples=[1])
    state: Literal["live", "retired"] = Field(description="Only the live one is searched.", examples=["live"])
    sha256: str = Field(description="Of the original file.", examples=["9f86d081884c7d65"])
    size_bytes: int = Field(examples=[48213], description="Of the original file.")
    modified: str | None = Field(description="The file's time.", examples=["2025-04-01T09:00:00+00:00"])
    title: str = Field(description="The title.", examples=["Travel policy"])
    content_type: str = Field(description="MIME type.", examples=["application/pdf"])
    language: str = Field(description="ISO 639-1, or empty.", examples=["en"])
    date: str | None = Field(description="The document's own date.", examples=["2025-04-01T00:00:00+00:00"])
    metadata: dict[str, str] = Field(
        description="What the document says of itself.", examples=[{"author": "HR"}]
    )
    notes: list[dict[str, Any]] = Field(description="What a reader should know.", examples=[[]])
    chars: int = Field(description="Length of the text in code points.", examples=[12034])
    pages: int = Field(description="Number of pages.", examples=[6])
    chunks: int = Field(description="Number of chunks.", examples=[41])
    vectors: int = Field(description="Chunks that have a vector.", examples=[41])
    committed_at: str = Field(description="When it became live.", examples=["2026-01-01T00:00:00+00:00"])
    retired_at: str | None = Field(description="When it ceased to be live.", examples=[None])


class DocumentShape(BaseModel):
    """A document and its live version."""

    id: str = Field(description="16 hexadecimal digits.", examples=["a7a38ae87aa5b735"])
    collection: str = Field(description="The collection.", examples=["sample"])
    path: str = Field(description="The path or the uploaded name.", examples=["policies/travel-2025.pdf"])
    uploaded: bool = Field(description="Whether it came over HTTP.", examples=[False])
    access: list[str] = Field(description="Who may see it.", examples=[["public"]])
    metadata: dict[str, str] = Field(description="What its users said of it.", examples=[{"team": "hr"}])
    created_at: str = Field(description="When it was first ingested.", examples=["2026-01-01T00:00:00+00:00"])
    live: VersionShape


class DocumentList(BaseModel):
    """Documents in order of collection and path."""

    documents: list[DocumentShape]
    total: int = Field(description="How many there are in all.", examples=[27])


class DocumentChange(Shape):
    """What to change; a field that is left out stays."""

    metadata: dict[Name, Annotated[str, Field(max_length=2000)]] | None = Field(
        None, max_length=50, description="Replaces the metadata its users gave it.", examples=[{"team": "hr"}]
    )


class Removed(BaseModel):
    """What was removed."""

    document_id: str = Field(description="The document.", examples=["a7a38ae87aa5b735"])
    removed: bool = Field(description="It is out of every search now; its history stays.", examples=[True])


class PageShape(BaseModel):
    """A page: ``text[start:end]`` is what stands on it."""

    number: int = Field(description="From 1.", examples=[1])
    start: int = Field(description="First code point, from 0.", examples=[0])
    end: int = Field(description="One past the last code point.", examples=[1800])


class DocumentText(BaseModel):
    """The text of one version."""

    document_id: str = Field(description="The document.", examples=["a7a38ae87aa5b735"])
    version: int = Field(description="The version.", examples=[1])
    text: str = Field(description="The whole text.", examples=["Travel policy\n…"])
    pages: list[PageShape]


class PageText(PageShape):
    """A page of one version with its text: ``text[n - start]`` is what offset ``n`` of the version's text refers to."""

    document_id: str = Field(description="The document.", examples=["a7a38ae87aa5b735"])
    version: int = Field(description="The version.", examples=[1])
    text: str = Field(description="What stands on the page.", examples=["Hand in your claim …"])
    numbers: list[int] = Field(description="Those of all pages, ascending.", examples=[[1, 2, 3]])


class FileReportShape(BaseModel):
    """What the ingest made of a file."""

    path: str = Field(description="The path or the uploaded name.", examples=["policies/travel-2025.pdf"])
    state: Literal["ok", "partial"] = Field(
        description="partial: it was read, and something in it could not be; see notes.", examples=["ok"]
    )
    version: int = Field(description="From 1.", examples=[1])
    content_type: str = Field(description="MIME type.", examples=["application/pdf"])
    pages: int = Field(description="Number of pages.", examples=[3])
    chars: int = Field(description="Length of the text in code points.", examples=[5034])
    page_chars: list[int] = Field(description="Characters of each page.", examples=[[1804, 1790, 1440]])
    flagged_pages: dict[str, list[int]] = Field(
        description="Pages, from 1, by what was noted of them.", examples=[{"scanned_page": [2]}]
    )
    hidden_chars: int = Field(description="Hidden characters that were left out.", examples=[0])
    tables: int | None = Field(description="Tables found; null when not known.", examples=[2])
    chunks: int = Field(description="Number of chunks.", examples=[41])
    chunks_without_vector: int = Field(description="Chunks found by words alone.", examples=[0])
    tokens: int = Field(description="Tokens of all chunks.", examples=[7120])
    truncated: int = Field(description="Chunks cut off by the embedder: always 0.", examples=[0])
    notes: list[dict[str, Any]] = Field(description="What a reader should know.", examples=[[]])
    seconds: float | None = Field(description="What reading it took; null when not known.", examples=[0.41])


class DocumentReportShape(BaseModel):
    """What the ingest made of a document's live version."""

    document_id: str = Field(description="The document.", examples=["a7a38ae87aa5b735"])
    collection: str = Field(description="The collection.", examples=["sample"])
    committed_at: str = Field(description="When it became live.", examples=["2026-01-01T00:00:00+00:00"])
    report: FileReportShape
    failed_since: ErrorDetail | None = Field(
        description="Why a later file in its place could not be read; null when none was.", examples=[None]
    )


class CollectionShape(BaseModel):
    """A collection."""

    name: str = Field(description="Its name.", examples=["sample"])
    documents: int = Field(description="Live documents the caller may see.", examples=[27])


class CollectionList(BaseModel):
    """Every collection the caller may see."""

    collections: list[CollectionShape]


class JobShape(BaseModel):
    """A piece of long work."""

    id: str = Field(description="16 hexadecimal digits.", examples=["3f1d0c2b4a596877"])
    kind: str = Field(description="What it does.", examples=["ingest"])
    state: Literal["queued", "running", "done", "failed", "cancelled"] = Field(
        description="done also when single files failed: see result.files.", examples=["running"]
    )
    request: dict[str, Any] = Field(description="What was asked for.", examples=[{"collection": "default"}])
    progress: dict[str, Any] = Field(
        description="How far it came.", examples=[{"files": 1, "total_files": 3}]
    )
    result: dict[str, Any] | None = Field(description="The report, once it is done.", examples=[None])
    error: dict[str, Any] | None = Field(description="Why it failed.", examples=[None])
    created_at: str = Field(description="When it was queued.", examples=["2026-01-01T00:00:00+00:00"])
    started_at: str | None = Field(description="When it began.", examples=[None])
    finished_at: str | None = Field(description="When it ended.", examples=[None])


class JobList(BaseModel):
    """The newest jobs first, their ``result`` without ``files``."""

    jobs: list[JobShape]
    total: int = Field(description="How many there are in all.", examples=[3])


class Health(BaseModel):
    """How the service is doing, with reasons."""

    status: Literal["ok", "degraded", "starting", "stopping"] = Field(
        description="degraded: it answers, see problems.", examples=["ok"]
    )
    problems: list[str] = Field(description="What is wrong, in sentences.", examples=[[]])
    details: dict[str, Any] = Field(description="Counts, indexes, space, disk.", examples=[{"documents": 27}])


class Alive(BaseModel):
    """The process runs (live) or can answer (ready)."""

    status: str = Field(description="ok", examples=["ok"])
