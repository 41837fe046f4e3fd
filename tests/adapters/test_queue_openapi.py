"""What the client really sends, held against the service's own description of its routes, where that is beside us."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from bot.http.values import Upload
from bot.queue import QueueClient, QueueModelUnknownError
from bot.rules.catalog import Kind, Model, PromptRule, Role, load_catalog
from sandbox.queue_api import QueueStandIn
from sandbox.queue_api.models import MODELS, MODELS_2026
from tests.adapters.queue_server import Recorded, ScriptedServer, job
from tests.adapters.sandbox_material import PNG, clip

DOCUMENT = Path(__file__).resolve().parents[3] / "shared" / "decart-openapi.json"
needs_document = pytest.mark.skipif(not DOCUMENT.is_file(), reason=f"the service's description is not at {DOCUMENT}")
JOBS = "/v1/jobs/"


def routes() -> dict[str, Any]:
    """The schema of the form that each model takes, by the name in its path."""
    document = json.loads(DOCUMENT.read_bytes())
    found = {}
    for path, methods in document["paths"].items():
        if path.startswith(JOBS) and "{" not in path:
            content = methods["post"]["requestBody"]["content"]["multipart/form-data"]
            found[path.removeprefix(JOBS)] = document["components"]["schemas"][content["schema"]["$ref"].split("/")[-1]]
    return found


def as_read(sent: Recorded, schema: dict[str, Any]) -> dict[str, Any]:
    """The form as the service reads it: a field's text becomes what its schema says it is."""
    read: dict[str, Any] = {}
    for name, part in sent.parts.items():
        kind = schema["properties"].get(name, {}).get("type")
        text = part.filename or part.body.decode()
        read[name] = json.loads(text) if kind in {"integer", "boolean"} else text
    return read


def wire_name(model: Model) -> str:
    return model.endpoint or model.name


def full(model: Model, *, resolution: str) -> dict[str, Any]:
    """As much as the model may be given at once."""
    given: dict[str, Any] = {"seed": 2**32 - 1, "resolution": resolution}
    for role, kind in model.files.items():
        name, body, content_type = PNG if kind is Kind.IMAGE else ("in.mp4", clip(seconds=0.4), "video/mp4")
        given[role.value] = Upload(BytesIO(body), name, content_type)
    if model.form.prompt is PromptRule.EXACTLY_ONE:
        del given[Role.REFERENCE.value]
    return given | {"prompt": "a cat", "enhance_prompt": False}


@needs_document
@pytest.mark.asyncio
async def test_every_submit_of_a_model_that_the_service_lists_is_what_the_service_describes() -> None:
    listed = routes()
    models = [model for model in load_catalog() if wire_name(model) in listed]
    assert len(models) >= 15
    async with ScriptedServer() as server, QueueClient(api_key="k", base_url=server.url) as queue:
        for model in models:
            for resolution in model.resolutions:
                server.on_submit(wire_name(model), job("pending"))
                await queue.submit(model, **full(model, resolution=resolution))
                schema = listed[wire_name(model)]
                read = as_read(server.requests[-1], schema)
                assert not read.keys() - schema["properties"].keys(), model.name
                jsonschema_rs.validate(schema, read)


@needs_document
def test_the_stand_in_of_2026_has_the_routes_that_the_service_describes_and_no_others() -> None:
    assert set(MODELS_2026) == set(routes())


@needs_document
def test_what_was_last_seen_on_the_day_of_the_description_is_in_it_and_what_went_before_is_not() -> None:
    """`lucy-2.1-vton` is in it, but the service's list of changes says that it went."""
    listed = routes()
    for model in load_catalog():
        if model.last_seen == "2026-08-01":
            assert wire_name(model) in listed, model.name
        elif (model.last_seen or "") < "2026-08" and model.name != "lucy-2.1-vton":
            assert wire_name(model) not in listed, model.name


@pytest.mark.asyncio
@pytest.mark.parametrize("routes", ["all", "2026"])
async def test_the_client_finds_out_for_nothing_which_models_are_served(routes: Any) -> None:
    served = MODELS if routes == "all" else MODELS_2026
    async with QueueStandIn(routes=routes) as standin:
        async with QueueClient(api_key=standin.api_key, base_url=standin.url) as queue:
            for model in load_catalog():
                assert await queue.serves(model) is (wire_name(model) in served), model.name
        assert standin.jobs == {}
        assert standin.submits == []


@pytest.mark.asyncio
async def test_a_model_without_a_route_is_unknown_by_405() -> None:
    async with (
        QueueStandIn(routes="2026") as standin,
        QueueClient(api_key="sandbox-key", base_url=standin.url) as queue,
    ):
        with pytest.raises(QueueModelUnknownError) as caught:
            await queue.submit("lucy-pro-t2v", prompt="a cat")
    assert (caught.value.http_status, caught.value.taken) == (405, False)
