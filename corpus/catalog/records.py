"""Small records beside the documents: what the corpus is, what failed, what jobs there were."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, true, update

from corpus.catalog.among import among, listed, spanned
from corpus.catalog.schema import failures, jobs, meta
from corpus.catalog.scopes import Span
from corpus.catalog.times import now
from corpus.embedding import EmbeddingSpace
from corpus.errors import NotFoundError
from corpus.types import ANYONE, OWNER, PUBLIC, Caller, DocumentKey, RootPath

_Query = TypeVar("_Query", bound=Select[Any])

# ---- what the corpus is ---------------------------------------------------------------------------


def corpus_id(db: Connection) -> str:
    """Returns the corpus's own random id, 16 hexadecimal digits, made with the catalog."""
    return _get(db, "corpus_id") or ""


def space(db: Connection) -> EmbeddingSpace | None:
    """Returns the embedding space of the corpus, None before the first ingest."""
    found = _get(db, "space")
    return EmbeddingSpace(**json.loads(found)) if found else None


def choose_space(db: Connection, chosen: EmbeddingSpace) -> None:
    """Records the corpus's embedding space. It is chosen once."""
    db.execute(insert(meta).values(key="space", value=json.dumps(asdict(chosen), sort_keys=True)))


def is_erasing(db: Connection) -> bool:
    """Says whether documents were erased and not everything of them has left the data folder yet."""
    return _get(db, "erasing") is not None


def note_erasing(db: Connection, under_way: bool) -> None:
    """Records that an erasure is under way, or that it is finished."""
    db.execute(delete(meta).where(meta.c.key == "erasing"))
    if under_way:
        db.execute(insert(meta).values(key="erasing", value=now()))


_VALUE = select(meta.c.value).where(meta.c.key == bindparam("name"))


def _get(db: Connection, key: str) -> str | None:
    return db.execute(_VALUE, {"name": key}).scalar_one_or_none()


# ---- what failed ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Failure:
    """The last failed attempt at one file; ``crashes`` counts the readers it took down."""

    key: DocumentKey
    sha256: str
    fingerprint: str
    code: str
    message: str
    hint: str
    crashes: int


def record_failure(db: Connection, failure: Failure) -> None:
    """Remembers a failure in place of the file's earlier one."""
    forget_failure(db, failure.key)
    row = {k: v for k, v in asdict(failure).items() if k != "key"}
    db.execute(insert(failures).values(**asdict(failure.key), **row, at=now()))


_FORGET = delete(failures).where(
    failures.c.collection == bindparam("collection"),
    failures.c.root == bindparam("root"),
    failures.c.path == bindparam("path"),
)


def forget_failure(db: Connection, key: DocumentKey) -> None:
    """Forgets a file's failure, when it went well or left."""
    db.execute(_FORGET, {"collection": key.collection, "root": key.root, "path": key.path})


def find_failure(db: Connection, key: DocumentKey) -> Failure | None:
    """Returns what is remembered of a file's last failed attempt, if anything is."""
    row = db.execute(_FIND, {"collection": key.collection, "root": key.root, "path": key.path}).one_or_none()
    return None if row is None else _failure(row)


def list_failures(db: Connection, collection: str | None = None) -> list[Failure]:
    """Returns the remembered failures in order of collection, root and path."""
    query = select(failures).order_by(failures.c.collection, failures.c.root, failures.c.path)
    if collection is not None:
        query = query.where(failures.c.collection == collection)
    return [_failure(row) for row in db.execute(query)]


def failures_in(db: Connection, spans: Sequence[Span]) -> dict[RootPath, Failure]:
    """Returns the remembered failures in these spans by (root, path)."""
    rows = db.execute(_SPANNED, {"spans": listed(spans)})
    return {(row.root, row.path): _failure(row) for row in rows}


_FIND = select(failures).where(
    failures.c.collection == bindparam("collection"),
    failures.c.root == bindparam("root"),
    failures.c.path == bindparam("path"),
)
_EACH_SPAN, _LIES = spanned(failures.c.collection, failures.c.root, failures.c.path)
_SPANNED = select(failures).select_from(_EACH_SPAN.join(failures, _LIES))


def _failure(row: Row[Any]) -> Failure:
    return Failure(
        DocumentKey(row.collection, row.root, row.path),
        row.sha256,
        row.fingerprint,
        row.code,
        row.message,
        row.hint,
        row.crashes,
    )


# ---- jobs ---------------------------------------------------------------------------------------------

OPEN_STATES = ("queued", "running")
FINISHED = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A piece of long work; ``state`` is queued, running, done, failed or cancelled."""

    id: str
    kind: str
    state: str
    request: Mapping[str, Any]
    progress: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    sender: str = PUBLIC


def create_job(db: Connection, kind: str, request: Mapping[str, Any], caller: Caller = ANYONE) -> JobRecord:
    """Adds a queued job of a caller's."""
    own = secrets.token_hex(8)
    db.execute(
        insert(jobs).values(
            id=own,
            kind=kind,
            state="queued",
            request=dict(request),
            progress={},
            created_at=now(),
            sender=caller.name,
        )
    )
    return get_job(db, own)


def start_job(db: Connection, job_id: str) -> bool:
    """Marks a job as running, also one that a process left so; False when it is finished."""
    begun = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(OPEN_STATES))
    return db.execute(begun.values(state="running", started_at=now())).rowcount == 1


def requeue_job(db: Connection, job_id: str) -> None:
    """Marks a job that its process left unfinished as queued again."""
    db.execute(update(jobs).where(jobs.c.id == job_id).values(state="queued", started_at=None))


def advance_job(db: Connection, job_id: str, progress: Mapping[str, Any]) -> None:
    """Records how far a job came."""
    db.execute(update(jobs).where(jobs.c.id == job_id).values(progress=dict(progress)))


def finish_job(
    db: Connection,
    job_id: str,
    state: str,
    *,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """Ends a job as done, failed or cancelled."""
    db.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(
            state=state,
            result=None if result is None else dict(result),
            error=None if error is None else dict(error),
            finished_at=now(),
        )
    )


def get_job(db: Connection, job_id: str, caller: Caller = OWNER) -> JobRecord:
    """Returns one job.

    Raises:
        NotFoundError: there is none with that id, or it is another caller's.
    """
    row = db.execute(_of(select(jobs), (), caller).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFoundError(
            f"There is no job {job_id!r}.", code="unknown_job", hint="List them with: GET /api/jobs"
        )
    return JobRecord(**row._mapping)


def list_jobs(
    db: Connection,
    *,
    states: Sequence[str] = (),
    caller: Caller = OWNER,
    limit: int = 100,
    offset: int = 0,
) -> list[JobRecord]:
    """Returns a caller's newest jobs first, the owner everybody's, only in the given states when there are any:
    ``limit`` of them behind the first ``offset``. Their results are without ``files``, which :func:`get_job` has.
    """
    result = func.json_remove(jobs.c.result, "$.files", type_=jobs.c.result.type).label("result")
    query = select(*(result if column is jobs.c.result else column for column in jobs.c))
    query = _of(query, states, caller).order_by(jobs.c.created_at.desc(), jobs.c.id)
    return [JobRecord(**row._mapping) for row in db.execute(query.limit(limit).offset(offset))]


def _of(query: _Query, states: Sequence[str], caller: Caller) -> _Query:
    if states:
        query = query.where(jobs.c.state.in_(states))
    return query if caller.owner else query.where(jobs.c.sender == caller.name)


def documents_of_jobs(db: Connection, job_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Returns which documents the files of finished jobs became: of each job that has any, ids by path."""
    file = func.json_each(jobs.c.result, "$.files").table_valued("value")
    path, own = (func.json_extract(file.c.value, f"$.{name}") for name in ("path", "document_id"))
    query = (
        select(jobs.c.id, path, own).select_from(jobs).join(file, true()).where(among(jobs.c.id), own != "")
    )
    found: dict[str, dict[str, str]] = {}
    for job, name, document in db.execute(query, {"ids": listed(job_ids)}):
        found.setdefault(job, {})[name] = document
    return found


def next_job(db: Connection) -> JobRecord | None:
    """Returns the oldest job that is not finished, None when there is none."""
    query = select(jobs).where(jobs.c.state.in_(OPEN_STATES)).order_by(jobs.c.created_at, jobs.c.id.desc())
    row = db.execute(query.limit(1)).one_or_none()
    return None if row is None else JobRecord(**row._mapping)


def job_states(db: Connection) -> dict[str, str]:
    """Returns the state of every job by its id."""
    return {row.id: row.state for row in db.execute(select(jobs.c.id, jobs.c.state))}


def count_jobs(db: Connection, states: Sequence[str] = (), caller: Caller = OWNER) -> int:
    """Returns how many jobs a caller has, the owner everybody's, in the given states when there are any."""
    return db.execute(_of(select(func.count()).select_from(jobs), states, caller)).scalar_one()


def forget_in_jobs(db: Connection, documents: Sequence[tuple[str, str]]) -> None:
    """Takes documents, given as (id, path), out of what finished jobs say of their files."""
    ids, paths = {own for own, _ in documents}, {path for _, path in documents}
    for row in db.execute(select(jobs).where(jobs.c.state.not_in(OPEN_STATES))).all():
        files = (row.result or {}).get("files", [])
        kept = [
            one
            for one in files
            if one["document_id"] not in ids and (one["document_id"] or one["path"] not in paths)
        ]
        others = {one["path"] for one in kept}
        names = row.request.get("names", [])
        left = [name for name in names if name not in paths or name in others]
        if len(kept) == len(files) and len(left) == len(names):
            continue
        request = {**row.request, "names": left}
        result = None if row.result is None else {**row.result, "files": kept}
        changed = update(jobs).where(jobs.c.id == row.id)
        db.execute(changed.values(request=request, result=result, progress={}))
