"""What the pages point to is there: files, headings, and the modules that they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "bench").glob("*.md")]
ROOMS = ("corpus", "ingest", "rag", "bench", "tests")
SOURCES = ["setup_venv.py", *(str(path) for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
OF_THE_PAST = ("CHANGELOG.md", "HISTORY.md")
"""Pages that may name modules that are gone."""

MISSED_BY_NONE = "utils.py"
"""CONTRIBUTING.md names it as what there is not."""


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8"))
    targets = [((page.parent / path).resolve() if path else page, anchor) for path, anchor in links]
    return [
        f"{target.name}#{anchor}"
        for target, anchor in targets
        if not target.exists() or (anchor and anchor not in anchors(target))
    ]


def unknown_modules(page: Path) -> list[str]:
    named = set(re.findall(r"`([\w/]+\.py)`", page.read_text(encoding="utf-8"))) - {MISSED_BY_NONE}
    if page.name in OF_THE_PAST:
        return []
    return [one for one in named if not any(f"/{path}".endswith(f"/{one}") for path in SOURCES)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere_and_every_module_is_there(page: Path) -> None:
    assert not broken_links(page)
    assert not unknown_modules(page)


def test_a_link_to_nothing_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# One two\n\n[a](#one-two) [b](#three) [c](gone.md) `rag/gone.py` `rag/service.py`\n")
    assert broken_links(page) == ["a.md#three", "gone.md#"]
    assert unknown_modules(page) == ["rag/gone.py"]
