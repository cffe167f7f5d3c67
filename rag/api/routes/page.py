"""The page for people, at ``/``: files of ``rag/web``, which need nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

import rag

FOLDER = Path(rag.__file__).parent / "web"

# Stricter than for /docs: nothing of the page stands within its markup, and nothing but this service is asked.
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "cache-control": "no-cache",
}

router = APIRouter()
parts = StaticFiles(directory=FOLDER)


@router.get("/", include_in_schema=False)
def page() -> FileResponse:
    """The page itself; what it consists of is mounted at ``/page``."""
    return FileResponse(FOLDER / "index.html", headers=_HEADERS)
