"""The stand-in takes what the service takes, and says field by field what it doesn't."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sandbox.queue_api import QueueStandIn
from sandbox.queue_api.models import MODELS, Words
from sandbox.render.operations import Operation
from sandbox.service.sniff import Kind
from tests.adapters.sandbox_material import PNG, Caller, clip

pytestmark = pytest.mark.xdist_group("forms")  # its stand-in is started once

VIDEO = ("clip.mp4", clip(seconds=0.4), "video/mp4")
POINTS = json.dumps([{"frame": 0, "x": 10, "y": 20.5}, {"frame": 9, "x": 1280, "y": 704}])
Files = dict[str, tuple[str, bytes, str]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def caller(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Caller]:
    """A stand-in that answers one ready clip: what is drawn is another file's matter."""
    ready = Path(tmp_path_factory.mktemp("ready")) / "ready.mp4"
    ready.write_bytes(VIDEO[1])
    async with QueueStandIn(clip=ready, max_file_bytes=100_000) as standin, aiohttp.ClientSession() as session:
        yield Caller(standin, session)


def full(model: str) -> tuple[dict[str, str], Files]:
    """Texts and files that the model must be given, and no more."""
    known = MODELS[model]
    files: Files = {name: PNG if kind is Kind.IMAGE else VIDEO for name, kind in known.shape.files.items()}
    texts = {} if known.shape.words is Words.NONE else {"prompt": "a cat"}
    return (texts | {"trajectory": POINTS} if known.shape.trajectory else texts), files


def problems(said: Any) -> list[tuple[str, str]]:
    """What a 422 complains about: last part of the place, and type."""
    assert all({"loc", "msg", "type"} == set(problem) for problem in said["detail"])
    return [(str(problem["loc"][-1]), problem["type"]) for problem in said["detail"]]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("model", MODELS)
async def test_every_model_takes_the_least_and_the_most_that_it_may_be_given(caller: Caller, model: str) -> None:
    texts, files = full(model)
    await caller.taken(model, texts, files)
    known = MODELS[model]
    more = {"seed": "4294967295", "resolution": known.resolutions[-1]}
    more |= {"orientation": "portrait"} if known.turns else {}
    more |= {"enhance_prompt": "True"} if known.enhance else {}
    reference: Files = {"reference_image": PNG} if known.reference and known.operation is not Operation.RESTYLE else {}
    await caller.taken(model, {**texts, **more}, {**files, **reference})


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("model", MODELS)
async def test_every_model_names_the_fields_that_it_misses_and_those_that_it_does_not_know(
    caller: Caller, model: str
) -> None:
    known = MODELS[model]
    missing = {(name, "missing") for name in known.shape.files}
    missing |= {("trajectory", "missing")} if known.shape.trajectory else set()
    missing |= {("prompt", "missing")} if known.shape.words is Words.PROMPT else set()
    missing |= {("body", "value_error")} if known.shape.words in {Words.ONE, Words.ANY} else set()
    status, said = await caller.submit(model, {"steps": "9"})
    assert status == 422
    assert set(problems(said)) == missing | {("steps", "extra_forbidden")}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("model", "texts", "expected"),
    [
        ("lucy-pro-t2v", {"prompt": ""}, ("prompt", "string_too_short")),
        ("lucy-pro-t2v", {"prompt": "x" * 1001}, ("prompt", "string_too_long")),
        ("lucy-pro-t2v", {"seed": "-1"}, ("seed", "out_of_range")),
        ("lucy-pro-t2v", {"seed": "4294967296"}, ("seed", "out_of_range")),
        ("lucy-pro-t2v", {"seed": "1.5"}, ("seed", "int_parsing")),
        ("lucy-pro-t2v", {"seed": ""}, ("seed", "int_parsing")),
        ("lucy-pro-t2v", {"resolution": "1080p"}, ("resolution", "literal_error")),
        ("lucy-pro-t2v", {"orientation": "square"}, ("orientation", "literal_error")),
        ("lucy-pro-t2v", {"enhance_prompt": "true"}, ("enhance_prompt", "extra_forbidden")),
        ("lucy-pro-t2v", {"data": "https://example.org/cat.jpg"}, ("data", "extra_forbidden")),
        ("lucy-dev-i2v", {"resolution": "480p"}, ("resolution", "literal_error")),
        ("lucy-pro-i2v", {"orientation": "portrait"}, ("orientation", "extra_forbidden")),
        ("lucy-clip", {"enhance_prompt": "yes please"}, ("enhance_prompt", "bool_parsing")),
        ("lucy-motion", {"prompt": "left"}, ("prompt", "extra_forbidden")),
        ("lucy-motion", {"trajectory": "[{'frame': 0}]"}, ("trajectory", "json_invalid")),
        ("lucy-motion", {"trajectory": "{}"}, ("trajectory", "list_type")),
        ("lucy-motion", {"trajectory": '[{"frame": 0, "x": 1, "y": 1}]'}, ("trajectory", "list_length")),
        ("lucy-motion", {"trajectory": '[{"frame": 0, "x": NaN, "y": 1}, 2]'}, ("0", "value_error")),
        ("lucy-motion", {"trajectory": POINTS.replace("1280", "1281")}, ("1", "value_error")),
        ("lucy-motion", {"trajectory": POINTS.replace("9", "0")}, ("1", "value_error")),
    ],
)
async def test_a_wrong_option_is_refused_by_name(
    caller: Caller, model: str, texts: dict[str, str], expected: tuple[str, str]
) -> None:
    right, files = full(model)
    status, said = await caller.submit(model, {**right, **texts}, files)
    assert (status, problems(said)) == (422, [expected])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_thousand_characters_are_counted_as_characters(caller: Caller) -> None:
    await caller.taken("lucy-pro-t2v", {"prompt": "🐈" * 1000})


@pytest.mark.asyncio(loop_scope="module")
async def test_restyle_takes_exactly_one_of_prompt_and_reference(caller: Caller) -> None:
    await caller.taken("lucy-restyle-2", {}, {"data": VIDEO, "reference_image": PNG})
    both: Files = {"data": VIDEO, "reference_image": PNG}
    status, said = await caller.submit("lucy-restyle-2", {"prompt": "oil"}, both)
    assert (status, problems(said)) == (422, [("body", "value_error")])
    status, said = await caller.submit("lucy-restyle-2", {"enhance_prompt": "true"}, both)
    assert (status, problems(said)) == (422, [("enhance_prompt", "value_error")])


@pytest.mark.asyncio(loop_scope="module")
async def test_an_edit_takes_an_empty_prompt_with_a_reference(caller: Caller) -> None:
    await caller.taken("lucy-2.1", {"prompt": ""}, {"data": VIDEO, "reference_image": PNG})


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("model", "part", "kind"),
    [
        ("lucy-clip", PNG, "invalid_file"),
        ("lucy-clip", ("clip.mp4", VIDEO[1][:60], "video/mp4"), "invalid_file"),
        ("lucy-clip", ("list.mp4", b"#EXTM3U\n/etc/passwd\n", "video/mp4"), "invalid_file"),
        ("lucy-pro-i2v", VIDEO, "invalid_file"),
        ("lucy-pro-i2v", ("cut.png", PNG[1][:100], "image/png"), "invalid_file"),
        ("lucy-pro-i2v", ("none.png", b"", "image/png"), "file_empty"),
    ],
)
async def test_a_file_of_the_wrong_kind_is_refused(
    caller: Caller, model: str, part: tuple[str, bytes, str], kind: str
) -> None:
    status, said = await caller.submit(model, {"prompt": "a cat"}, {"data": part})
    assert (status, problems(said)) == (422, [("data", kind)])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_file_over_the_cap_is_too_large(caller: Caller) -> None:
    huge = ("huge.png", PNG[1] + bytes(200_000), "image/png")
    status, said = await caller.submit("lucy-pro-i2v", {"prompt": "a cat"}, {"data": huge})
    assert status == 413
    assert "100000 bytes" in said["detail"]


@pytest.mark.asyncio(loop_scope="module")
async def test_words_alone_may_come_urlencoded(caller: Caller) -> None:
    url, sent = f"{caller.standin.url}/v1/jobs/lucy-pro-t2v", {"prompt": "a cat & a dog", "seed": "3"}
    async with caller.session.post(url, data=sent, headers=caller.headers) as response:
        said = await response.json()
    assert caller.standin.requests[-1].headers["Content-Type"] == "application/x-www-form-urlencoded"
    job = caller.standin.jobs[said["job_id"]]
    assert (job.order.prompt, job.seed) == ("a cat & a dog", 3)


@pytest.mark.asyncio(loop_scope="module")
async def test_other_bodies_are_refused(caller: Caller) -> None:
    url = f"{caller.standin.url}/v1/jobs/lucy-pro-t2v"
    async with caller.session.post(url, json={"prompt": "a cat"}, headers=caller.headers) as response:
        assert (response.status, problems(await response.json())) == (422, [("body", "content_type")])
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    async with caller.session.post(url, data=b"--x\r\nnonsense", headers=caller.headers | kind) as response:
        assert response.status == 422


@pytest.mark.asyncio(loop_scope="module")
async def test_a_field_given_twice_is_refused(caller: Caller) -> None:
    data = aiohttp.FormData([("prompt", "one"), ("prompt", "two")], default_to_multipart=True)
    url = f"{caller.standin.url}/v1/jobs/lucy-pro-t2v"
    async with caller.session.post(url, data=data, headers=caller.headers) as response:
        assert problems(await response.json()) == [("prompt", "repeated")]


@pytest.mark.asyncio(loop_scope="module")
async def test_an_unknown_or_retired_model_is_not_found(caller: Caller) -> None:
    assert await caller.submit("no-such-model", {"prompt": "a cat"}) == (
        404,
        {"detail": "Model 'no-such-model' not found"},
    )
    caller.standin.retired.add("lucy-dev-i2v")
    assert (await caller.submit("lucy-dev-i2v", {"prompt": "a cat"}, {"data": PNG}))[0] == 404
    caller.standin.retired.clear()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("key", [None, "", "another key"])
async def test_every_call_needs_the_key(caller: Caller, key: str | None) -> None:
    headers = {} if key is None else {"X-API-KEY": key}
    base = f"{caller.standin.url}/v1/jobs"
    async with caller.session.post(f"{base}/lucy-pro-t2v", data={"prompt": "a cat"}, headers=headers) as response:
        assert (response.status, await response.json()) == (401, {"detail": "Invalid API key"})
    for path in ("some-id", "some-id/content"):
        async with caller.session.get(f"{base}/{path}", headers=headers) as response:
            assert response.status == 401
