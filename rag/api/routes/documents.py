"""Documents: sending them in, looking at them, taking them out."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Path, Query, UploadFile
from fastapi.responses import Response

from corpus.catalog import access as visibility
from corpus.catalog import documents
from corpus.catalog.documents import DocumentRecord
from corpus.errors import UsageError
from corpus.names import read_collection, read_metadata, read_principals
from corpus.types import UPLOAD_ROOT, Caller
from rag.api.callers import AnyCaller, Writer, get_caller
from rag.api.house import OpenJobs, OpenService
from rag.api.schemas import (
    CollectionList,
    CollectionShape,
    DocumentChange,
    DocumentList,
    DocumentReportShape,
    DocumentShape,
    DocumentText,
    ErrorDetail,
    FileReportShape,
    JobShape,
    PageShape,
    PageText,
    Removed,
    VersionShape,
)
from rag.as_json import to_json
from rag.retrieval.limits import check_collection
from rag.showing import draw_page, read_page, report_document
from rag.spooling import Upload

router = APIRouter(prefix="/api", tags=["documents"], dependencies=[Depends(get_caller)])

MAX_FILES = 100
MAX_UPLOAD_BYTES = 110 << 20

DocumentId = Annotated[
    str, Path(min_length=1, max_length=64, description="The document.", examples=["a7a38ae87aa5b735"])
]
VersionNumber = Annotated[
    int | None, Query(ge=1, le=2**31, description="Default: the live one.", examples=[1])
]

PageNumber = Annotated[int, Path(ge=1, le=2**31, description="From 1.", examples=[1])]


@router.post("/documents", status_code=202, summary="Send files in")
def upload(
    jobs: OpenJobs,
    caller: Writer,
    files: Annotated[
        list[UploadFile], File(description="One or more files.", examples=[["travel-policy.pdf"]])
    ],
    collection: Annotated[
        str, Form(min_length=1, max_length=200, description="Where to.", examples=["default"])
    ] = "default",
    metadata: Annotated[
        str, Form(max_length=20_000, description="A JSON object of strings.", examples=['{"team": "hr"}'])
    ] = "{}",
    access: Annotated[
        list[str],
        Form(
            max_length=100,
            description="Who may read them: of `public`, `user:NAME` and `group:NAME` those that the caller is. "
            "Default: what an earlier upload of the name has, else `public`.",
            examples=[["group:hr"]],
        ),
    ] = [],  # noqa: B006 - FastAPI copies it
) -> JobShape:
    """Keeps the files and queues their ingest.

    A file with the name of an earlier upload becomes its new version, if the caller may see that one; if not,
    the file fails with `name_taken`.
    """
    if len(files) > MAX_FILES:
        raise UsageError(
            f"{len(files)} files at once; the limit is {MAX_FILES}.", code="bad_upload", hint="Send fewer."
        )
    uploads = [Upload(file.filename or "", file.file) for file in files]
    job = jobs.ingest_uploads(
        uploads, read_collection(collection), _metadata(metadata), caller, _access(access, caller)
    )
    [told] = jobs.as_told([job], caller)
    return JobShape(**to_json(told))


@router.get("/documents", summary="List documents")
def list_documents(
    service: OpenService,
    caller: AnyCaller,
    collection: Annotated[
        str | None, Query(max_length=200, description="Only this one.", examples=["sample"])
    ] = None,
    find: Annotated[
        str,
        Query(
            max_length=200,
            description="Only those whose title and path hold all these words.",
            examples=["price 2025"],
        ),
    ] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="At most this many.", examples=[100])] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31, description="Leave out the first ones.", examples=[0])] = 0,
) -> DocumentList:
    """Lists the live documents the caller may see."""
    if collection is not None:
        check_collection(service.corpus, read_collection(collection), caller)
    with service.corpus.catalog.read() as db:
        if find.strip():
            named = visibility.visible_named(db, caller, collection, find)
            ids, total = named[offset : offset + limit], len(named)
        else:
            ids = visibility.visible_page(db, caller, collection, limit, offset)
            counts = service.corpus.collections(caller)
            total = sum(counts.values()) if collection is None else counts.get(collection, 0)
        found = documents.list_documents(db, ids=ids)
    return DocumentList(documents=[shape(one) for one in found], total=total)


@router.get("/documents/{document_id}", summary="Show a document")
def show_document(service: OpenService, caller: AnyCaller, document_id: DocumentId) -> DocumentShape:
    """Shows a document and its live version."""
    return shape(_live(service, document_id, caller))


@router.get("/documents/{document_id}/report", summary="What the ingest made of a document")
def document_report(service: OpenService, caller: AnyCaller, document_id: DocumentId) -> DocumentReportShape:
    """Its state, pages, tables, chunks, and what a reader should know, kept with the live version."""
    _live(service, document_id, caller)
    found = to_json(report_document(service.corpus, document_id, caller))
    shown = {name: found["report"][name] for name in FileReportShape.model_fields}
    return DocumentReportShape(
        document_id=document_id,
        collection=found["collection"],
        committed_at=found["committed_at"],
        report=FileReportShape(**shown),
        failed_since=found["failed_since"] and ErrorDetail(**found["failed_since"]),
    )


@router.patch("/documents/{document_id}", summary="Change a document's metadata")
def change_document(
    service: OpenService, caller: Writer, document_id: DocumentId, change: DocumentChange
) -> DocumentShape:
    """Replaces what its users said of a document. Access lists are changed on the command line alone."""
    _live(service, document_id, caller)
    if change.metadata is not None:
        wanted = read_metadata(change.metadata)
        with service.corpus.catalog.write() as db:
            documents.set_metadata(db, document_id, wanted)
    return shape(_live(service, document_id, caller))


@router.delete("/documents/{document_id}", summary="Take a document out")
def remove_document(service: OpenService, caller: Writer, document_id: DocumentId) -> Removed:
    """Takes a document out of every search at once. Its history stays until it is erased."""
    _live(service, document_id, caller)
    return Removed(document_id=document_id, removed=service.corpus.remove([document_id]) == 1)


@router.get(
    "/documents/{document_id}/file",
    summary="The original file",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "The file as it was ingested."}
    },
)
def original_file(
    service: OpenService, caller: AnyCaller, document_id: DocumentId, version: VersionNumber = None
) -> Response:
    """Sends the file as it was ingested, always as a download: nothing in it runs in a browser."""
    found, _, _ = service.corpus.text(document_id, version, 0, 0, caller)
    data = service.corpus.originals.read(found.sha256)
    return Response(
        data, media_type="application/octet-stream", headers={"content-disposition": "attachment"}
    )


@router.get("/documents/{document_id}/text", summary="The text of a version")
def document_text(
    service: OpenService, caller: AnyCaller, document_id: DocumentId, version: VersionNumber = None
) -> DocumentText:
    """The text that offsets refer to: ``text[start:end]`` in code points is what a citation quotes."""
    found, text, pages = service.corpus.text(document_id, version, caller=caller)
    return DocumentText(
        document_id=document_id,
        version=found.number,
        text=text,
        pages=[PageShape(number=page.number, start=page.start, end=page.end) for page in pages],
    )


@router.get(
    "/documents/{document_id}/pages/{number}",
    summary="A page as a picture",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}, "description": "The page, with the asked words marked."}},
)
def page_picture(
    service: OpenService,
    caller: AnyCaller,
    document_id: DocumentId,
    number: PageNumber,
    version: VersionNumber = None,
    highlight: Annotated[
        list[str],
        Query(max_length=50, description="start-end, in code points of the text.", examples=[["120-180"]]),
    ] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Shows a page as it looked, with the words at the given offsets marked.

    Only for formats that have pages to show.
    """
    spans = [_span(one) for one in highlight]
    picture = draw_page(service.corpus, service.drawing, document_id, number, spans, version, caller)
    return Response(picture, media_type="image/png")


@router.get("/documents/{document_id}/pages/{number}/text", summary="The text of a page")
def page_text(
    service: OpenService,
    caller: AnyCaller,
    document_id: DocumentId,
    number: PageNumber,
    version: VersionNumber = None,
) -> PageText:
    """What stands on one page: ``text[n - start]`` is what offset ``n`` of the version's text refers to."""
    shown = read_page(service.corpus, document_id, number, version, caller)
    return PageText(
        document_id=document_id,
        version=shown.version.number,
        number=number,
        start=shown.page.start,
        end=shown.page.end,
        text=shown.text,
        numbers=list(shown.numbers),
    )


@router.get("/collections", summary="List collections")
def list_collections(service: OpenService, caller: AnyCaller) -> CollectionList:
    """Lists the collections with a document the caller may see."""
    found = service.corpus.collections(caller)
    return CollectionList(collections=[CollectionShape(name=n, documents=c) for n, c in found.items()])


def shape(found: DocumentRecord) -> DocumentShape:
    """Returns a live document as it goes over HTTP: without the server's folders."""
    assert found.live is not None
    live = to_json(found.live)
    return DocumentShape(
        id=found.id,
        collection=found.key.collection,
        path=found.key.path,
        uploaded=found.key.root == UPLOAD_ROOT,
        access=sorted(found.access),
        metadata=dict(found.metadata),
        created_at=found.created_at.isoformat(),
        live=VersionShape(**{name: live[name] for name in VersionShape.model_fields}),
    )


def _live(service: Any, document_id: str, caller: Caller) -> DocumentRecord:
    found = service.corpus.document(document_id, caller)
    if found.live is None:
        raise documents.unknown_document(document_id)
    assert isinstance(found, DocumentRecord)
    return found


def _access(given: list[str], caller: Caller) -> frozenset[str] | None:
    wanted = read_principals(given)
    if others := sorted(wanted - caller.principals):
        raise UsageError(
            f"{others[0]} is not one of the caller's own: {', '.join(sorted(caller.principals))}.",
            code="bad_principal",
            hint="Name one of these. The owner of the service can name others: vouch documents access",
        )
    return wanted or None


def _metadata(text: str) -> dict[str, str]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not all(isinstance(v, str) for v in given.values()):
        raise UsageError(
            "metadata is not a JSON object of strings.", code="bad_metadata", hint='Send {"team": "hr"}.'
        )
    return read_metadata(given)


def _span(given: str) -> tuple[int, int]:
    start, dash, end = given.partition("-")
    if not (
        dash and start.isascii() and end.isascii() and start.isdigit() and end.isdigit() and len(given) < 24
    ):
        raise UsageError(
            "highlight is start-end, in code points.", code="bad_highlight", hint="Like 120-180."
        )
    if int(start) >= int(end):
        raise UsageError("highlight ends before it starts.", code="bad_highlight", hint="Like 120-180.")
    return int(start), int(end)
