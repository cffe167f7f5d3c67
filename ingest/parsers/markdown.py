"""Markdown (CommonMark with tables), as the text a reader sees.

The rendered text is kept rather than the source: emphasis marks and link targets are noise to search and
to an answer's quote, and what a citation shows is what the page says. Headings, lists, tables and code
keep their shape. Front matter (YAML or TOML) gives title, date and metadata and is not part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date, datetime
from functools import cache
from html import unescape
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference
from markdown_it.token import Token

from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.contents import FEWEST_ENTRIES, MOST_BESIDE_LINKS
from ingest.parsers.dates import read_date
from ingest.parsers.decoding import decode
from ingest.parsers.detection import MARKDOWN
from ingest.parsers.listing import Listing
from ingest.parsers.merged import NO_COPIES
from ingest.parsers.raised import show_lowered, show_raised
from ingest.parsers.site_marks import without_marks
from ingest.parsers.templating import without_tags

_FRONT_MATTER = pattern(r"\A(---|\+\+\+)[ \t]*\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_UNQUOTED = pattern(
    r"^([ \t]*(?:-[ \t]+)?[\w.-]+:[ \t]+)(?![\[{\"'|>&*!\s])([^\n]*?(?::[ \t]|:$|[ \t]#)[^\n]*|[@`%][^\n]*)$",
    re.MULTILINE,
)
"""``title: Leave: a guide``, which YAML refuses: whoever wrote it meant the text."""
_NO_WORDS = frozenset({"~", "null", "true", "false", "True", "False"})
_MAX_FRONT_MATTER_CHARS = 64 * 1024
_BREAK = pattern(r"<br\s*/?>", re.IGNORECASE)
_SET_APART = pattern(r"<(/?)(sup|sub|rt|rp)\b[^>]*>", re.IGNORECASE)
_WIKI_LINK = pattern(r"!\[\[[^\[\]\n]{1,300}\]\]|\[\[(?:[^\[\]|\n]{1,300}\|)?([^\[\]|\n]{1,300})\]\]")
_HTML_NAME = pattern(r"\b(?:id|name)\s*=\s*[\"']?([^\s\"'>]{1,200})", re.IGNORECASE)
_HEADING_NAME = pattern(r"(?<![ \t])[ \t]*+\{:?[ \t]*+#([^\s{}]++)(?:\s[^{}]*+)?\}[ \t]*\Z")
"""``## Leave {#leave}``, as Pandoc, Kramdown and Hugo let headings be named; readers do not see it."""
_MOST_TITLE_LINES = 2
_NUMBER = pattern(r"[-_]\d+\Z")
_DATE_KEYS = ("date", "updated", "last_updated", "lastmod", "modified", "last_modified_at", "published")


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a Markdown file as a document.

    Raises:
        ParseError: ``binary`` or ``no_text``.
    """
    decoded = decode(data)
    draft = Draft.of(decoded, limits)
    text = decoded.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    front, body = _split_front_matter(text, draft)
    add_markdown(draft, without_marks(without_tags(body)))
    stamps = (_as_date(front.get(key)) for key in _DATE_KEYS)
    return draft.finish(
        name=name,
        content_type=MARKDOWN,
        title=unescape(_shown(front.get("title"))),
        language=_shown(front.get("lang") or front.get("language")),
        date=next((stamp for stamp in stamps if stamp is not None), None),
        metadata={
            str(key): _shown(value) for key, value in front.items() if key not in ("title", *_DATE_KEYS)
        },
    )


def add_markdown(draft: Draft, text: str) -> None:
    """Adds the blocks of a Markdown text to a draft."""
    _Writer(draft).write(list(_without_contents(_parser().parse(text))))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": 50}).enable(["table", "strikethrough"])
    parser.block.ruler.at("reference", _read_reference, {"alt": []})
    setattr(parser, "normalizeLink", str)  # noqa: B010 - where links lead is not kept, and spelling it anew is slow
    return parser


def _read_reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Takes ``[name]: address`` out of the text, as the format has it, but not a footnote's ``[^1]: words``."""
    begin = state.bMarks[start] + state.tShift[start]
    return not state.src.startswith("[^", begin) and reference(state, start, end, silent)


# ---- front matter --------------------------------------------------------------------------------


def _split_front_matter(text: str, draft: Draft) -> tuple[Mapping[str, Any], str]:
    """Returns the front matter's values and the text after it; a broken one is left in the text."""
    match = _FRONT_MATTER.match(text)
    if match is None or len(match[2]) > _MAX_FRONT_MATTER_CHARS:
        return {}, text
    try:
        values = _load_yaml(match[2]) if match[1] == "---" else _load_toml(match[2])
    except (ValueError, RecursionError) as error:
        draft.note("bad_front_matter", f"The front matter cannot be read: {str(error)[:200]}")
        return {}, text
    if not isinstance(values, dict):
        return {}, text
    return values, text[match.end() :]


def _load_toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


def _load_yaml(text: str) -> Any:
    """Returns the values as written: as numbers, ``1.10`` would be 1.1, ``12:30:00`` 45000, and ``No`` would be false.

    Raises:
        ValueError: it is no YAML, or holds aliases, which could make much of little.
    """
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    quoted = _UNQUOTED.sub(lambda line: f"{line[1]}'{line[2].replace(chr(39), chr(39) * 2)}'", text)
    problem = ""
    for written in dict.fromkeys((text, quoted)):
        try:
            if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(written, Loader=loader)):
                raise ValueError("aliases are not read")
            return yaml.load(written, Loader=loader)
        except yaml.YAMLError as error:
            problem = problem or str(error).replace("\n", " ")
    raise ValueError(problem)


def _shown(value: Any) -> str:
    """Returns a front-matter value as text: a scalar as it is, a list with commas, "" for a switch or deeper ones."""
    if isinstance(value, list):
        return ", ".join(shown for shown in map(_shown, value[:100]) if shown)
    if isinstance(value, (str, int, float, date)) and not isinstance(value, bool):
        return "" if value in _NO_WORDS else str(value)
    return ""


def _as_date(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return read_date(value) if isinstance(value, str) else None


# ---- contents ------------------------------------------------------------------------------------


def _without_contents(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yields the tokens but for lists of the page's own headings, as :mod:`ingest.parsers.html.left_out` has them."""
    if not any(map(_leads_within, tokens)):
        yield from tokens
        return
    at, places = 0, _places(tokens)
    while at < len(tokens):
        end = _end_of_list(tokens, at)
        if not _is_contents(tokens[at:end], places):
            yield from tokens[at:end]
        at = end


def _leads_within(token: Token) -> bool:
    """Says whether a token holds a link into its own page."""
    links = (one for one in token.children or () if one.type == "link_open")
    return any(str(link.attrs.get("href", "")).startswith("#") for link in links)


def _places(tokens: Sequence[Token]) -> set[str]:
    """Returns what links may lead to: the words of headings, and names given in HTML."""
    found: set[str] = set()
    for token, after in pairwise(tokens):
        if token.type == "heading_open":
            words = _inline(after.children or [])
            found.update(
                _letters(one) for one in (_HEADING_NAME.sub("", words), *_HEADING_NAME.findall(words))
            )
        for one in (token, *(token.children or ())):
            if one.type in ("html_block", "html_inline"):
                found.update(_letters(name) for name in _HTML_NAME.findall(one.content))
    return found - {""}


def _letters(text: str) -> str:
    """Returns a text by which headings and the names made of them are equal, whatever program made them."""
    return "".join(filter(str.isalnum, unquote(text).casefold()))


def _end_of_list(tokens: Sequence[Token], at: int) -> int:
    """Returns where the outermost list that opens at a token is closed; behind the token where none opens."""
    first = tokens[at]
    if not first.type.endswith("_list_open") or first.level:
        return at + 1
    closing = first.type.replace("open", "close")
    return next(
        (
            end + 1
            for end in range(at + 1, len(tokens))
            if tokens[end].type == closing and not tokens[end].level
        ),
        len(tokens),
    )


def _is_contents(tokens: Sequence[Token], places: Set[str]) -> bool:
    """Says whether a list is links into its own page, most of them to a heading of it, and little else."""
    if len(tokens) < 2 or any(token.type in ("fence", "code_block", "html_block") for token in tokens):
        return False
    entries = beside = leading = 0
    for one in tokens:
        inside = behind = False
        target = words = ""
        for token in one.children or []:
            if token.type == "link_open":
                target, words = str(token.attrs.get("href", "")), ""
                if not target.startswith("#"):
                    return False
                entries, inside = entries + 1, True
            elif token.type == "link_close":
                inside, behind = False, True
                # A heading that is there twice has a number behind its name; some programs name Japanese ones "_1".
                names = {_letters(target), _letters(_NUMBER.sub("", target)), _letters(words)}
                leading += not names.isdisjoint(places)
            elif inside:
                words += token.content
            elif token.type in ("softbreak", "hardbreak"):
                behind = False
            else:
                if behind and any(map(str.isalnum, token.content)):
                    return False  # "[Basic](#basic): 10 EUR" says something
                beside += sum(map(str.isalpha, token.content))
    return entries >= FEWEST_ENTRIES and beside <= MOST_BESIDE_LINKS and 2 * leading > entries


# ---- tokens to blocks ----------------------------------------------------------------------------


def _is_ruled_text(token: Token) -> bool:
    """Says whether a heading is a paragraph with a rule below it, which the format takes for one."""
    lines = token.map[1] - token.map[0] if token.map else 0
    return token.markup in ("=", "-") and lines > _MOST_TITLE_LINES + 1


class _Writer:
    """Walks the flat token stream; a list becomes one block however deep it is nested."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._list = Listing()
        self._rows: list[list[str]] = []
        self._header_rows = 0
        self._in_table = False
        self._heading = 0

    def write(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            kind = token.type
            if kind == "heading_open":
                self._heading = 0 if _is_ruled_text(token) else int(token.tag[1])
            elif kind == "heading_close":
                self._heading = 0
            elif kind == "inline":
                text = _inline(token.children or [])
                self._add(_HEADING_NAME.sub("", text) if self._heading else text)
            elif kind in ("fence", "code_block"):
                self._add_code(token.content)
            elif kind == "html_block":
                self._add_html(token.content)
            elif kind in ("bullet_list_open", "ordered_list_open"):
                ordered = kind == "ordered_list_open"
                self._list.open(ordered=ordered, first=int(token.attrs.get("start", 1)) if ordered else 1)
            elif kind in ("bullet_list_close", "ordered_list_close"):
                if self._list.close() and (items := self._list.take()):
                    self._draft.listing(items)
            elif kind == "list_item_open":
                number = self._list.following
                self._list.item(f"{number}." if self._list.is_ordered else "-", number)
            elif kind == "table_open":
                self._rows, self._header_rows, self._in_table = [], 0, True
            elif kind == "thead_close":
                self._header_rows = len(self._rows)
            elif kind == "tr_open":
                self._rows.append([])
            elif kind == "table_close":
                self._close_table()

    def _add(self, text: str) -> None:
        if self._in_table and self._rows:
            self._rows[-1].append(text)
        elif self._list.is_open:
            self._list.add(text)
        elif self._heading:
            self._draft.heading(text, self._heading)
        else:
            self._draft.paragraph(text)

    def _add_code(self, text: str) -> None:
        if self._list.is_open:
            self._list.add_lines(text.splitlines())
        else:
            self._draft.code(text)

    def _close_table(self) -> None:
        rows, self._in_table = self._rows, False
        self._draft.count_cells(sum(map(len, rows)))
        if self._list.is_open:
            self._list.add_lines(" | ".join(row) for row in rows)
        else:
            # Markdown has no merged cells; programs that write it say them once for each column.
            is_wide = max(map(len, rows), default=0) > 2
            self._draft.table(rows, self._header_rows, copies=None if is_wide else NO_COPIES)

    def _add_html(self, text: str) -> None:
        from ingest.parsers.html.parser import add_html, parse_html

        root = parse_html(text)
        if root is None:
            return
        if self._list.is_open:
            self._list.add(" ".join(root.itertext()))
        else:
            add_html(self._draft, root)


def _inline(children: Sequence[Token]) -> str:
    """Returns inline tokens as the text a reader sees: a link's words, a picture's description."""
    parts: list[str] = []
    raised: dict[str, int] = {}
    for token in children:
        if token.type == "text":
            parts.append(_WIKI_LINK.sub(r"\1", token.content) if "[[" in token.content else token.content)
        elif token.type == "code_inline":
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type == "image":
            parts.append(_inline(token.children or []))
        elif token.type == "html_inline" and _BREAK.match(token.content):
            parts.append("\n")
        elif token.type == "html_inline" and (tag := _SET_APART.match(token.content)):
            name = tag[2].lower()
            if not tag[1]:
                raised[name] = len(parts)
            elif name in raised:
                inner = "".join(parts[raised[name] :])
                before = "".join(parts[max(raised[name] - 2, 0) : raised[name]])
                shown = {"sup": show_raised, "sub": show_lowered}.get(name)
                parts[raised.pop(name) :] = [shown(inner, before) if shown else ""]
    return "".join(parts)
