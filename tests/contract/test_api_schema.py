"""The API keeps to its own description: schemathesis calls every operation with what it allows, and with what it does not.

Each operation gets a household of its own, so that none removes what another looks for. Positive data are not expected to
be taken: which ids there are the description cannot say, and what names another is refused with 422.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks as common
from schemathesis.specs.openapi import checks

from tests.examples import examples
from tests.unit.webui.api.program import PLENTY, token_of
from tests.unit.webui.client import made
from tests.unit.webui.test_ask import with_lists
from webui.api.app import BASE, create_api

API = create_api(Path("/nonexistent"), PLENTY)  # its description needs no household
CHECKS = [
    common.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
    checks.ignored_auth,
    checks.unsupported_method,
    checks.allow_header_conformance,
]


def in_the_house(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    environ["REMOTE_ADDR"] = "192.168.1.20"
    return API(environ, start_response)


schema = schemathesis.openapi.from_wsgi(f"{BASE}/openapi.json", in_the_house)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A household in the API, and a token that may everything there."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    monkeypatch.setitem(API.config, "STATE", with_lists(made(tmp_path / "state")))
    return token_of(tmp_path / "state")


@schema.parametrize()
@settings(
    max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)
def test_every_operation_keeps_to_its_description(case: schemathesis.Case, token: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
