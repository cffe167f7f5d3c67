"""Pages as pictures: the quoted words are marked where they stand, and nothing else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from corpus.errors import ParseError
from corpus.settings import Settings
from ingest.parsers.detection import PDF, TEXT
from ingest.rendering import LONG_SIDE_PIXELS, _find_quotes, _folded
from ingest.sandbox.pool import ParserPool
from tests.ingest.paper import HEIGHT, WIDTH, drawn, write

FIRST = "Hotels are paid up to two hundred euros a night, breakfast included, when the receipt is handed in."
SECOND = "Meals are paid up to forty euros a day."


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    with ParserPool(Settings()) as pool:
        yield pool


@pytest.fixture(scope="module")
def two_pages() -> bytes:
    def draw(canvas: Any) -> None:
        y = write(canvas, FIRST, 70, 780, 300)
        write(canvas, SECOND, 70, y - 100, 300)
        canvas.showPage()
        write(canvas, SECOND, 70, 400, 300)

    return drawn(draw)


def picture_of(pool: ParserPool, original: bytes, page: int, *quotes: str) -> Any:
    return Image.open(io.BytesIO(pool.render(original, PDF, page, quotes))).convert("RGB")


def marked_area(picture: Any) -> tuple[float, float, float, float] | None:
    """Left, bottom, right, top of what is coloured, in points."""
    red, _, blue = picture.split()
    area = ImageChops.subtract(red, blue).point(lambda value: 255 if value > 60 else 0).getbbox()
    if area is None:
        return None
    scale = HEIGHT / picture.height
    return area[0] * scale, HEIGHT - area[3] * scale, area[2] * scale, HEIGHT - area[1] * scale


def test_a_page_is_drawn_whole(pool: ParserPool, two_pages: bytes) -> None:
    picture = picture_of(pool, two_pages, 1)
    assert picture.height == LONG_SIDE_PIXELS
    assert abs(picture.width - LONG_SIDE_PIXELS * WIDTH / HEIGHT) <= 1
    assert marked_area(picture) is None
    assert picture.convert("L").getextrema() == (0, 255)


def test_a_quote_is_marked_where_it_stands(pool: ParserPool, two_pages: bytes) -> None:
    one = marked_area(picture_of(pool, two_pages, 1, FIRST))
    other = marked_area(picture_of(pool, two_pages, 1, SECOND))
    assert one is not None
    assert other is not None
    assert one[0] == pytest.approx(70, abs=3)
    assert one[3] == pytest.approx(790, abs=6)
    assert one[1] > 700 > other[3]  # below each other, and apart


def test_a_quote_of_another_page_is_not_marked(pool: ParserPool, two_pages: bytes) -> None:
    assert marked_area(picture_of(pool, two_pages, 2, SECOND)) is not None
    assert marked_area(picture_of(pool, two_pages, 2, FIRST)) is None


@pytest.mark.parametrize(
    ("original", "content_type", "code"),
    [
        (None, PDF, "no_picture"),
        (b"only words", TEXT, "no_picture"),
        (b"%PDF-1.7 broken", PDF, "damaged_file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_picture_is_named(
    pool: ParserPool, two_pages: bytes, original: bytes | None, content_type: str, code: str
) -> None:
    with pytest.raises(ParseError) as refused:
        pool.render(two_pages if original is None else original, content_type, 3)
    assert refused.value.code == code


def test_cells_and_sentences_are_found_one_by_one() -> None:
    page = _folded(
        "Region City Hotel Norway Oslo 200 euros Italy Rome 150 euros. The rest follows. Another end."
    )
    found = _find_quotes(page, ["Norway | Oslo | 200 euros"])
    assert [page[start:end] for start, end in found] == ["norwayoslo200euros"]
    found = _find_quotes(page, ["Oslo | Rome"])
    assert [page[start:end] for start, end in found] == ["oslo", "rome"]
    found = _find_quotes(page, ["Never said. The rest follows."])
    assert [page[start:end] for start, end in found] == ["therestfollows"]
    assert _find_quotes(page, ["", "ab", "not there at all"]) == []


@given(text=st.text(max_size=60), quotes=st.lists(st.text(max_size=20), max_size=3))
def test_what_is_found_really_stands_there(text: str, quotes: list[str]) -> None:
    folded = _folded(text)
    for start, end in _find_quotes(folded, quotes):
        assert 0 <= start < end <= len(folded)
        assert any(folded[start:end] in _folded(quote) for quote in quotes)


def test_what_was_typed_into_a_form_is_drawn_and_marked(pool: ParserPool) -> None:
    def form(canvas: Any) -> None:
        canvas.drawString(72, 750, "Application for leave")
        canvas.acroForm.textfield(name="n", value="Taro Yamada", x=120, y=692, width=200, height=20)

    filled = drawn(form)
    area = marked_area(picture_of(pool, filled, 1, "Taro Yamada"))
    assert area is not None
    assert 690 < area[1] < area[3] < 714
