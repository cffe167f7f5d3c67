"""The parts of a Word document's archive: which is the text, what belongs to it, and what it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from corpus.errors import ParseError
from ingest.parsers.detection import detect_type
from ingest.parsers.office import Package
from ingest.parsers.word.styles import W

_STRICT_W = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_USUAL_TEXT = "word/document.xml"


class Parts:
    """A document's parts by what they are to its text; their names are free."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.text = package.related("", "officeDocument") or _USUAL_TEXT

    def body(self) -> Any:
        """Returns the document's text.

        Raises:
            ParseError: ``damaged_file``, ``unsafe_xml``.
            LimitError: a limit of the archive.
        """
        root = _relabelled(self.package.xml(self.text))
        body = None if root is None else root.find(W + "body")
        if body is None:
            name = self.package.name
            raise ParseError(f"{name} is damaged: it has no body.", code="damaged_file", hint="Save it anew.")
        return body

    def beside(self, kind: str) -> Any:
        """Returns the root of the part that is this to the text (``styles``, ``footnotes``), None where none is.

        Raises:
            ParseError: ``unsafe_xml``.
            LimitError: a limit of the archive.
        """
        usual = f"{self.text.rpartition('/')[0]}/{kind}.xml"
        return _relabelled(self.package.beside(self.package.related(self.text, kind) or usual))

    def put_in(self, identifier: str) -> tuple[str, bytes]:
        """Returns the content type and the bytes of a file that stands in the place of some of the text; "" for none.

        Raises:
            ParseError: it is damaged, or of no known type.
            LimitError: ``archive_too_large``.
        """
        part = self._relations.get(identifier, "")
        if part not in self.package:
            return "", b""
        data = self.package.read(part)
        return detect_type(data, part).content_type, data

    def drawing(self, identifier: str) -> Any:
        """Returns the root of what a drawing refers to, None where there is no such part."""
        return self.package.beside(self._relations.get(identifier, ""))

    @cached_property
    def _relations(self) -> Mapping[str, str]:
        return self.package.relations(self.text)


def _relabelled(root: Any) -> Any:
    """Moves a part of the strict variant into the usual namespace."""
    if root is not None and root.tag.startswith(_STRICT_W):
        for element in root.iter():
            if isinstance(element.tag, str) and element.tag.startswith(_STRICT_W):
                element.tag = W + element.tag[len(_STRICT_W) :]
            for key in list(element.attrib):
                if key.startswith(_STRICT_W):
                    element.attrib[W + key[len(_STRICT_W) :]] = element.attrib.pop(key)
    return root
