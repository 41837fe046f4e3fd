"""A job of the second service on its way through the pipeline, on both databases, against its stand-in over sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.errors import TooLateToCancel
from bot.fal import FalClient
from bot.fal.video_service import FalVideoService
from bot.http.tuning import Retry, Timeouts
from bot.rules.catalog import Operation, load_catalog
from bot.rules.jobs import Job, JobState
from bot.rules.polling import AdaptivePolling, PollBounds
from bot.rules.requests import Inputs, compose
from bot.rules.services import Submitted
from sandbox.fal import FalStandIn
from tests.adapters.runner_setup import MP4, Bench, bench, empty_url
from tests.jobs import a_member, a_reply, an_image_request

__all__ = ["bench", "empty_url"]

S = JobState
CATALOG = load_catalog(services=("decart", "fal"))
VEO = CATALOG.get("veo-3.1-lite")
WAN = CATALOG.get("wan-2.2-turbo-i2v")


@pytest_asyncio.fixture
async def fal(bench: Bench) -> AsyncIterator[FalStandIn]:
    """The stand-in, which the bench's process knows besides the first service."""
    async with FalStandIn(clip=bench.service.clip, clock=bench.clock) as standin:

        def client() -> FalClient:
            return FalClient(
                key=standin.key,
                base_url=standin.url,
                rest_url=standin.rest_url,
                media_hosts=[standin.media_host],
                clock=bench.clock,
                polling=AdaptivePolling(bench.durations, PollBounds(poll_min=0.5)),
                retry=Retry(submit_attempts=1),
                timeouts=Timeouts(connect=timedelta(seconds=5)),
            )

        await bench.close()
        bench.catalog, bench.second_service = CATALOG, client
        await bench.open()
        yield standin
        await bench.engine.close()  # before the stand-in stops


async def _accept(bench: Bench, prompt: str = "a cat", **inputs: Any) -> Job:
    return await bench.accept(compose(VEO, Inputs(prompt=prompt, **inputs)), a_member(), a_reply())


async def _run(bench: Bench, prompt: str = "a cat", **inputs: Any) -> Job:
    return await bench.ended((await _accept(bench, prompt, **inputs)).id)


@pytest.mark.asyncio
async def test_a_prompt_becomes_a_video_by_the_same_states(bench: Bench, fal: FalStandIn) -> None:
    fal.queue.wait_seconds = fal.queue.work_seconds = 20.0
    job = await _run(bench, orientation="portrait")
    assert job.state is S.DELIVERED, job.failure
    assert bench.announcer.states(job.id) == ["accepted", "pending", "processing"]
    [(_, _, video)] = bench.announcer.delivered
    assert video == MP4
    [submit] = fal.submits
    seed = job.request.inputs.seed
    assert submit.path == "/fal-ai/veo3.1/lite"
    assert submit.arguments == {
        "prompt": "a cat", "aspect_ratio": "9:16", "seed": seed, "duration": "8s", "resolution": "720p",
        "generate_audio": False, "auto_fix": False,
    }  # fmt: skip
    assert job.remote_id == f"fal:fal-ai/veo3.1/requests/{submit.job_id}"
    assert bench.service.submits == []


@pytest.mark.asyncio
async def test_an_input_is_uploaded_and_each_service_gets_its_own_jobs(bench: Bench, fal: FalStandIn) -> None:
    picture = an_image_request()
    request = compose(WAN, Inputs(prompt="snow"), picture.files)
    job = await bench.ended((await bench.accept(request, a_member(), a_reply())).id)
    assert job.state is S.DELIVERED, job.failure
    [submit] = fal.submits
    assert submit.arguments["image_url"].startswith(f"{fal.media_url}/files/")
    other = await bench.ended((await bench.accept(picture, a_member(), a_reply())).id)
    assert other.state is S.DELIVERED, other.failure
    assert (len(fal.submits), len(bench.service.submits)) == (1, 1)
    assert picture.operation is Operation.IMAGE_TO_VIDEO


@pytest.mark.asyncio
@pytest.mark.parametrize("state", ["pending", "processing"])
async def test_a_killed_process_goes_on_where_it_was_without_a_second_submit(
    bench: Bench, fal: FalStandIn, state: str
) -> None:
    fal.queue.wait_seconds = 30.0 if state == "pending" else 0.0
    fal.queue.work_seconds = 60.0
    job = await _accept(bench)
    await bench.until(lambda: state in bench.announcer.states(job.id))
    await bench.kill()
    await bench.open()
    await bench.engine.start(job.id)
    assert (await bench.ended(job.id)).state is S.DELIVERED
    assert (len(fal.submits), len(bench.announcer.delivered)) == (1, 1)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("word", "key", "facts"),
    [
        ("fail: no cats today", "service_failed", {"reason": "no cats today"}),
        ("policy", "content_refused", {"reason": "prompt: The prompt was flagged as unsafe"}),
        ("plain: no cats", "service_failed", {"reason": "no cats"}),
        ("runner startup_timeout", "service_busy", {}),
        ("balance", "out_of_credits", {}),
        ("locked", "out_of_credits", {}),
        ("status 401", "key_refused", {}),
        ("reset after", "outcome_unknown", {}),
        ("no video", "result_invalid", {}),
        ("foreign", "result_invalid", {}),
        ("file gone", "job_expired", {}),
    ],
)
async def test_a_job_that_fails_says_why_and_is_given_back_unless_its_video_was_made(
    bench: Bench, fal: FalStandIn, word: str, key: str, facts: dict[str, Any]
) -> None:
    job = await _run(bench, f"a cat [{word}]")
    assert job.failure, job.state
    assert (job.failure.key, job.failure.facts) == (key, facts)
    assert job.refunded is (key not in {"result_invalid", "job_expired"})
    assert len(fal.submits) == 1
    assert len(fal.jobs) <= 1


@pytest.mark.asyncio
async def test_a_submit_that_was_not_taken_is_sent_again(bench: Bench, fal: FalStandIn) -> None:
    job = await _run(bench, "a cat [status 429 x2 after 3]")
    assert job.state is S.DELIVERED
    assert (len(fal.submits), len(fal.jobs)) == (3, 1)


@pytest.mark.asyncio
async def test_a_sub_path_that_is_gone_rests_its_model(bench: Bench, fal: FalStandIn) -> None:
    fal.queue.retired = {"fal-ai/veo3.1/lite"}
    job = await _run(bench)
    assert job.failure
    assert job.failure.key == "model_unavailable"
    assert list(bench.availability.resting([VEO])) == [VEO.name]


@pytest.mark.asyncio
async def test_a_job_in_the_services_queue_is_cancelled_there_and_given_back(bench: Bench, fal: FalStandIn) -> None:
    fal.queue.wait_seconds = 3600.0
    job = await _accept(bench)
    await bench.until(lambda: "pending" in bench.announcer.states(job.id))
    cancelled = await bench.services.job_controls.cancel(job.id, a_member())
    assert (cancelled.state, cancelled.refunded) == (S.CANCELLED, True)
    assert [call.action for call in fal.requests].count("cancel") == 1
    assert fal.charged_dollars == 0
    with pytest.raises(TooLateToCancel):
        await bench.services.job_controls.cancel(job.id, a_member())


@pytest.mark.asyncio
async def test_a_job_that_is_cancelled_while_it_is_submitted_is_called_back(
    bench: Bench, fal: FalStandIn, monkeypatch: Any
) -> None:
    fal.queue.wait_seconds = 3600.0
    submit = FalVideoService.submit

    async def submit_and_cancel(self: FalVideoService, *args: Any, **facts: Any) -> Submitted:
        taken = await submit(self, *args, **facts)
        [job_id] = bench.engine._tasks
        await bench.services.job_controls.cancel(job_id, a_member())
        return taken

    monkeypatch.setattr(FalVideoService, "submit", submit_and_cancel)
    assert (await _run(bench)).state is S.CANCELLED
    assert [call.action for call in fal.requests].count("cancel") == 1
    assert fal.charged_dollars == 0


@pytest.mark.asyncio
async def test_a_job_at_work_is_cancelled_there_and_counts(bench: Bench, fal: FalStandIn) -> None:
    fal.queue.work_seconds = 3600.0
    job = await _accept(bench)
    await bench.until(lambda: "processing" in bench.announcer.states(job.id))
    cancelled = await bench.services.job_controls.cancel(job.id, a_member())
    assert (cancelled.state, cancelled.refunded) == (S.CANCELLED, False)
    assert [call.action for call in fal.requests].count("cancel") == 1


@pytest.mark.asyncio
async def test_a_job_whose_services_key_was_taken_away_ends_with_a_sentence(bench: Bench, fal: FalStandIn) -> None:
    fal.queue.work_seconds = 3600.0
    job = await _accept(bench)
    await bench.until(lambda: "processing" in bench.announcer.states(job.id))
    await bench.kill()
    bench.second_service = None
    await bench.open()
    await bench.engine.start(job.id)
    ended = await bench.ended(job.id)
    assert ended.failure
    assert (ended.state, ended.failure.key) == (S.FAILED, "key_refused")


@pytest.mark.asyncio
async def test_a_used_up_balance_is_told_to_the_operator_once_until_the_service_takes_jobs_again(
    bench: Bench, fal: FalStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    def lines(words: str) -> int:
        return sum(words in record.getMessage() for record in caplog.records)

    caplog.set_level("INFO")
    for prompt in ("a cat [balance]", "a dog [balance]"):
        assert (await _run(bench, prompt)).failure is not None
    assert lines("the service fal takes no jobs: out_of_credits") == 1
    assert (await _run(bench)).state is S.DELIVERED
    assert lines("the service fal takes jobs again") == 1
    assert b'clapper_service_refusals_total{error="out_of_credits",service="fal"} 2.0' in bench.metrics.page()


@pytest.mark.asyncio
async def test_what_the_service_billed_takes_the_place_of_what_was_reckoned(bench: Bench, fal: FalStandIn) -> None:
    job = await _accept(bench)
    assert (job.cost, job.output_seconds) == (0.24, 8.0)
    fal.queue.billed_units = 6.0
    job = await bench.ended(job.id)
    assert (job.state, job.cost) == (S.DELIVERED, 0.18)


@pytest.mark.asyncio
async def test_a_bill_that_makes_no_sense_is_not_counted(
    bench: Bench, fal: FalStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    """One odd header must not use up what a whole server may spend."""
    fal.queue.billed_units = 900_000.0
    job = await bench.ended((await _accept(bench)).id)
    assert (job.state, job.cost) == (S.DELIVERED, 0.24)
    assert any(job.id in line and "billed" in line for line in caplog.messages)


@pytest.mark.asyncio
async def test_sound_and_resolution_have_their_price_when_reserved_settled_and_billed(
    bench: Bench, fal: FalStandIn
) -> None:
    with_sound = await _accept(bench, audio=True)
    assert with_sound.cost == 0.40
    assert (await bench.ended(with_sound.id)).cost == 0.40
    fal.queue.billed_units = 6.0
    assert (await _run(bench, audio=True)).cost == 0.30
    assert (await _run(bench, audio=False)).cost == 0.18
    fal.queue.billed_units = 1.0
    wan = CATALOG.get("wan-2.2-turbo-t2v")
    for resolution, dollars in (("480p", 0.05), ("720p", 0.10), (None, 0.10)):
        inputs = Inputs.model_validate({"prompt": "a cat", "resolution": resolution})
        small = await bench.accept(compose(wan, inputs), a_member(), a_reply())
        assert small.cost == dollars
        assert (await bench.ended(small.id)).cost == dollars
