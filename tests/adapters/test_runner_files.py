"""Jobs while their files can't be stored or read: a paid video is never lost to that, and nothing is sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.errors import FilesUnavailable
from bot.rules.delivery import DeliveryLost
from bot.rules.jobs import Job, JobState
from bot.work.working_folders import working_root
from tests.adapters.runner_setup import MP4, Bench, bench, empty_url
from tests.jobs import a_member, a_reply, a_request, an_image_request

__all__ = ["bench", "empty_url"]

S = JobState
DISCORD_PAUSE = 60.0


@contextmanager
def nothing_can_be_stored(bench: Bench, *, keep: Path | None = None) -> Iterator[None]:
    """A file stands where the folder of all jobs' files has to be; `keep` is where that folder is meanwhile."""
    folder = bench.folder / "files" / "jobs"
    if keep is not None:
        folder.rename(keep)
    folder.write_text("in the way")
    try:
        yield
    finally:
        if keep is None:
            folder.unlink()
        else:  # in one step: between two, whoever reads would find no file rather than a store that is away
            link = keep.with_name("link")
            link.symlink_to(keep, target_is_directory=True)
            link.replace(folder)


async def accepted(bench: Bench, *, picture: bool = False) -> Job:
    request = an_image_request() if picture else a_request()
    return await bench.accept(request, a_member(), a_reply())


@pytest.mark.asyncio
async def test_the_stored_video_and_the_one_that_goes_out_are_the_same_bytes_under_two_names(bench: Bench) -> None:
    shared: list[bool] = []

    async def look(job: Job) -> None:
        [video] = working_root(bench.settings).rglob("*.mp4")
        shared.append(video.samefile(bench.folder / "files" / "jobs" / job.id / "result"))

    bench.announcer.on_deliver = look
    job = await bench.ended((await accepted(bench)).id)
    await bench.services.job_controls.bring(job.id, a_member(), a_reply(message_id=88))
    assert shared == [True, True]


@pytest.mark.asyncio
async def test_a_video_that_cannot_be_stored_is_handed_over_from_the_working_folder(bench: Bench) -> None:
    with nothing_can_be_stored(bench):
        job = await bench.ended((await accepted(bench)).id)
    assert (job.state, job.failure, job.result) == (S.DELIVERED, None, None)
    assert [video for _, _, video in bench.announcer.delivered] == [MP4]
    await bench.services.job_controls.bring(job.id, a_member(), a_reply(message_id=88))
    assert bench.announcer.delivered[-1][0].reply.message_id == 88, "the service still has it"


@pytest.mark.asyncio
async def test_a_video_that_nobody_can_be_given_is_stored_before_it_waits_for_its_member(bench: Bench) -> None:
    async def out_of_reach(_: Job) -> None:
        raise DeliveryLost("token_expired")

    bench.announcer.on_deliver = out_of_reach
    with nothing_can_be_stored(bench):
        asked = await accepted(bench)
        await bench.until(lambda: bench.clock.slept.count(DISCORD_PAUSE) >= 2)
        assert (await bench.jobs.get(asked.id)).undeliverable is None
    job = await bench.ended(asked.id)
    assert (job.state, job.undeliverable) == (S.COMPLETED, "token_expired")
    assert job.result is not None
    assert await bench.files.exists(job.result.key)


@pytest.mark.asyncio
async def test_a_stored_video_that_cannot_be_read_now_is_delivered_later(bench: Bench) -> None:
    bench.announcer.refusals = [DeliveryLost("token_expired")]
    job = await bench.ended((await accepted(bench)).id)
    with nothing_can_be_stored(bench, keep=bench.folder / "elsewhere"):
        await bench.services.job_controls.bring(job.id, a_member(), a_reply(message_id=77))
        before = len(bench.clock.slept)
        await bench.until(lambda: len(bench.clock.slept) >= before + 2)
        assert (await bench.jobs.get(job.id)).state is S.COMPLETED
    job = await bench.ended(job.id)
    assert (job.state, job.failure) == (S.DELIVERED, None)
    with (
        nothing_can_be_stored(bench, keep=bench.folder / "elsewhere again"),
        pytest.raises(FilesUnavailable),
    ):
        await bench.services.job_controls.bring(job.id, a_member(), a_reply(message_id=99))


@pytest.mark.asyncio
async def test_inputs_that_cannot_be_stored_are_stored_later(bench: Bench) -> None:
    with nothing_can_be_stored(bench):
        asked = await accepted(bench, picture=True)
        await bench.until(lambda: len(bench.intake.taken) >= 2)
        assert (await bench.jobs.get(asked.id)).state is S.ACCEPTED
    assert (await bench.ended(asked.id)).state is S.DELIVERED
    assert len(bench.service.submits) == 1


@pytest.mark.asyncio
async def test_inputs_that_cannot_be_read_for_the_submit_leave_no_unknown_outcome(bench: Bench, tmp_path: Path) -> None:
    fetched: list[str] = []
    fetch = bench.files.fetch

    async def fetch_noted(key: str, to: Path) -> Path:
        fetched.append(key)
        return await fetch(key, to)

    bench.files.fetch = fetch_noted  # type: ignore[method-assign]  # to see when it is asked for
    take = bench.intake.take
    blocked = nothing_can_be_stored(bench, keep=tmp_path / "elsewhere")

    async def take_then_block(*arguments: object) -> object:
        stored = await take(*arguments)  # type: ignore[arg-type]  # handed on as they came
        blocked.__enter__()
        return stored

    bench.intake.take = take_then_block  # type: ignore[method-assign,assignment]  # of the tests' own intake
    asked = await accepted(bench, picture=True)
    await bench.until(lambda: len(fetched) >= 2)
    assert bench.service.submits == []
    blocked.__exit__(None, None, None)
    job = await bench.ended(asked.id)
    assert (job.state, job.failure) == (S.DELIVERED, None)
    assert len(bench.service.submits) == 1


@pytest.mark.asyncio
async def test_a_working_folder_that_cannot_be_made_is_waited_for(bench: Bench) -> None:
    root = working_root(bench.settings)
    await asyncio.to_thread(root.rmdir)
    await asyncio.to_thread(root.write_text, "in the way")
    asked = await accepted(bench)
    await bench.until(lambda: len(bench.clock.slept) >= 3)
    assert not (await bench.jobs.get(asked.id)).ended
    await asyncio.to_thread(root.unlink)
    assert (await bench.ended(asked.id)).state is S.DELIVERED
