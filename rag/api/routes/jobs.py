"""Jobs: how far an ingest came, live, and ending it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response

from corpus.catalog.records import FINISHED, JobRecord
from corpus.errors import UnavailableError
from corpus.types import Caller
from rag.api.callers import AnyCaller, Writer, get_caller
from rag.api.house import AnyHouse, House, OpenJobs, Visit
from rag.api.readers import WantsJapanese, retell
from rag.api.schemas import JobList, JobShape, event_stream
from rag.api.streaming import Event, EventStream
from rag.as_json import to_json
from rag.jobs import Jobs
from rag.wire import error_json

router = APIRouter(prefix="/api/jobs", tags=["jobs"], dependencies=[Depends(get_caller)])

JobId = Annotated[
    str, Path(min_length=1, max_length=64, description="The job.", examples=["3f1d0c2b4a596877"])
]


@router.get("", summary="List jobs")
def list_jobs(
    jobs: OpenJobs,
    caller: AnyCaller,
    japanese: WantsJapanese,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most this many.", examples=[20])] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31, description="Leave out the first ones.", examples=[0])] = 0,
) -> JobList:
    """Lists the newest jobs first, each with the counts of its `result`; its `files` are at `/api/jobs/{id}`.

    They are those of the caller. Files that became documents the caller may not see are left out.
    """
    told = jobs.as_told(jobs.list(caller, limit, offset), caller)
    return JobList(jobs=[_shape(job, japanese) for job in told], total=jobs.count(caller))


@router.get("/{job_id}", summary="Show a job")
def show_job(jobs: OpenJobs, caller: AnyCaller, japanese: WantsJapanese, job_id: JobId) -> JobShape:
    """Shows how far a job came, and its report once it is done."""
    [told] = jobs.as_told([jobs.get(job_id, caller)], caller)
    return _shape(told, japanese)


@router.delete("/{job_id}", summary="Cancel a job")
def cancel_job(jobs: OpenJobs, caller: Writer, japanese: WantsJapanese, job_id: JobId) -> JobShape:
    """Ends a job after its current document; what is committed stays. A finished job stays as it is."""
    [told] = jobs.as_told([jobs.cancel(job_id, caller)], caller)
    return _shape(told, japanese)


@router.get(
    "/{job_id}/events",
    summary="Follow a job",
    response_class=Response,
    responses={
        200: {
            "content": event_stream("progress", "done", "error"),
            "description": "progress …, then done or error.",
        }
    },
)
def follow_job(
    house: AnyHouse, jobs: OpenJobs, caller: AnyCaller, japanese: WantsJapanese, job_id: JobId
) -> Response:
    """Server-sent events: ``progress`` whenever it changed, then ``done`` or ``error`` as the last one."""
    jobs.get(job_id, caller)
    visit = house.follow()
    return EventStream(_told(house, jobs, caller, japanese, job_id, visit), visit.stop.set, visit.leave)


def _shape(told: JobRecord, japanese: bool) -> JobShape:
    shown = to_json(told)  # what was asked for stays in the sender's words
    return JobShape(**shown | {name: retell(shown[name], japanese) for name in ("result", "error")})


def _told(
    house: House, jobs: Jobs, caller: Caller, japanese: bool, job_id: str, visit: Visit
) -> Generator[Event]:
    for job in jobs.watch(job_id):
        if visit.stop.is_set:
            return
        if job is not None:
            [told] = jobs.as_told([job], caller)
            shown = _shape(told, japanese).model_dump()
            if job.state == "failed" and job.error is not None:
                yield (
                    "error",
                    {
                        "error": {name: shown["error"][name] for name in ("code", "message", "hint")},
                        "job": shown,
                    },
                )
            else:
                yield "done" if job.state in FINISHED else "progress", shown
            if job.state in FINISHED:
                return
        elif house.draining:
            break
        else:
            yield None
    stopping = UnavailableError(
        "The service is stopping.", code="stopping", hint="The job goes on after a restart."
    )
    yield "error", retell({"error": error_json(stopping)}, japanese)
