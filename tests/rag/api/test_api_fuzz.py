"""Schemathesis over the OpenAPI document: no 5xx, and nothing that the document does not say."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.rag.company import Live

EXAMPLES = 25
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
def test_no_request_breaks_the_service_or_its_word(live: Live, mode: Any) -> None:
    # The plugin's own parametrisation does not work with this pytest, so the operations are walked here.
    schema = schemathesis.openapi.from_url(f"{live.url}/openapi.json")
    walked = []
    for found in schema.get_all_operations():
        operation = found.ok()
        walked.append(operation.label)

        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        @hypothesis.settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        def conforms(case: Any) -> None:
            case.call_and_validate(checks=CHECKS, timeout=60)

        try:
            conforms()
        except hypothesis.errors.Unsatisfiable:
            assert mode is schemathesis.GenerationMode.NEGATIVE, operation.label  # nothing in it can be wrong
    assert {"POST /api/ask", "POST /api/documents", "GET /api/jobs/{job_id}/events"} <= set(walked)
