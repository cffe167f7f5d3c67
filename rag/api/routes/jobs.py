"""Jobs: how far an ingest came, live, and ending it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from rag.api.house import AnyHouse, OpenJobs
from rag.api.schemas import JobList, JobShape
from rag.api.streaming import Event, EventStream
from rag.jobs import FINISHED
from rag.wire import to_json

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

JobId = Annotated[
    str, Path(min_length=1, max_length=64, description="The job.", examples=["3f1d0c2b4a596877"])
]


@router.get("", summary="List jobs")
def list_jobs(
    jobs: OpenJobs,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most this many.", examples=[20])] = 100,
) -> JobList:
    """Lists the newest jobs first."""
    return JobList(jobs=[JobShape(**to_json(job)) for job in jobs.list(limit)])


@router.get("/{job_id}", summary="Show a job")
def show_job(jobs: OpenJobs, job_id: JobId) -> JobShape:
    """Shows how far a job came, and its report once it is done."""
    return JobShape(**to_json(jobs.get(job_id)))


@router.delete("/{job_id}", summary="Cancel a job")
def cancel_job(jobs: OpenJobs, job_id: JobId) -> JobShape:
    """Ends a job after its current document; what is committed stays. A finished job stays as it is."""
    return JobShape(**to_json(jobs.cancel(job_id)))


@router.get(
    "/{job_id}/events",
    summary="Follow a job",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "progress …, then done or error."}},
)
def follow_job(house: AnyHouse, jobs: OpenJobs, job_id: JobId) -> Response:
    """Server-sent events: ``progress`` whenever it changed, then ``done`` or ``error`` as the last one."""
    jobs.get(job_id)
    left = False

    def leave() -> None:
        nonlocal left
        left = True

    def events() -> Iterator[Event]:
        for job in jobs.watch(job_id):
            if left:
                return
            if job is None:
                yield None
            elif job.state in FINISHED:
                yield ("error" if job.state == "failed" else "done"), to_json(job)
                return
            else:
                yield "progress", to_json(job)
        yield (
            "error",
            {
                "code": "stopping",
                "message": "The service is stopping.",
                "hint": "The job goes on after a restart.",
            },
        )

    return EventStream(events(), leave)
