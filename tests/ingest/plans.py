"""Files, documents and failures as a plan is made of them, and a plan as it is compared."""

from __future__ import annotations

from datetime import UTC, datetime

from corpus.catalog.documents import Known
from corpus.catalog.records import Failure
from corpus.types import DocumentKey
from ingest.discovery import SourceFile
from ingest.planning import Before, Found, Plan, below, plan
from ingest.reports import IngestOptions

ROOT, OTHER = "/docs", "/elsewhere"
OLD, NEW = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)
TODAY = "reads as today"
PUBLIC = frozenset({"public"})


def file(
    path: str, *, root: str = ROOT, size: int = 10, modified: datetime = OLD, is_fresh: bool = False
) -> SourceFile:
    return SourceFile(root, path, f"{root}/{path}", size, modified, is_fresh)


def known(
    path: str,
    *,
    root: str = ROOT,
    sha256: str = "a",
    fingerprint: str = TODAY,
    size: int = 10,
    modified: datetime = OLD,
    title: str = "Its title",
    access: frozenset[str] = PUBLIC,
) -> tuple[tuple[str, str], Known]:
    key = DocumentKey("c", root, path)
    return (root, path), Known(
        f"id of {path}",
        key,
        sha256,
        size,
        modified,
        fingerprint,
        "text/plain",
        title,
        access,
        {"department": "hr"},
    )


def failure(path: str, *, sha256: str = "a", code: str = "no_text", crashes: int = 0) -> Failure:
    return Failure(DocumentKey("c", ROOT, path), sha256, TODAY, code, "It failed.", "Mend it.", crashes)


def decide(files, hashes=None, before=(), failures=None, **given) -> Plan:
    folders = given.pop("sync", ())
    found = Found(
        files, hashes or {}, given.pop("looked_into", folders), given.pop("kept", ()), folders=folders
    )
    documents = dict(before)
    places = given.pop("places", documents)
    in_catalog = Before(
        documents, failures or {}, given.pop("taken", {}), lambda folder: sum(map(below([folder]), places))
    )
    return plan(found, in_catalog, IngestOptions(sync=True, **given), lambda content_type: TODAY)


def paths(plan: Plan) -> dict[str, list[str]]:
    return {
        "add": [one.path for one in plan.add],
        "replace": [one.path for one, _ in plan.replace],
        "update": [one.known.key.path for one in plan.update],
        "unchanged": [one.key.path for one in plan.unchanged],
        "failed_before": [one.path for one, _ in plan.failed_before],
        "move": [f"{one.known.key.path} -> {one.file.path}" for one in plan.move],
        "remove": [one.key.path for one in plan.remove],
    }


def only(**lists: list[str]) -> dict[str, list[str]]:
    names = ("add", "replace", "update", "unchanged", "failed_before", "move", "remove")
    return {name: lists.get(name, []) for name in names}
