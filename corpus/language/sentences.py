"""Where a sentence ends, in English and Japanese. Reached through :mod:`corpus.language`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus.language.line_ends import ends_at_line
from corpus.language.scripts import CJK
from corpus.patterns import pattern

_MAX_SENTENCE_CHARS = 1000
_AROUND_CHARS = 300
_LEAST_SMALL_CHARS = 200
"""No capital within so many characters on either side of a stop, and so many in all: the text is written small
throughout (transcripts, chats, some data sets), and a small letter behind the stop says nothing."""
_CLOSERS = (
    "\"'\u2019\u201d)\\]}\u00bb\uff02\uff07\uff09\uff3d\uff5d\u3009\u300b\u300d\u300f\u3011\u3015\uff63"
)
_BOUNDARY = pattern(
    rf"(?P<line>\r?\n|\r|[\v\u2028])|(?P<page>[\f\x85\u2029])"
    rf"|(?P<full>[\u3002\uff01\uff1f\uff0e\uff61][\u3002\uff01\uff1f\uff0e\uff61!?]*)(?P<full_close>[{_CLOSERS}]*)"
    rf"|(?P<stop>[.!?\u2026]++)[{_CLOSERS}]*+(?P<notes>(?:\[(?:note )?\d{{1,3}}(?:[,\u2013-] ?\d{{1,3}})*\])*+)"
)
_NUMBERED = pattern(r"\s*\[\d{1,3}\]")
"""A sentence that begins so is one of a list: the number behind its stop is the next one's."""
_MARKS = pattern("[\r\n\v\u2028\f\x85\u2029\u3002\uff01\uff1f\uff0e\uff61.!?\u2026]")
"""What a boundary begins with: one class is found in a tenth of the time of four alternatives."""
_AFTER_STOP = pattern(rf"\s|\Z|[{CJK}]")
"""Asked for behind a whole run of stops: as part of the pattern it would be asked for behind every part of the run."""
_APART = pattern(r" [.,;:!?)\]](?=\s|\Z)")
_JOINED = pattern(r"\w[,;:]\s")
_LEAST_APART = 3
"""So many marks with a blank before them, and more than twice as many as stand at their words: the text was tokenised
(data sets for language models are), and a small letter may follow a stop that stands apart."""
_APART_CLOSER = pattern(r" (?:[)\]\u201d\u2019\xbb]|(?P<quote>[\"']))(?=\s|\Z)")
_ENUMERATOR = pattern(
    r"[ \t\u3000]*[\"'\u201c\u2018\u300c\u300e\xab]?[(\[]?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z\u30a2-\u30f3]|[ivxIVX]{1,5}"
    r"|[QA\uff31\uff21]\d{1,3})\Z"
)
_LONGEST_ENUMERATOR = 12
_LAST_TOKEN = pattern(r"[^\s(\[{\"'\u201c\u2018]{1,24}\Z")
_NEXT_TOKEN = pattern(r"\s*[\"'\u201c\u2018(\[]*([^\s\"'\u201d\u2019)\],.!?]{1,24})")


def _split_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Never the end of a sentence, whatever follows.
_TITLES = _split_words("""
    mr mrs ms dr prof rev gen col lt sgt capt st mt messrs hon sen rep gov pres vs cf e.g i.e eg ie viz al
    approx fig figs eq eqs sec secs ch chap vol vols pp ex nos art arts par paras app ver rev ref
    refs maj brig adm lieut
""")
# The end of a sentence only where the next word usually begins one.
_SHORTENED = _split_words("""
    inc corp co ltd llc llp bros dept div est etc jr sr ph.d m.d b.a m.a a.m p.m u.s u.k u.n d.c e.u
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun ave blvd rd no p
    min max avg tel ext sp spp subsp
""")
_NO_ENDS = _TITLES | _SHORTENED
_STARTERS = _split_words("""
    the this that these those it its he she they we you i in on at for if when while after before as
    to a an and but so however there here what who how why where all each any some no not our your
    his her their my
""")
_SMALL_STARTERS = _split_words("the this these those it he she they we you if however there")
"""Written small, "and", "in" or "for" behind a short form go on more often than they begin."""


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Returns the spans of the sentences of ``text[start:end]``, in order, as offsets into ``text``.

    The spans do not overlap, begin and end with a non-blank character, and cover every non-blank one. Full
    stops end an English sentence unless they belong to an abbreviation, a number or an enumerator; closing
    quotes and brackets stay with their sentence. List items, table rows, headings and paragraphs end one too,
    while a line break inside a paragraph (as PDFs have them) does not. In a text that is written small throughout,
    and in one whose marks stand apart (``so it is .``), a small letter may begin a sentence. A note's number behind the
    stop (``[5]``) stays with its sentence. No span passes 1,000 characters.
    """
    stop = len(text) if end is None else min(end, len(text))
    spans: list[tuple[int, int]] = []
    begin = line = start
    for match in _boundaries(text, start, stop):
        at = match.end()
        kind = match.lastgroup
        if kind == "line":
            if not ends_at_line(text, line, match.start(), at, stop):
                line = at
                continue
            line = at
        elif kind == "page":
            line = at
        elif kind == "full_close":
            if not _full_stop_ends(text, match, line, stop):
                continue
        else:
            at = _closed(text, match, begin, stop)
            if match["notes"] and _NUMBERED.match(text, begin):
                continue
            if not _stop_ends(text, match, at, line, start, stop):
                continue
        _add_span(text, begin, at, spans)
        begin = at
    _add_span(text, begin, stop, spans)
    return spans


def _boundaries(text: str, start: int, stop: int) -> Iterator[re.Match[str]]:
    while (mark := _MARKS.search(text, start, stop)) and (match := _BOUNDARY.match(text, mark.start(), stop)):
        yield match
        start = match.end()


def _add_span(text: str, begin: int, end: int, spans: list[tuple[int, int]]) -> None:
    while begin < end:
        while begin < end and text[begin].isspace():
            begin += 1
        while end > begin and text[end - 1].isspace():
            end -= 1
        if begin == end:
            return
        cut = end
        if end - begin > _MAX_SENTENCE_CHARS:
            limit = begin + _MAX_SENTENCE_CHARS
            middle = limit - _MAX_SENTENCE_CHARS // 2
            places = (text.rfind(mark, middle, limit) for mark in ("\n", "; ", "\u3001", ", ", " "))
            cut = next((place + 1 for place in places if place >= 0), limit)
        right = cut
        while right > begin and text[right - 1].isspace():
            right -= 1
        spans.append((begin, right))
        begin = cut


def _full_stop_ends(text: str, match: re.Match[str], line: int, stop: int) -> bool:
    at, begin = match.end(), match.start()
    if match["full"] == "\uff0e":
        if _is_digit(text, begin - 1) and _is_digit(text, at):
            return False
        if begin - line <= _LONGEST_ENUMERATOR and _ENUMERATOR.match(text, line, begin):
            return False
    # A quoted sentence goes on when a particle or a comma follows its closing bracket.
    follows = text[at] if at < stop else ""
    return not (
        match["full_close"] and follows and ("\u3041" <= follows <= "\u3096" or follows in "\u3001\uff0c")
    )


def _is_digit(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isdigit()


def _closed(text: str, match: re.Match[str], begin: int, stop: int) -> int:
    """Returns where what a stop may end ends: behind the closing quotes and brackets, those that stand apart, too."""
    at = match.end()
    if not text[match.start() - 1 : match.start()].isspace():
        return at
    while closer := _APART_CLOSER.match(text, at, stop):
        if closer["quote"] and text.count(closer["quote"], max(begin, at - _MAX_SENTENCE_CHARS), at) % 2 == 0:
            break  # it opens the next one
        at = closer.end()
    return at


def _stop_ends(text: str, match: re.Match[str], at: int, line: int, start: int, stop: int) -> bool:
    begin = match.start()
    if (
        match["stop"] == "."
        and begin - line > 12
        and text[at : at + 1] == " "
        and text[at + 1 : at + 2].isupper()
    ):
        # Most sentences end so, behind a plain word: told in half the time.
        word_before = text[max(line, begin - 24) : begin].rpartition(" ")[2]
        if len(word_before) > 1 and word_before.isalpha() and word_before.lower() not in _NO_ENDS:
            return True
    if not _AFTER_STOP.match(text, at, stop):
        return False
    following = _NEXT_TOKEN.match(text, at, stop)
    if following is None:
        return text[at : at + 2] != " ."  # dots with blanks between them: something was left out
    word = following[1]
    is_apart = begin - 1 > line and text[begin - 1] == " "
    word_end = begin - is_apart
    if small := word[0].islower():
        around = text[max(start, begin - _AROUND_CHARS) : min(stop, begin + _AROUND_CHARS)]
        # or something left out
        is_pause = match["stop"].endswith(("..", "\u2026")) or text[begin - 2 : begin] == ". "
        if is_pause or not (_is_written_small(around) or (is_apart and _is_tokenised(around))):
            return False
    if match["stop"] != ".":
        return True
    if begin - line <= _LONGEST_ENUMERATOR and _ENUMERATOR.match(text, line, word_end):
        return False
    before = _LAST_TOKEN.search(text, max(line, word_end - 24), word_end)
    token = before[0].lower() if before else ""
    if token in _TITLES or (token in ("no", "p", "para", "art", "ca") and word[0].isdigit()):
        return False
    initials = len(token) == 1 and token.isalpha() and token != "i"
    if token in _SHORTENED or initials or re.fullmatch(r"(?:[a-z]\.)+[a-z]", token):
        return word in _SMALL_STARTERS if small else word.lower() in _STARTERS
    return True


def _is_tokenised(around: str) -> bool:
    apart = len(_APART.findall(around))
    return apart >= _LEAST_APART and apart > 2 * len(_JOINED.findall(around))


def _is_written_small(around: str) -> bool:
    return len(around) >= _LEAST_SMALL_CHARS and around.islower()
