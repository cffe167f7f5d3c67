"""The nouns of the house: one frozen type per stage.

Offsets count Unicode code points, half-open and 0-based, into the text of one document version.
Pages count from 1. Scores say their own direction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:  # a parsing child needs no numbers, and starts in two thirds of the time without them
    import numpy as np
    from numpy.typing import NDArray

Float32: TypeAlias = "NDArray[np.float32]"
Int64: TypeAlias = "NDArray[np.int64]"
Bools: TypeAlias = "NDArray[np.bool_]"

PUBLIC = "public"
"""The principal every caller holds."""

UPLOAD_ROOT = "upload"
"""The root of documents that came over HTTP rather than from a folder."""

RootPath: TypeAlias = tuple[str, str]
"""Where a document lies within its collection: the root it was found under, and its path below that."""

Terms: TypeAlias = tuple[frozenset[str], Mapping[str, str]]
"""A document's access list, and the metadata that its users gave it."""

BlockKind = Literal["heading", "paragraph", "list", "table", "code"]

_NO_METADATA: Mapping[str, str] = MappingProxyType({})


# ---- ingest: what a parser gives ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """A page (slide, sheet, message) of a document: ``text[start:end]`` is what stands on it.

    ``number`` counts from 1. ``label`` is the number printed on it ("iv", "A-3"), empty when it is
    the number itself or unknown. A format without pages has one page.
    """

    number: int
    start: int
    end: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A structural piece of a document: ``text[start:end]``.

    ``level`` is 1-6 for a heading and 0 otherwise. ``header`` is a table's header row as text
    (empty for other kinds): it is repeated in the context of every chunk cut from the table.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    header: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader of the ingest report should know, e.g. a page that looks scanned.

    ``code`` is stable snake_case; ``page`` is 1-based, or 0 for the whole document.
    """

    code: str
    message: str
    page: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """What a parser read from one file.

    ``pages`` and ``blocks`` are in ascending order and do not overlap within their kind; pages
    cover every non-blank character of ``text``. ``language`` is an ISO 639-1 code or "" when
    unknown. ``date`` is the date the document gives itself (front matter, PDF or Office metadata),
    else None.
    """

    text: str
    pages: tuple[Page, ...]
    blocks: tuple[Block, ...]
    title: str
    content_type: str
    language: str = ""
    date: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: _NO_METADATA)
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of a document that is searched and quoted as one.

    ``text`` is always ``document.text[start:end]``. ``context`` (title, heading path, a table's
    header) is added to what is searched and prompted, and never quoted. ``tokens`` counts
    ``context`` + ``text`` in the embedder's tokens, special tokens included. ``page`` and
    ``last_page`` are the 1-based pages of the first and last non-blank character.
    """

    ordinal: int
    start: int
    end: int
    text: str
    context: str
    headings: tuple[str, ...]
    page: int
    last_page: int
    tokens: int

    @property
    def searched(self) -> str:
        """The text that is embedded and indexed: context, a blank line, text."""
        return f"{self.context}\n\n{self.text}" if self.context else self.text


# ---- corpus: what is stored ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class DocumentKey:
    """A document's identity: where it came from, not what it says."""

    collection: str
    root: str
    path: str

    @property
    def place(self) -> RootPath:
        """Root and path."""
        return self.root, self.path


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``owner`` (a command on the data folder's own machine) sees everything."""

    principals: frozenset[str] = frozenset({PUBLIC})
    owner: bool = False

    @property
    def user(self) -> str | None:
        """The user's name; None for somebody who is none."""
        named = (one.removeprefix("user:") for one in sorted(self.principals) if one.startswith("user:"))
        return next(named, None)

    @property
    def name(self) -> str:
        """By which what a caller asked or sent in is known as theirs: the user, whatever groups they are in today; of
        somebody who is no user, all principals.
        """
        return " ".join(sorted(self.principals)) if self.user is None else f"user:{self.user}"


OWNER = Caller(owner=True)
ANYONE = Caller()


@dataclass(frozen=True, slots=True)
class NewVersion:
    """Everything one transaction needs to make one document version live.

    ``vectors[i]`` belongs to ``chunks[i]``: float32, unit length, shape (dimension,), or None where
    the embedder does not cover the text. ``tokens[i]`` are the codes of its token vectors (:mod:`corpus.late`), or
    None; empty where there are none at all. ``access`` holds principals; an empty set means nobody.
    ``caller`` is who commits it: nobody replaces a document that is hidden from them. ``seconds`` is what reading
    and cutting the file took.
    """

    key: DocumentKey
    sha256: str
    size_bytes: int
    modified: datetime | None
    fingerprint: str
    document: Document
    chunks: Sequence[Chunk]
    vectors: Sequence[Float32 | None]
    access: frozenset[str] = frozenset({PUBLIC})
    metadata: Mapping[str, str] = field(default_factory=lambda: _NO_METADATA)
    caller: Caller = OWNER
    seconds: float | None = None
    tokens: Sequence[bytes | None] = ()


@dataclass(frozen=True, slots=True)
class QueryTokens:
    """A question's tokens for late interaction: ``vectors``, float32 unit rows of shape (n, dimension), and the word
    that each of them is a piece of, by whose rarity it counts.
    """

    vectors: Float32
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """Chunk ids with their scores, best first; ties stand in ascending chunk id.

    ``ids``: int64, shape (n,). ``scores``: float32, shape (n,), higher is better.
    """

    ids: Int64
    scores: Float32

    def __len__(self) -> int:
        return int(self.ids.shape[0])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk stands: its document, with its title, path and version, and which of its chunks it is (from 0)."""

    document_id: str
    ordinal: int
    title: str = ""
    source: str = ""
    version_id: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Filter:
    """What a search is limited to; every given part must hold, and an empty one limits nothing.

    ``since`` (inclusive) and ``until`` (exclusive) compare with the document's own date, else the
    file's modification time. ``source`` is a glob over the document's path (``policies/**/*.pdf``).
    ``as_of`` asks for the versions that were live at that instant instead of those that are live now.
    """

    collections: tuple[str, ...] = ()
    content_types: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: _NO_METADATA)
    source: str = ""
    documents: tuple[str, ...] = ()
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A found chunk with all that is needed to show it, prompt with it and cite it.

    ``also`` names the collection's other documents that say the same and that the caller may see: what stands in
    several files is found once. ``chunk_ids`` names the chunks of a passage of several, in reading order; it is
    empty where ``chunk_id`` is all there is.

    ``focus`` is what of it speaks of the query, whole sentences and rows, in the offsets of ``start`` and ``end``; None
    where that is all of it.

    ``score`` is about in [0, 1], higher is better: the weighted mean of ``legs``, which say what each
    retriever gave: ``{"dense": 0.71, "lexical": 0.43, "late": 0.66}`` (cosine; share of the query's words, by BM25;
    late interaction of its tokens). Where a CrossEncoder ordered the hits it is that one's, ``legs["reranker"]``.
    ``page_label`` is the number printed on the first page, empty when that is ``page`` itself or unknown.
    ``ocr`` says that a page of it is a picture whose text was recognised: single letters may be wrong.
    """

    rank: int
    score: float
    chunk_id: str
    document_id: str
    version: int
    collection: str
    source: str
    title: str
    content_type: str
    language: str
    page: int
    last_page: int
    start: int
    end: int
    headings: tuple[str, ...]
    context: str
    text: str
    legs: Mapping[str, float]
    page_label: str = ""
    ocr: bool = False
    also: tuple[str, ...] = ()
    chunk_ids: tuple[str, ...] = ()
    focus: tuple[int, int] | None = None


def show_chunk_id(chunk_id: int) -> str:
    """Returns a chunk id as people and JSON see it: 16 hexadecimal digits."""
    return f"{chunk_id:016x}"


def read_chunk_id(shown: str) -> int:
    """Returns the integer behind a shown chunk id.

    Raises:
        ValueError: it is not 16 hexadecimal digits of a 63-bit number.
    """
    if len(shown) != 16:
        raise ValueError(f"a chunk id has 16 hexadecimal digits, not {len(shown)}: {shown!r}")
    value = int(shown, 16)
    if value >= 1 << 63:
        raise ValueError(f"a chunk id is below 8000000000000000, not {shown!r}")
    return value
