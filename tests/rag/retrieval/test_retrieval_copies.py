"""Files of the same content: found once, by any of their names, and shown with the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.settings import Settings
from corpus.store import open_corpus
from corpus.types import ANYONE, OWNER, Caller, Filter
from rag.retrieval.retriever import Retriever
from tests.builders import SPACE, WordEmbedder, new_version, put


def test_files_of_the_same_content_are_found_once_and_name_each_other(tmp_path: Path) -> None:
    lines = ["annual leave moves into the next year", "leave needs an application"]
    places = [
        ("a/leave.txt", {"access": frozenset({"group:hr"})}),
        ("b/leave.txt", {}),
        ("c/leave.txt", {}),
        ("d/leave.txt", {"collection": "other"}),
    ]
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as opened:
        for path, more in places:
            put(opened, path, lines, **more)
        opened.publish()
        search = Retriever(opened, WordEmbedder(), opened.settings).search

        def found(caller: Caller, filter: Filter | None = None) -> list[tuple[str, int, tuple[str, ...]]]:
            return [
                (hit.source, hit.start, hit.also) for hit in search("annual leave", 10, caller, filter).hits
            ]

        shared = {"a/leave.txt", "b/leave.txt", "c/leave.txt"}
        seen = [hit for hit in found(OWNER) if hit[0] != "d/leave.txt"]
        assert [start for _, start, _ in seen] == [0], "one document gives both, and they are joined"
        assert all({source, *also} == shared for source, _, also in seen)
        open_ones = [hit for hit in found(ANYONE) if hit[0] != "d/leave.txt"]
        assert len(open_ones) == 1
        assert all({source, *also} == {"b/leave.txt", "c/leave.txt"} for source, _, also in open_ones)
        elsewhere = found(OWNER, Filter(collections=("other",)))
        assert {(source, also) for source, _, also in elsewhere} == {("d/leave.txt", ())}
        only_c = found(ANYONE, Filter(source="c/*"))
        assert {(source, also) for source, _, also in only_c} == {("c/leave.txt", ("b/leave.txt",))}


def test_a_copy_is_found_by_its_own_name_and_shown_whole(tmp_path: Path) -> None:
    """A file without a title has its name for one; the passages of one copy are read as one document's."""
    lines = ["members pay a deductible", "members pay a premium, too"]
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as opened:
        for title in ("apollo", "zeus", "計画書", "hera", "athena"):
            put(opened, f"{title}.txt", lines, title=title)
        opened.publish()
        search = Retriever(opened, WordEmbedder(), opened.settings).search
        for name in ("apollo", "zeus", "計画書"):
            [hit] = search(f"{name} deductible premium", 10, OWNER).hits
            assert (hit.source, hit.start, hit.end) == (f"{name}.txt", 0, len("\n".join(lines)))
            assert len(hit.also) == 4
        versions = opened.scope(OWNER)
        assert versions is not None
        assert len(versions) == 4, "not every name of a file that was copied fifty times"


@pytest.mark.parametrize("dense", ["exact", "chroma"])
def test_a_folder_read_twice_is_searched_as_if_read_once(tmp_path: Path, dense: str) -> None:
    """Copies take nobody's place among the candidates, and who may see one of them alone finds that one."""
    found: list[list[tuple[object, ...]]] = []
    for roots in (["/docs"], ["/docs", "/copy"]):
        chosen = Settings(data_dir=tmp_path / str(len(roots)), dense=dense, candidates=4)
        with open_corpus(chosen, SPACE) as opened:
            for number in range(12):
                lines = [f"annual leave rule {number}", f"travel budget {number % 3} of {number}"]
                for root in roots:
                    access = frozenset({"public"} if root == "/copy" or number % 2 else {"group:hr"})
                    told = new_version(f"{number}.txt", lines, root=root, access=access)
                    opened.commit(told, "\n".join(lines).encode())
            opened.publish()
            search = Retriever(opened, WordEmbedder(), opened.settings).search
            found.append(
                [
                    (query, hit.rank, hit.source, hit.start, hit.end)
                    for query in ("annual leave", "travel budget 1", "leave rule 7", "休暇")
                    for hit in search(query, 5, OWNER).hits
                ]
            )
            if len(roots) == 2:
                hits = search("annual leave rule 4", 20, ANYONE).hits
                assert "4.txt" in {hit.source for hit in hits}
                assert not any("4.txt" in hit.also for hit in hits)
    assert found[0] == found[1]
