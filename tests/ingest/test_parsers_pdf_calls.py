"""PDFium's functions called without what pypdfium2 does around each call, and what is drawn twice."""

from __future__ import annotations

import ctypes
from itertools import pairwise
from pathlib import Path

import pypdfium2
import pypdfium2.raw
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.pdf import pdfium
from ingest.parsers.pdf.lines import Line, Word, drawn_once

SAMPLE = Path("corpus/sample/documents")

_places = st.floats(0, 70, width=16)
_words = st.builds(
    lambda x, y, wide, size, text: Word(x, y, x + wide, y + size, text, size),
    _places,
    _places,
    st.sampled_from([4.0, 5.0, 6.0]),
    st.sampled_from([2.0, 11.0, 70.0]),
    st.sampled_from(["a", "of", "the"]),
)


def test_handles_are_numbers_and_functions_give_what_they_did() -> None:
    file = sorted(Path(__file__).resolve().parents[2].joinpath(SAMPLE).rglob("*.pdf"))[0]
    theirs, ours = pypdfium2.raw.FS_RECTF(), pypdfium2.raw.FS_RECTF()
    with pypdfium2.PdfDocument(file) as document:
        page = document[0]
        text = pdfium.FPDFText_LoadPage(page.raw)
        assert isinstance(text, int)
        same = pypdfium2.raw.FPDFText_LoadPage(page.raw)
        for at in range(pdfium.FPDFText_CountChars(text)):
            assert pdfium.FPDFText_GetLooseCharBox(text, at, ctypes.byref(ours))
            assert pypdfium2.raw.FPDFText_GetLooseCharBox(same, at, ctypes.byref(theirs))
            assert bytes(ours) == bytes(theirs)
        assert not pdfium.FPDFText_GetTextObject(text, -1)
        pdfium.FPDFText_ClosePage(text)
        pypdfium2.raw.FPDFText_ClosePage(same)
        page.close()
    assert pdfium.FPDF_PAGEOBJ_TEXT == pypdfium2.raw.FPDF_PAGEOBJ_TEXT


@given(st.lists(_words, max_size=30))
def test_a_word_counts_once_where_it_is_drawn_again_at_its_place(words: list[Word]) -> None:
    first: list[Word] = []
    expected = []
    for word in words:
        apart = min(0.15 * word.size, 8.0)
        twice = len(word.text) > 1 and any(
            word.text == other.text
            and abs(word.x0 - other.x0) < apart
            and abs(word.y0 - other.y0) < apart
            and abs(word.x1 - other.x1) < apart
            for other in first
        )
        expected.append(not twice)
        first += [] if twice else [word]
    assert drawn_once(words) == expected


@given(st.lists(_words, min_size=1, max_size=12))
def test_a_line_is_as_large_as_its_words_and_as_wide_as_its_widest_gap(words: list[Word]) -> None:
    line = Line(words)
    assert (line.x0, line.y0) == (min(word.x0 for word in words), min(word.y0 for word in words))
    assert (line.x1, line.y1) == (max(word.x1 for word in words), max(word.y1 for word in words))
    assert line.gap == max((after.x0 - before.x1 for before, after in pairwise(words)), default=0.0) or (
        line.gap == 0.0
    )
    assert line.text == " ".join(word.text for word in words)
