"""ZIP archives: one document, each member that can be read a section of its own.

Kept: every member of a supported type, in the archive's order, under its path; names in UTF-8, in
Shift_JIS, in EUC-JP or in the old DOS set. Not kept, with a note each: members that cannot be read, are encrypted, are
links, or are named so that they would lead out of a folder; an archive in the archive. Left out silently:
folders, ``__MACOSX`` and names that begin with a dot. No name is ever used as a path on disk.
"""

from __future__ import annotations

import re
import stat
import zipfile

from corpus.errors import LimitError
from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Limits
from ingest.parsers.detection import ZIP
from ingest.parsers.members import Binder
from ingest.parsers.refusals import encrypted, unsupported
from ingest.parsers.titles import clean_title
from ingest.parsers.zips import UNREADABLE, open_zip

_FREE_BYTES = 1_000_000
_MAX_NAME_BYTES = 1024
_UTF8_NAME = 0x800
_JAPANESE = pattern("[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]")
_HALF_KANA = pattern("[\uff61-\uff9f]")
_EUC_CHARACTERS = pattern(rb"(?:[\xa1-\xfe]{2})+")
_EUC_COMMON = pattern(rb"[\xa1\xa3-\xa5\xb0-\xcf][\xa1-\xfe]")
"""Punctuation, full-width letters, kana and the kanji of the first level (JIS X 0208)."""
_FEWEST_EUC_CHARACTERS = 2
_FEWEST_COMMON = 0.9


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns an archive's members as one document.

    Raises:
        ParseError: ``encrypted`` when every member is, ``damaged_file``, ``no_text``, ``unsupported`` for an
            archive in an archive, or the first member's code when none can be read.
        LimitError: ``archive_too_large``: too many members, or a bomb's ratio.
    """
    if limits.nesting < 1:
        raise unsupported(
            name, "an archive inside another file", "Unpack it and add what it holds, or raise max_nesting."
        )
    binder = Binder(limits, code="member_unread")
    with open_zip(data, name) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        unpacked = sum(member.file_size for member in members)
        if len(members) > limits.max_archive_members or unpacked > (
            _FREE_BYTES * 10 + limits.max_archive_ratio * len(data)
        ):
            raise LimitError(
                f"{name} unpacks to {unpacked / 1e6:.0f} MB in {len(members)} files; opened are "
                f"{limits.max_archive_members} files and {limits.max_archive_ratio} times its size.",
                code="archive_too_large",
                hint="Unpack it if you trust it, or raise max_archive_members or max_archive_ratio.",
            )
        japanese = _japanese_set(members)
        wanted = [(member, _name_of(member, japanese)) for member in members]
        wanted = [(member, shown) for member, shown in wanted if not _is_hidden(shown)]
        if wanted and all(member.flag_bits & 1 for member, _ in wanted):
            raise encrypted(name)
        for member, shown in wanted:
            reason = _refusal(member, shown, limits)
            if reason:
                binder.leave_out(shown, *reason)
                continue
            try:
                content = archive.read(member)
            except UNREADABLE as error:
                binder.leave_out(shown, "damaged_file", f"It is damaged: {str(error)[:200].rstrip('.')}.")
                continue
            binder.add(shown, content)
    return binder.bind(
        name=name, content_type=ZIP, title="", date=None, metadata={"members": str(len(wanted))}
    )


def _refusal(member: zipfile.ZipInfo, shown: str, limits: Limits) -> tuple[str, str] | None:
    """Returns the code and the reason why a member is not even unpacked, or None."""
    parts = shown.split("/")
    if shown.startswith("/") or ".." in parts or re.match("[A-Za-z]:", shown):
        return "unsafe_name", "Its name leads out of the archive's own folder."
    if stat.S_ISLNK(member.external_attr >> 16):
        return "link", "It is a link."
    if member.flag_bits & 1:
        return "encrypted", "It needs a password."
    if member.file_size > limits.max_file_mb * 1_000_000:
        return "too_large", f"It has {member.file_size / 1e6:.1f} MB; the limit is {limits.max_file_mb} MB."
    if member.file_size > _FREE_BYTES and member.file_size > limits.max_archive_ratio * member.compress_size:
        return "archive_too_large", "It unpacks to more than is opened: it looks like an archive bomb."
    return None


def _is_hidden(shown: str) -> bool:
    parts = shown.split("/")
    return "__MACOSX" in parts or any(part.startswith(".") and part.strip(".") for part in parts)


def _japanese_set(members: list[zipfile.ZipInfo]) -> str:
    """Returns the Japanese set that the names without a UTF-8 mark are in, all of them together; "" for none."""
    raw = b"\n".join(
        member.orig_filename.encode("cp437", errors="replace")
        for member in members
        if not member.flag_bits & _UTF8_NAME
    )
    shift_jis = _strict(raw, "cp932")
    if len(_JAPANESE.findall(shift_jis)) > len(_HALF_KANA.findall(shift_jis)):
        return "cp932"
    return "euc_jp" if _strict(raw, "euc_jp") and _is_euc(raw) else ""


def _is_euc(raw: bytes) -> bool:
    """Says whether the high bytes are common Japanese in EUC-JP, somewhere two characters or more in a row.

    Accents of the old DOS set stand alone, or two together at the most (``señó``).
    """
    runs = _EUC_CHARACTERS.findall(raw)
    characters = sum(map(len, runs)) // 2
    common = sum(1 for run in runs for at in range(0, len(run), 2) if _EUC_COMMON.match(run, at))
    longest = max(map(len, runs), default=0) // 2
    return longest >= _FEWEST_EUC_CHARACTERS and common >= _FEWEST_COMMON * characters


def _strict(raw: bytes, encoding: str) -> str:
    """Returns the text, "" where it is not in that encoding."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return ""


def _name_of(member: zipfile.ZipInfo, japanese: str) -> str:
    """Returns a member's name as its writer saw it, with ``/`` between folders."""
    shown = member.orig_filename
    if not member.flag_bits & _UTF8_NAME and not shown.isascii():
        raw = shown.encode("cp437", errors="replace")
        try:
            shown = raw.decode("utf-8")
        except UnicodeDecodeError:
            shown = raw.decode(japanese, errors="replace") if japanese else shown
    shown = shown.replace("\\", "/")[:_MAX_NAME_BYTES]
    return clean_title(shown) or "unnamed"
