"""What is left of an ingest, told long before its end and true within a factor of two."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.discovery import SourceFile
from ingest.forecast import Forecast

MOMENT = datetime(2025, 1, 1, tzinfo=UTC)


def file(path: str, size: int) -> SourceFile:
    return SourceFile("/docs", path, f"/docs/{path}", size, MOMENT)


def mixed() -> list[tuple[SourceFile, int]]:
    """Files with the passages each gives: few in a large picture, many in a small text."""
    found = []
    for number in range(60):
        found += [(file(f"{number}.pdf", 400_000 + 9_000 * number), 12 + number % 7)]
        found += [(file(f"{number}.md", 6_000 + 70 * number), 8 + number % 3)]
        found += [(file(f"{number}.docx", 40_000), 15)]
    found += [(file("broken.pdf", 8_000_000), 0)]
    return found


@pytest.mark.parametrize(("reading_s", "passage_s"), [(0.1, 1.0), (2.0, 0.01), (3.0, 0.3)])
def test_after_a_tenth_the_time_left_is_right_within_a_factor_of_two(
    reading_s: float, passage_s: float
) -> None:
    """One file is read after the other, and what was read is embedded meanwhile."""
    files, now = mixed(), 0.0
    ready_at = 60.0  # the model is loaded meanwhile, which says nothing of what comes
    forecast = Forecast([one for one, _ in files], clock=lambda: now)
    assert forecast.left_s() is None
    told: list[tuple[float, float, float]] = []
    embedded, ready, read_at = 0, 0, 0.0
    waiting = list(files)
    while waiting or embedded < ready:
        done_at = max(now, ready_at) + passage_s if embedded < ready else float("inf")
        if waiting and read_at + reading_s <= done_at:
            now = read_at = read_at + reading_s
            one, passages = waiting.pop(0)
            forecast.read(one, passages, reading_s)
            ready += passages
        else:
            now = done_at
            embedded += 1
        forecast.embedded(embedded)
        if (left := forecast.left_s()) is not None:
            told.append((now, forecast.share, left))
    sure = [left / (now - at) for at, share, left in told if 0.1 <= share <= 0.8]
    assert len(sure) > 100
    assert min(sure) >= 0.5
    assert max(sure) <= 2.0
    assert (forecast.share, forecast.left_s()) == (1.0, 0.0)
    assert forecast.rate is not None
    assert (
        forecast.rate * passage_s <= 1.001
    )  # it waits for the reader now and then, and that is no slowness of its own
    if passage_s >= reading_s:
        assert forecast.rate * passage_s > 0.95


def test_what_is_embedded_comes_in_pieces_and_is_not_slow_between_them() -> None:
    """A small piece first, then larger ones, all at 100 passages a second; the reader tells of files far more often."""
    files, now = [file(f"{number}.md", 6_000) for number in range(2_000)], 0.0
    forecast = Forecast(files, clock=lambda: now)
    embedded, due, told = 0, [(1.0, 4), (1.04, 4), *((1.04 + 2.5 * piece, 250) for piece in range(1, 40))], []
    for one in files:
        now += 0.005
        forecast.read(one, 5, 0.005)
        while due and due[0][0] <= now:
            embedded += due.pop(0)[1]
        forecast.embedded(embedded)
        if (left := forecast.left_s()) is not None:
            told.append(left / (1.04 + (10_000 - 8) / 100 - now))
    assert told
    assert min(told) > 0.7
    assert max(told) < 1.4


def test_an_embedder_that_stands_still_has_more_left_the_longer_it_does() -> None:
    files, now = [file(f"{number}.md", 6_000) for number in range(200)], 0.0
    forecast = Forecast(files, clock=lambda: now)
    for one in files:
        forecast.read(one, 5, 0.0)
    for moment, embedded in ((1.0, 100), (3.0, 300), (5.0, 500)):
        now = moment
        forecast.embedded(embedded)
    before = forecast.left_s()
    assert before == pytest.approx(5.0)
    now = 125.0
    forecast.embedded(500)
    after = forecast.left_s()
    assert after is not None
    assert after > 50


def test_what_needs_no_embedder_says_nothing_of_one_that_gets_ready() -> None:
    """Japanese passages, and those that are known already, are there before the model is."""
    files, now = [file(f"{number}.md", 6_000) for number in range(300)], 0.0
    forecast = Forecast(files, clock=lambda: now)
    for one in files[:100]:
        forecast.read(one, 10, 0.01)
    for moment, embedded, ready in ((1.0, 4, False), (40.0, 4, False), (41.0, 104, True)):
        now = moment
        forecast.embedded(embedded, ready=ready)
        assert forecast.left_s() is None
    for moment, embedded in ((42.0, 204), (43.0, 304)):
        now = moment
        forecast.embedded(embedded, ready=True)
        assert forecast.left_s() == pytest.approx((3_000 - embedded) / 100)


def test_an_ingest_that_needs_no_embedder_tells_what_is_left_of_reading() -> None:
    files, now = [file(f"{number}.md", 6_000) for number in range(100)], 0.0
    forecast = Forecast(files, clock=lambda: now)
    for number, one in enumerate(files[:40], 1):
        now = number * 0.1
        forecast.read(one, 10, 0.1)
        forecast.embedded(number * 10, ready=False)
    assert forecast.left_s() == pytest.approx(6.0, rel=0.1)
