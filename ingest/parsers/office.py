"""Office files as checked ZIPs: sizes and names are looked at before any XML is parsed.

No DTD, no entity, no external relationship; a member's name is a key into the archive and never a path on
disk.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from lxml import etree

from corpus.errors import LimitError, ParseError, VouchError
from corpus.patterns import pattern
from ingest.parsers.dates import read_date
from ingest.parsers.zips import UNREADABLE, open_zip

_PICTURE = pattern(r"\.(?:bmp|dib|emf|wmf|png|jpe?g|gif|tiff?|svm|wav|avi|mp4|mov|wmv)\Z", re.IGNORECASE)
_DOCUMENT = pattern(
    r"\.(?:doc|docx|docm|xls|xlsx|xlsm|xlsb|ppt|pptx|pptm|sldx|pdf|odt|ods|odp)\Z", re.IGNORECASE
)
_DOCTYPE = pattern(rb"<!DOCTYPE[^\[>]*+(\[)?")
_NAME_ERRORS = frozenset({etree.ErrorTypes.DTD_XMLID_VALUE, etree.ErrorTypes.DTD_ID_REDEFINED})
_MAX_MEMBERS = 10_000
_RATIO_FREE_BYTES = 1_000_000
_MAX_UNPACKED_BYTES = 1_000_000_000
_MAX_PART_BYTES = 200_000_000

CORE = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}"
DC = "{http://purl.org/dc/elements/1.1/}"
DCTERMS = "{http://purl.org/dc/terms/}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}"


class Package:
    """An Office file whose archive was found to be within limits.

    ``max_ratio`` is how many bytes a byte of a part may unpack to.

    Raises:
        ParseError: ``damaged_file`` or ``encrypted``.
        LimitError: ``archive_too_large``: too many members, too much unpacked, or a bomb's ratio.
    """

    def __init__(self, data: bytes, name: str, max_ratio: int = 200) -> None:
        self.name = name
        self._max_ratio = max_ratio
        self._zip = open_zip(data, name)
        members = self._zip.infolist()
        unpacked = sum(member.file_size for member in members)
        # A blank picture is packed as densely as a bomb; as long as nobody reads it, it does no harm.
        for member in members:
            if not _PICTURE.search(member.filename):
                self._check_density(member)
        if len(members) > _MAX_MEMBERS or unpacked > _MAX_UNPACKED_BYTES:
            raise LimitError(
                f"{name} unpacks to {unpacked / 1e6:.0f} MB in {len(members)} parts; opened are "
                f"{_MAX_UNPACKED_BYTES // 1_000_000:,} MB and {_MAX_MEMBERS:,} parts.",
                code="archive_too_large",
                hint="It looks like an archive bomb; if it is not, save it anew without its pictures.",
            )
        if any(member.flag_bits & 1 for member in members):
            raise ParseError(
                f"{name} is encrypted and needs a password.",
                code="encrypted",
                hint="Save a copy without the password and add that.",
            )
        self._names = {member.filename for member in members}
        self.damage: list[str] = []
        """What to say of parts :meth:`beside` the text that are damaged."""

    def __contains__(self, part: str) -> bool:
        return part in self._names

    def xml(self, part: str) -> Any:
        """Returns the root of an XML part, or None where there is no such part.

        Raises:
            ParseError: ``damaged_file``, or ``unsafe_xml`` for a part with a document type or entities.
            LimitError: ``archive_too_large``.
        """
        return parse_xml(self.read(part), f"{self.name}: {part}") if part in self._names else None

    def beside(self, part: str) -> Any:
        """Returns the root of an XML part without which the text can be read; None where there is none, and where it is
        damaged, which :attr:`damage` then says.

        Raises:
            ParseError: ``unsafe_xml``.
            LimitError: ``archive_too_large``, ``too_deep`` or ``too_much_text``.
        """
        try:
            return self.xml(part)
        except ParseError as error:
            if error.code != "damaged_file":
                raise
            message = f"{part} is damaged and was not read: see whether anything is missing."
            self.damage += [message] if message not in self.damage else []
            return None

    def parts(self) -> list[str]:
        """Returns the names of all parts, as they stand in the archive."""
        return [member.filename for member in self._zip.infolist() if not member.is_dir()]

    def pictures(self) -> int:
        """Returns how many pictures there are, without the file's own thumbnail."""
        return sum(1 for name in self._names if _PICTURE.search(name) and "thumbnail" not in name.lower())

    def read(self, part: str) -> bytes:
        """Returns a part's bytes.

        Raises:
            ParseError: ``damaged_file``, also where there is no such part.
            LimitError: ``archive_too_large``.
        """
        if part not in self._names:
            raise _damaged(self.name, part, KeyError("it is missing"))
        self._check_size(part)
        try:
            return self._zip.read(part)
        except UNREADABLE as error:
            raise _damaged(self.name, part, error) from None

    def check_heads(self) -> None:
        """Checks the beginnings of all XML parts, for what another library reads; it meets damaged ones itself.

        Raises:
            ParseError: ``unsafe_xml`` for a part that declares parts of a document type.
            LimitError: ``archive_too_large``.
        """
        for part in self.parts():
            if part.lower().endswith((".xml", ".rels")):
                self._check_size(part)
                try:
                    self._check_head(part)
                except ParseError as error:
                    if error.code != "damaged_file":
                        raise

    def _check_head(self, part: str) -> None:
        try:
            with self._zip.open(part) as stream:
                if _begins_unsafely(stream.read(4096)):
                    raise _unsafe(f"{self.name}: {part}")
        except UNREADABLE as error:
            raise _damaged(self.name, part, error) from None

    def elements(self, part: str, *tags: str) -> Iterator[Any]:
        """Yields the elements of some tags (in any namespace) of an XML part as each ends, and forgets them.

        For parts too large to be held as a tree. Nothing is yielded where there is no such part.

        Raises:
            ParseError: ``damaged_file``, or ``unsafe_xml`` for a part with a document type or entities.
            LimitError: ``archive_too_large``.
        """
        if part not in self._names:
            return
        self._check_size(part)
        self._check_head(part)
        try:
            with self._zip.open(part) as stream:
                walk = etree.iterparse(
                    stream,
                    tag=[f"{{*}}{tag}" for tag in tags],
                    resolve_entities=False,
                    no_network=True,
                    load_dtd=False,
                    huge_tree=False,
                    remove_comments=True,
                    remove_pis=True,
                )
                for _, element in walk:
                    tree = element.getroottree()
                    if tree.docinfo.doctype and _declares(tree):
                        raise _unsafe(f"{self.name}: {part}")
                    yield element
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]
        except etree.XMLSyntaxError as error:
            raise _refusal(f"{self.name}: {part}", error) from None
        except UNREADABLE as error:
            raise _damaged(self.name, part, error) from None

    def _check_size(self, part: str) -> None:
        member = self._zip.getinfo(part)
        self._check_density(member)
        if member.file_size > _MAX_PART_BYTES:
            raise LimitError(
                f"{self.name}: {part} unpacks to {member.file_size / 1e6:.0f} MB; read are "
                f"{_MAX_PART_BYTES // 1_000_000} MB.",
                code="archive_too_large",
                hint="Split the file.",
            )

    def _check_density(self, member: zipfile.ZipInfo) -> None:
        if member.file_size > _RATIO_FREE_BYTES and member.file_size > self._max_ratio * member.compress_size:
            ratio = member.file_size / max(member.compress_size, 1)
            raise LimitError(
                f"{self.name}: {member.filename} unpacks to {ratio:.0f} times its size, "
                f"{member.file_size / 1e6:.0f} MB; the limit is {self._max_ratio} times.",
                code="archive_too_large",
                hint="It looks like an archive bomb; if you trust it, raise max_archive_ratio.",
            )

    def relations(self, part: str) -> Mapping[str, str]:
        """Returns relation id → part, for the relations of a part that stay inside the file."""
        return {identifier: target for identifier, _, target in self._relations(part)}

    def related(self, part: str, kind: str) -> str:
        """Returns the part that is to another what ``kind`` says (``officeDocument``, ``styles``), "" where none is."""
        targets = (
            target for _, own, target in self._relations(part) if own == kind and target in self._names
        )
        return next(targets, "")

    def _relations(self, part: str) -> Iterator[tuple[str, str, str]]:
        """Yields the identifier, the kind and the target of each relation of a part that stays inside the file."""
        folder, base = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", f"{base}.rels"))
        for relation in [] if root is None else root:
            target, identifier = relation.get("Target"), relation.get("Id")
            if target and identifier and relation.get("TargetMode") != "External":
                kind = posixpath.basename(relation.get("Type") or "")
                yield identifier, kind, posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")

    def embedded(self, part: str) -> list[str]:
        """Returns the names of the documents that were put into a part; those of its charts are none of them."""
        return sorted(
            posixpath.basename(target)
            for target in set(self.relations(part).values())
            if "/embeddings/" in target and target in self and _DOCUMENT.search(target)
        )

    def properties(self) -> tuple[str, datetime | None, dict[str, str]]:
        """Returns the title, the date last modified (else created) and further core properties."""
        root = self.beside("docProps/core.xml")
        if root is None:
            return "", None, {}
        stamp = root.findtext(f"{DCTERMS}modified") or root.findtext(f"{DCTERMS}created") or ""
        named = {
            "author": root.findtext(f"{DC}creator"),
            "subject": root.findtext(f"{DC}subject"),
            "keywords": root.findtext(f"{CORE}keywords"),
            "created": root.findtext(f"{DCTERMS}created"),
        }
        return root.findtext(f"{DC}title") or "", read_date(stamp), {k: v for k, v in named.items() if v}


def without_choices(root: Any) -> bytes:
    """Returns a part with the first choice (else the fallback) in place of each alternative: the library sees none."""
    for element in list(root.iter(_MC + "AlternateContent")):
        parent = element.getparent()
        choice = element.find(_MC + "Choice")
        chosen = choice if choice is not None else element.find(_MC + "Fallback")
        if parent is not None:
            at = parent.index(element)
            parent[at : at + 1] = [] if chosen is None else list(chosen)
    return write_xml(root)


def write_xml(element: Any) -> bytes:
    """Returns an element as a part of its own, in UTF-8."""
    return bytes(etree.tostring(element, encoding="utf-8", with_tail=False))


def parse_xml(data: bytes, place: str) -> Any:
    """Returns the root of an XML text that declares no entities and nothing else of a document type.

    A document type's bare name is passed over, as some programs write it, and nothing is fetched for it. A name or an
    identifier that breaks the rules of namespaces damages no text.

    Raises:
        ParseError: ``unsafe_xml`` or ``damaged_file``.
        LimitError: ``too_deep``, or ``too_much_text`` in one place.
    """
    if _begins_unsafely(data[:4096]) or b"<!ENTITY" in data:
        raise _unsafe(place)
    try:
        root = _parsed(data, recover=False)
    except etree.XMLSyntaxError as error:
        raise _refusal(place, error) from None
    if root.getroottree().docinfo.doctype and (
        _declares(root.getroottree()) or next(root.iter(etree.Entity), None) is not None
    ):
        raise _unsafe(place)
    return root


def _parsed(data: bytes, *, recover: bool) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        if recover or not parser.error_log or not all(_is_of_names(error) for error in parser.error_log):
            raise
    return _parsed(data, recover=True)


def _is_of_names(error: Any) -> bool:
    return error.domain == etree.ErrorDomains.NAMESPACE or error.type in _NAME_ERRORS


def _begins_unsafely(head: bytes) -> bool:
    return any(found[1] for found in _DOCTYPE.finditer(head.replace(b"\0", b"")))


def _declares(tree: Any) -> bool:
    declared = tree.docinfo.internalDTD
    return next(declared.iterentities(), None) is not None or next(declared.iterelements(), None) is not None


def _refusal(place: str, error: Any) -> VouchError:
    """Returns the error for an XML text that its library gave up: it is damaged, or beyond the library's limits."""
    if error.code != etree.ErrorTypes.ERR_RESOURCE_LIMIT:
        return ParseError(
            f"{place} is damaged: {error.msg[:200]}.",
            code="damaged_file",
            hint="Get a whole copy, or let the program that it was made with repair it, and save that.",
        )
    if "depth" in str(error):
        return LimitError(
            f"{place} is nested more than 256 elements deep.",
            code="too_deep",
            hint="Save it anew with simpler structure.",
        )
    return LimitError(
        f"{place} has more than 10,000,000 characters in one place.",
        code="too_much_text",
        hint="Split the file.",
    )


def _unsafe(place: str) -> ParseError:
    return ParseError(
        f"{place} declares entities or parts of a document type, which such files never need.",
        code="unsafe_xml",
        hint="Do not trust this file.",
    )


def _damaged(name: str, part: str, error: Exception) -> ParseError:
    return ParseError(
        f"{name} is damaged: {part}: {error}.", code="damaged_file", hint="Get a whole copy of the file."
    )
