"""openapi.json: OpenAPI 3.1, complete, and every example fits what it is an example of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.unit.webui.api.program import PLENTY, Program
from webui.api.app import create_api


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    answer = Program(create_api(Path("/nonexistent"), PLENTY)).get("/openapi.json")
    assert answer.status_code == 200 and answer.mimetype == "application/json"
    found: dict[str, Any] = answer.json
    return found


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, found in described["paths"].items():
        for method, one in found.items():
            if method != "parameters":
                yield path, method, one


def test_it_is_openapi_3_1_with_a_token_for_each_operation(described: dict[str, Any]) -> None:
    assert described["openapi"] == "3.1.0" and described["info"]["title"] == "filterd"
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    names = [one["operationId"] for _path, _method, one in operations(described)]
    assert len(names) == len(set(names)) > 35
    for path, _method, one in operations(described):
        assert one["security"] == [{"token": []}] and one["summary"] and path.startswith("/api/v1/")
        assert {"401", "403", "429"} <= set(one["responses"])


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    def references(part: Any) -> Iterator[str]:
        for key, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
            if key == "$ref":
                yield value
            else:
                yield from references(value)

    found = set(references(described))
    assert len(found) > 40
    for reference in found:
        where: Any = described
        for key in reference.removeprefix("#/").split("/"):
            where = where[key]


def test_every_member_is_explained_and_every_example_fits(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    assert len(schemas) > 40
    for name, schema in schemas.items():
        assert schema["description"] if name == "ProblemDetails" else True
        for key, member in schema["properties"].items():
            ours = "$ref" in member or name == "ProblemDetails"
            assert ours or member["description"], f"{name}.{key}"
        (example,) = schema["examples"]
        assert set(example) == set(schema["properties"]), name
        whole = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
        jsonschema_rs.validator_for(whole).validate(example)


def test_the_api_takes_the_examples_of_its_description(
    described: dict[str, Any], program: Program, state: Path
) -> None:
    """As they stand, on the demonstration family; what needs a request or an alert first says so."""
    done = []
    for path, method, one in operations(described):
        body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if body is None or one["operationId"] in ("answer", "alerts_seen", "on", "resume"):
            continue
        example = described["components"]["schemas"][body["$ref"].rpartition("/")[2]]["examples"][0]
        where = path.removeprefix("/api/v1").replace("{index}", "0")
        where = where.replace("{ident}", "may-lan" if where.startswith("/devices") else "lan")
        answer = program.call(method.upper(), where, example)
        assert answer.status_code < 300, (method, path, answer.text)
        done.append(one["operationId"])
    assert len(done) >= 12, done


def test_every_parameter_has_an_example_that_fits(described: dict[str, Any]) -> None:
    for path, found in described["paths"].items():
        for one in (
            *found.get("parameters", ()),
            *(p for _m, o in found.items() if isinstance(o, dict) for p in o.get("parameters", ())),
        ):
            example = one.get("example", next(iter(one["schema"].get("examples", ())), None))
            assert example is not None and one["description"], (path, one["name"])
            jsonschema_rs.validator_for(one["schema"]).validate(example)
