"""Draws what a search costs over the size of the corpus, as an SVG file of its own making."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 480, 300, 70, 40, 40, 50
_COLOURS = ("#1b6ca8", "#c0392b")


def draw(path: Path, grown: Mapping[int, Mapping[str, float]]) -> None:
    """Draws milliseconds, and bytes a chunk, over the number of chunks; both axes are logarithmic.

    Args:
        path: the SVG file.
        grown: size → ``chunks``, ``p50`` and ``p95`` in ms, ``memory`` and ``disk`` in bytes, or some of these.
    """
    rows = [grown[size] for size in sorted(grown)]
    times = {
        f"search, {name}": [(row["chunks"], row[name]) for row in rows if name in row]
        for name in ("p50", "p95")
    }
    spaces = {
        name: [(row["chunks"], row[key] / row["chunks"]) for row in rows if key in row]
        for name, key in (("memory of the server", "memory"), ("disk", "disk"))
    }
    panels = _panel("milliseconds", times, 0) + _panel("bytes a chunk", spaces, _WIDTH)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * _WIDTH}" height="{_HEIGHT}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f"{panels}</svg>\n",
        encoding="utf-8",
    )


def _panel(title: str, lines: Mapping[str, Sequence[tuple[float, float]]], left: float) -> str:
    points = [point for line in lines.values() for point in line]
    if not points:
        return ""
    x_from, x_to = _decades([x for x, _ in points])
    y_from, y_to = _decades([y for _, y in points])

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - x_from) / (x_to - x_from)
        up = (math.log10(y) - y_from) / (y_to - y_from)
        right, bottom = left + _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        return left + _LEFT + across * (right - left - _LEFT), bottom - up * (bottom - _TOP)

    parts = [f'<text x="{left + _LEFT}" y="{_TOP - 20}" font-weight="bold">{title}</text>']
    for decade in range(x_from, x_to + 1):
        x, bottom = at(10**decade, 10**y_from)
        parts.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{10**decade:,}</text>')
    for decade in range(y_from, y_to + 1):
        x, y = at(10**x_from, 10**decade)
        parts.append(
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{left + _WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
        )
        parts.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{10**decade:,}</text>')
    parts.append(f'<text x="{left + _WIDTH / 2}" y="{_HEIGHT - 12}" text-anchor="middle">chunks</text>')
    highest = {x: max(y for other, y in points if other == x) for x, _ in points}
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number]
        placed = [at(*point) for point in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for (x, y), (chunks, value) in zip(placed, line, strict=True):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
            shown = f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
            beside = y - 7 if value == highest[chunks] else y + 16  # the lines may meet
            parts.append(
                f'<text x="{x:.1f}" y="{beside:.1f}" text-anchor="middle" fill="{colour}">{shown}</text>'
            )
        parts.append(
            f'<text x="{left + _LEFT + 150 + 140 * number}" y="{_TOP - 20}" fill="{colour}">{name}</text>'
        )
    return "".join(parts)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    least, most = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return least, max(most, least + 1)
