"""Old jobs are forgotten with their files, and crashed runs leave no folders."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.errors import JobGone, SettingsError
from bot.files import open_files
from bot.rules.delivery import DeliveryLost
from bot.rules.jobs import JobState
from bot.store.encryption import Keys
from bot.store.notes import Notes
from bot.work.membership import check_membership, forget_membership
from bot.work.working_folders import clear_working_folders, working_folder, working_root
from tests.adapters.runner_setup import Bench, bench, empty_url
from tests.jobs import NOW, a_job, a_member, a_reply, an_image_request

__all__ = ["bench", "empty_url"]


@pytest.mark.asyncio
async def test_after_the_days_that_are_set_a_job_and_its_files_are_gone(bench: Bench) -> None:
    old = await bench.ended((await bench.accept(an_image_request(), a_member(), a_reply())).id)
    bench.clock._elapsed += timedelta(days=29).total_seconds()
    assert await bench.retention.prune_jobs() == 0
    bench.clock._elapsed += timedelta(days=2).total_seconds()
    young = await bench.ended((await bench.accept(an_image_request(), a_member(), a_reply())).id)
    assert await bench.retention.prune_jobs() == 1
    with pytest.raises(JobGone):
        await bench.services.job_controls.job(old.id)
    assert not await bench.files.exists(f"jobs/{old.id}/data")
    assert await bench.files.exists(f"jobs/{young.id}/data")


@pytest.mark.asyncio
async def test_who_comes_for_a_video_while_its_files_are_deleted_finds_no_job_any_more(bench: Bench) -> None:
    bench.announcer.refusals = [DeliveryLost("gone")]
    job = await bench.ended((await bench.accept(an_image_request(), a_member(), a_reply())).id)
    bench.clock._elapsed += timedelta(days=31).total_seconds()
    delete, came = bench.files.delete, []

    async def come_and_delete(keys: Iterable[str]) -> None:
        came.append(job.id)
        with pytest.raises(JobGone):
            await bench.services.job_controls.bring(job.id, a_member(), a_reply(message_id=77))
        await delete(keys)

    bench.files.delete = come_and_delete  # type: ignore[method-assign]
    assert await bench.retention.prune_jobs() == 1
    assert came


@pytest.mark.asyncio
async def test_where_moderators_were_asked_is_forgotten_with_the_job(bench: Bench) -> None:
    old = a_job(state=JobState.FAILED, ended_at=NOW - timedelta(days=99))
    await bench.jobs.insert(old)
    notes = Notes(bench.database)
    await notes.put(f"hold:{old.id}", "1:2")
    assert await bench.retention.prune_jobs() == 1
    assert await notes.get(f"hold:{old.id}") is None


@pytest.mark.asyncio
async def test_more_jobs_than_one_look_finds_are_all_forgotten(bench: Bench) -> None:
    for _ in range(130):
        await bench.jobs.insert(a_job(state=JobState.FAILED, ended_at=NOW - timedelta(days=99)))
    assert await bench.retention.prune_jobs() == 130


@pytest.mark.asyncio
async def test_folders_that_a_crash_left_are_cleared_but_none_that_is_worked_in(bench: Bench, tmp_path: Path) -> None:
    left = working_root(bench.settings) / "job-left"
    left.mkdir()
    (left / "raw.mp4").write_bytes(b"x")
    with (
        bench.context.working_folder() as used,
        working_folder(bench.settings, prefix="intake-") as fetched_into,
    ):
        (used / "raw.mp4").write_bytes(b"x")
        (fetched_into / "fetched").write_bytes(b"x")
        await clear_working_folders(bench.settings)
        assert left.exists()  # it is young: somebody may be about to lock it
        for folder in (left, used, fetched_into):
            os.utime(folder, (0, 0))
        await clear_working_folders(bench.settings)
        assert not left.exists()
        assert (used / "raw.mp4").exists()
        assert (fetched_into / "fetched").exists()
    assert bench.leftovers == []
    assert (tmp_path / "data").exists()


@pytest.mark.asyncio
async def test_a_working_folder_is_made_with_its_root_for_one_user_and_goes_with_all_that_is_in_it(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = bench.settings.model_copy(update={"data_dir": Path("elsewhere")})
    with working_folder(settings, prefix="job-") as folder:
        assert folder.is_absolute()
        assert folder.parent == tmp_path / "elsewhere" / "work"
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "raw.mp4").write_bytes(b"x")
        (folder / "deeper" / "still").mkdir(parents=True)
    assert list((tmp_path / "elsewhere" / "work").iterdir()) == []


@pytest.mark.asyncio
async def test_at_its_start_the_only_process_clears_young_folders_too(bench: Bench) -> None:
    (working_root(bench.settings) / "job-left").mkdir()
    await clear_working_folders(bench.settings, at_start=True)
    assert bench.leftovers == []


@pytest.mark.asyncio
async def test_a_process_with_other_files_or_keys_than_the_clusters_is_refused(bench: Bench, tmp_path: Path) -> None:
    notes, first, second = Notes(bench.database), Fernet.generate_key().decode(), Fernet.generate_key().decode()
    folder = working_root(bench.settings)
    await asyncio.gather(*(check_membership(notes, bench.files, Keys([first]), folder=folder) for _ in range(3)))
    assert len(await bench.files.keys("cluster")) == 1
    with pytest.raises(SettingsError, match="SECRET_KEYS"):
        await check_membership(notes, bench.files, Keys([second]), folder=folder)
    await check_membership(notes, bench.files, Keys([second, first]), folder=folder)
    await check_membership(notes, bench.files, Keys([second]), folder=folder)
    with pytest.raises(SettingsError, match="FILES_URL"):
        await check_membership(notes, open_files("", tmp_path / "elsewhere"), Keys([second]), folder=folder)
    await forget_membership(notes)
    await check_membership(notes, open_files("", tmp_path / "elsewhere"), Keys([first]), folder=folder)
