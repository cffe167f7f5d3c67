"""Headers, footers and page numbers of a PDF: the lines that run through its pages. No PDF library."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from corpus.patterns import pattern
from ingest.parsers.pdf.extents import share_edge
from ingest.parsers.pdf.lines import Line, to_rows
from ingest.parsers.pdf.structure import LARGER, NUMBER, PageText, plain_title

_MARGIN_SHARE = 0.12
_REPEATED_SHARE = 0.4
_STAMP = pattern(r"[\d\s]*\d[/.:年-]\d[\d\s/.,:年月日時分秒-]*(?:[AP]\.?M\.?)?", re.IGNORECASE)
_PAGE_NUMBER = pattern(
    r"\W*+(?:(?:page|p\.|seite|ページ|頁)\W*+)?(\d{1,4}|[ivxl]{1,7})"
    r"(?:\W*+(?:of|von)\W*+\d{1,4}|(?=[^\w/／]*+[/／])\W++\d{1,4})?\W*+(?:(?:ページ|頁)\W*+)?",
    re.IGNORECASE,
)
_MOST_TITLE_CHARS = 120
_STEPS = (-1, 0, 1)  # by which the height of a running line may differ
_ONCE = 1.5  # times a page that a running line is written, at most; a cell's word stands in many rows
_SAME_ROW = 0.5  # letter heights by which the lines of a row differ
_CLOSE = 1.0  # letter heights from a table's header to its first row, at most
_APART = 1.0  # letter heights from a section's title at the top of a page to the text, at least
_OVERLAP = 0.3  # letter heights by which their boxes may
_GOES_ON = 5.0  # letter heights that the rules of a table go on below its header, at least
_WHOLE_PAGE = 0.9  # of its height, what a frame around a page takes, at least
_TABLE_ROWS = 2
_LAST_LINE = -1_000_000

_Key = tuple[str, int]
"""A line's text with its digits made equal, and its height; see :func:`_running_keys`."""


def running_lines(pages: Sequence[PageText]) -> Callable[[Line, PageText], bool]:
    """Returns a test for headers, footers and page numbers.

    They are among the three outermost rows, at the same height in the margin of at least two fifths of the
    pages (two fifths, because left and right pages often carry different ones), or, with a number in them,
    the last line of so many; of two pages, on both. Digits count as equal; a table's row, mostly digits, is
    never one. Beside what is not repeated stand page numbers that grow from page to page and lines that are
    on each page once, but no other numbers, and nothing that differs in its digits ("REF-01", "REF-19").
    Neither is a line at the top that is larger than the body and says on no other page the same: "Chapter 1"
    and "Chapter 2" are headings. What stands beside such a page number and says what a line of the text does
    is the title of the section that the page is in. So is what says that at the top of two fifths of the pages and on
    several alike, at one height, apart from the text and in letters no larger than it, and whatever stands there on
    several pages: a title of two lines.
    """
    return (lambda line, page: False) if len(pages) < 2 else _Running(pages).is_running


class _Running:
    """What the lines of a file's pages have in common, and the tests that need it."""

    def __init__(self, pages: Sequence[PageText]) -> None:
        self._keys: dict[Line, Sequence[_Key]] = {}
        self._places: Counter[_Key] = Counter()  # the pages that have such a line
        self._pages: Counter[str] = Counter()  # the pages that have this very text
        self._written: Counter[str] = Counter()  # how often it stands on them
        self._titles: set[str] = set()
        sizes: Counter[float] = Counter()
        numbers: dict[_Key, list[tuple[int, int]]] = {}
        for index, page in enumerate(pages):
            keys = [_running_keys(line, page) for line in page.lines]
            self._keys.update(zip(page.lines, keys, strict=True))
            self._places.update({key for own in keys for key in own})
            self._pages.update({line.text for line in page.lines})
            for line, own in zip(page.lines, keys, strict=True):
                self._written[line.text] += 1
                sizes[round(line.size * 2) / 2] += len(line.text)
                if number := _PAGE_NUMBER.fullmatch(line.text):
                    for key in own:
                        numbers.setdefault(key, []).append((index, _value(number[1])))
                if not own and len(line.text) <= _MOST_TITLE_CHARS:
                    self._titles.add(plain_title(line.text))
        self._growing = {key for key, values in numbers.items() if _grows(values)}
        self._least = max(min(3, len(pages)), int(_REPEATED_SHARE * len(pages) + 0.999))
        self._heading_size = LARGER * sizes.most_common(1)[0][0] if sizes else 0.0
        self._heads: Counter[int] = Counter()  # the pages with a section's title at the top, by its height
        for page in pages:
            tops = [(line, self._tops(line, page)) for line in page.lines if self._keys[line]]
            self._heads.update(
                {height for line, own in tops if own and self._is_title(line) for height in own}
            )

    def is_running(self, line: Line, page: PageText) -> bool:
        """Says whether a line runs through the pages, or is a section's title where such stand, or beside a page number
        that runs through them."""
        return bool(self._keys[line]) and (
            self._is_repeated(line, page)
            or self._is_head(line, page)
            or (
                len(line.text) <= _MOST_TITLE_CHARS
                and plain_title(line.text) in self._titles
                and any(
                    _PAGE_NUMBER.fullmatch(other.text)
                    and abs(other.y0 - line.y0) < line.size
                    and self._is_repeated(other, page)
                    for other in page.lines
                )
            )
        )

    def _is_head(self, line: Line, page: PageText) -> bool:
        at_theirs = any(
            sum(self._heads[height + shift] for shift in _STEPS) >= self._least
            for height in self._tops(line, page)
        )
        if not at_theirs or not (self._is_title(line) or self._pages[line.text] > 1):
            return False
        beside = _beside(line, page)
        return not (beside and self._heads_table([line, *beside], page)) and not _is_in_table(line, page)

    def _is_title(self, line: Line) -> bool:
        """Says whether a line says what one of the text does, with its number or without."""
        if not len(line.text) <= _MOST_TITLE_CHARS:
            return False
        number = NUMBER.match(line.text)
        said = {plain_title(line.text), plain_title(line.text[number.end() :]) if number else ""} - {""}
        return not said.isdisjoint(self._titles)

    def _tops(self, line: Line, page: PageText) -> set[int]:
        """Returns the heights of a line at the top of a page, in letters no larger than the text's, away from it."""
        if line.size >= self._heading_size:
            return set()
        tops = {height for _, height in self._keys[line] if _LAST_LINE < height < 0}
        below = (
            [other.y1 for other in page.lines if other.y1 < line.y0 + _OVERLAP * line.size] if tops else []
        )
        return tops if not below or line.y0 - max(below) >= _APART * line.size else set()

    def _is_repeated(self, line: Line, page: PageText) -> bool:
        is_number = _PAGE_NUMBER.fullmatch(line.text) is not None
        if self._is_heading(line, page) and not is_number:
            return False
        if not self._is_common(line):
            return False
        beside = _beside(line, page)
        if (beside and self._heads_table([line, *beside], page)) or _is_in_table(line, page):
            return False
        if is_number:
            alike = any(
                (text, height + shift) in self._growing
                for text, height in self._keys[line]
                for shift in _STEPS
            )
            if not alike and any(_PAGE_NUMBER.fullmatch(other.text) for other in beside):
                return False  # a row of figures
        else:
            often = self._pages[line.text]
            alike = often >= self._least and self._written[line.text] <= _ONCE * often
        return alike or all(self._is_common(other) for other in beside)

    def _is_heading(self, line: Line, page: PageText) -> bool:
        large = line.size >= self._heading_size and line.y0 > page.height / 2
        return large and self._pages[line.text] == 1

    def _is_common(self, line: Line) -> bool:
        return any(
            sum(self._places[text, height + shift] for shift in _STEPS) >= self._least
            for text, height in self._keys[line]
        )

    def _heads_table(self, row: list[Line], page: PageText) -> bool:
        """Says whether cells stand right above two rows of the same columns that are not the same on all pages."""
        size = row[0].size
        lines = [line for line in page.lines if line.y1 < row[0].y0 + _OVERLAP * size]
        above, varied = row, False
        for below in to_rows(lines)[:_TABLE_ROWS] if row[0].y0 > page.height / 2 else ():
            near = min(line.y0 for line in above) - below.y1 < _CLOSE * size
            if not near or sum(any(share_edge(one, other) for other in row) for one in below.lines) < 2:
                return False
            varied = varied or any(
                self._pages[line.text] < self._least and not _PAGE_NUMBER.fullmatch(line.text)
                for line in below.lines
            )
            above = below.lines
        return varied


def _beside(line: Line, page: PageText) -> list[Line]:
    return [
        other for other in page.lines if other is not line and abs(other.y0 - line.y0) < _SAME_ROW * line.size
    ]


def _is_in_table(line: Line, page: PageText) -> bool:
    """Says whether upright rules on both sides of a line go on for several more, and not around the whole page."""
    middle, low = (line.y0 + line.y1) / 2, line.y0 - _GOES_ON * line.size
    around = [
        rule.x0
        for rule in page.rules
        if rule.x1 - rule.x0 < 1 and rule.y0 < low and middle < rule.y1 < rule.y0 + _WHOLE_PAGE * page.height
    ]
    return bool(around) and min(around) <= line.x0 and max(around) >= line.x1


def _grows(numbers: Sequence[tuple[int, int]]) -> bool:
    """Says whether (page index, number) pairs are page numbers: most grow by one a page, by two in spreads."""
    least: dict[int, int] = {}
    for index, number in numbers:
        least[index] = min(number, least.get(index, number))
    steps = [
        0 < after - before <= 2 * (later - sooner)
        for (sooner, before), (later, after) in pairwise(sorted(least.items()))
    ]
    return bool(steps) and 2 * sum(steps) > len(steps)


def _value(number: str) -> int:
    """Returns the value of an arabic number, or a roman one."""
    if number.isdigit():
        return int(number)
    values = ["ivxl".index(letter) for letter in number.lower()]
    worth = [(1, 5, 10, 50)[value] for value in values]
    return sum(-one if at + 1 < len(worth) and one < worth[at + 1] else one for at, one in enumerate(worth))


def body_lines(page: PageText, is_running: Callable[[Line, PageText], bool]) -> list[Line]:
    """Returns a page's lines without the running ones; all of them where nothing else would be left.

    A page that is left with nothing but a picture is a scan with a header, and does become empty.
    """
    body = [line for line in page.lines if not is_running(line, page)]
    return body if body or page.is_picture else page.lines


def _running_keys(line: Line, page: PageText) -> list[_Key]:
    """Returns a line's text with digits made equal, with its height in steps of 4 points, or as last line.

    The height is measured from the nearer edge, in the upper half downward as negative: pages differ in size.
    """
    middle = (line.y0 + line.y1) / 2
    last = abs(line.y0 - page.floor) <= 1
    outermost = line.y0 >= page.upper - 1 or line.y0 <= page.lower + 1
    in_margin = not _MARGIN_SHARE * page.height < middle < (1 - _MARGIN_SHARE) * page.height
    if not last and not (in_margin and outermost):
        return []
    text = line.text
    digits = sum(character.isdigit() for character in text)
    if _PAGE_NUMBER.fullmatch(text):
        text = "#"
    elif digits * 2 > len(text) and not _STAMP.fullmatch(text):
        return []
    shown = re.sub(r"\d+", "#", text)
    height = middle if middle < page.height / 2 else middle - page.height
    keys = [(shown, round(height / 4))] if in_margin and outermost else []
    return [*keys, (shown, _LAST_LINE)] if last and "#" in shown else keys
