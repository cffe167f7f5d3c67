"""Questions: searching, asking, comparing, and the models to ask."""

from __future__ import annotations

from fastapi import APIRouter

from rag.api.house import AnyCaller, OpenService
from rag.api.routes.documents import plain
from rag.api.schemas import HitShape, SearchAnswer, SearchRequest
from rag.filters import read_filter
from rag.wire import to_json

router = APIRouter(prefix="/api", tags=["questions"])


@router.post("/search", summary="Find passages")
def search(service: OpenService, caller: AnyCaller, asked: SearchRequest) -> SearchAnswer:
    """Finds the passages that may hold the answer, best first, among those the caller may see."""
    wanted = asked.filter.model_dump() if asked.filter else {}
    if asked.collection is not None:
        wanted["collections"] = [plain(asked.collection, "collection")]
    found = service.search(asked.query, asked.k, read_filter(wanted), caller)
    return SearchAnswer(
        query=asked.query,
        hits=[HitShape(**to_json(hit)) for hit in found.hits],
        timings_ms=dict(found.timings_ms),
        notes=list(found.notes),
    )
