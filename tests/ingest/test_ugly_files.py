"""Odd, broken and hostile files that others collected: each ends in a defined state, in bounded time."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from corpus.settings import Settings
from ingest.sandbox.pool import FAULTS, ParserPool
from tests.ingest.endings import ending

DATA = Path(os.environ.get("VOUCH_DATA_FOR_BENCH") or Path(__file__).parents[3] / "shared" / "data")
OTHERS = [
    "docling_testdata",
    "markitdown_testfiles",
    "pypdf_sample_files",
    "artur_test_pdfs",
    "format_corpus_cc0",
]
SAMPLE = Path(__file__).parents[2] / "corpus" / "sample" / "documents"
SAVED = Path(__file__).parent / "files"
SETS = [SAMPLE, SAVED, *(DATA / name for name in OTHERS if (DATA / name).is_dir())]
"""Our own documents, and of the collections, which are not part of the project, what is here."""
READABLE = {
    ".pdf", ".docx", ".html", ".md", ".txt", ".pptx", ".odt", ".odp", ".rtf", ".epub", ".eml", ".msg", ".zip", ".xlsx",
    ".xls", ".csv", ".json",
}  # fmt: skip


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_every_file_ends_in_a_defined_state(folder: Path) -> None:
    files = files_of(folder)
    with ParserPool(Settings(parse_timeout_s=20.0)) as pool:
        states = {path: ending(path, path.name, pool.parse) for path in files}
    allowed = {
        "ok", "empty", "encrypted", "damaged_file", "no_text", "unsupported", "binary", "archive_too_large",
    }  # fmt: skip
    assert {str(path): state for path, state in states.items() if state not in allowed} == {}
    readable = [state for path, state in states.items() if path.suffix in READABLE - {".pdf"}]
    assert readable.count("ok") >= 0.9 * len(readable)


@pytest.mark.slow
def test_mutated_files_never_end_a_child() -> None:
    """Bit flips, truncations and splices of real files: the parent and even the children live on."""
    pick = random.Random(20)
    sources = [path for folder in SETS for path in files_of(folder) if path.suffix in READABLE]
    states: Counter[str] = Counter()
    with ParserPool(Settings(parse_timeout_s=20.0)) as pool:
        for _ in range(200):
            path, other = pick.choice(sources), pick.choice(sources)
            data = bytearray(path.read_bytes()[:300_000])
            kind = pick.randrange(3)
            if kind == 0 and data:
                for _ in range(pick.randrange(1, 60)):
                    data[pick.randrange(len(data))] ^= 1 << pick.randrange(8)
            elif kind == 1:
                del data[pick.randrange(len(data) + 1) :]
            else:
                at = pick.randrange(len(data) + 1)
                data[at : at + pick.randrange(2000)] = other.read_bytes()[at : at + pick.randrange(2000)]
            states[ending(bytes(data), path.name, pool.parse)] += 1
    assert sum(states.values()) == 200
    assert "no message" not in states
    assert not FAULTS & set(states), states
