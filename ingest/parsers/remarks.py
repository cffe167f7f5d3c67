"""What reviewers wrote beside a document: a remark is text of its own, marked with who made it.

A remark stands behind what it is about, as ``Comment (Anna): …``, with ``resolved`` behind the name where its thread
was closed: it is the word of a reviewer and not of the document, and whoever reads it sees that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ingest.parsers.cleaning import one_line
from ingest.parsers.office import Package
from ingest.parsers.word.styles import W

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_W15 = "{http://schemas.microsoft.com/office/word/2012/wordml}"
_ON = ("1", "true", "on")


@dataclass(frozen=True, slots=True)
class Remark:
    """A reviewer's remark, on one line; ``author`` is "" where nobody is named."""

    author: str
    text: str
    is_resolved: bool = False

    @property
    def lead(self) -> str:
        """What stands before the text: ``Comment (Anna, resolved):``."""
        marks = ", ".join(filter(None, (self.author, "resolved" if self.is_resolved else "")))
        return f"Comment ({marks}):" if marks else "Comment:"

    @property
    def shown(self) -> str:
        """The remark as it stands in the text."""
        return f"{self.lead} {self.text}"


def read_remarks(root: Any, threads: Any, text_of: Callable[[Any], str]) -> Mapping[str, Remark]:
    """Returns the remarks of a Word document, those that say something, by the identifier that the text has.

    Args:
        root: the part that has them, or None.
        threads: the part that says which of them are closed, or None.
        text_of: what is seen of a remark, on one line.
    """
    closed = {
        one.get(_W15 + "paraId")
        for one in ([] if threads is None else threads)
        if one.get(_W15 + "done") in _ON
    }
    found = {}
    for comment in [] if root is None else root.iter(W + "comment"):
        paragraphs = list(comment.iter(W + "p"))
        text = text_of(comment)
        # A thread is named by the last paragraph of each of its remarks.
        is_resolved = bool(paragraphs) and paragraphs[-1].get(_W14 + "paraId") in closed
        if text:
            author = one_line(comment.get(W + "author") or "")
            found[comment.get(W + "id") or ""] = Remark(author, text, is_resolved)
    return found


def remarks_on_slide(package: Package, slide: str) -> Iterator[Remark]:
    """Yields the remarks on a slide, of PowerPoint's older form and its newer, each before the answers to it."""
    parts = [part for part in package.relations(slide).values() if "comment" in part.lower()]
    authors = _authors(package) if parts else {}
    for part in sorted(parts):
        root = package.xml(part)
        for comment in () if root is None else root.iterfind("{*}cm"):
            is_resolved = comment.get("status") in ("resolved", "closed")
            for one in (comment, *comment.iterfind("{*}replyLst/{*}reply")):
                body = one.find("{*}txBody")
                words = one.findtext("{*}text") or "" if body is None else _words(body)
                if words.strip():
                    author = authors.get(one.get("authorId") or "", "")
                    yield Remark(author, one_line(words), is_resolved)


def _authors(package: Package) -> Mapping[str, str]:
    roots = map(package.xml, ("ppt/commentAuthors.xml", "ppt/authors.xml"))
    return {
        one.get("id") or "": one_line(one.get("name") or "")
        for root in roots
        if root is not None
        for one in root
    }


def _words(body: Any) -> str:
    return " ".join("".join(t.text or "" for t in p.iter(_A + "t")) for p in body.iter(_A + "p"))
