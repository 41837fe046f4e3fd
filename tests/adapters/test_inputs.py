"""From an attachment to stored bytes: a real host, the real child, real files; and nothing left behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.download import Downloader
from bot.errors import (
    FileBroken,
    FileEmpty,
    FileForbidden,
    FileGone,
    FilesUnavailable,
    FileTooLarge,
    FileUnsupported,
    InputRejected,
    PictureTooLarge,
    VideoTooLarge,
)
from bot.files import StoredFiles, open_files
from bot.media import Normaliser
from bot.media.guard import Guard
from bot.media.workers import Workers
from bot.rules.catalog import Model, Role
from bot.rules.jobs import Job, StoredFile
from bot.rules.requests import Attachment, Inputs, compose
from bot.settings import Settings
from bot.work.jobs.inputs import INPUTS_AT_ONCE, DiscordInputs
from bot.work.working_folders import clear_working_folders, working_root
from tests import corpus
from tests.clock import ManualClock
from tests.jobs import CATALOG, a_job, a_member
from tests.media_workers import shared_workers

MIB = 1024**2
ANIMATE, RESTYLE = CATALOG.get("lucy-pro-i2v"), CATALOG.get("lucy-pro-v2v")
BETWEEN = CATALOG.get("lucy-pro-flf2v")


class Bench:
    """A host with a folder of files, an intake that may fetch from it, and the places that it writes to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.attached = folder / "attached"
        self.attached.mkdir()
        self.asked: list[str] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.settings = Settings.model_validate(
            {"discord_token": "t", "decart_api_key": "k", "data_dir": folder / "data", "max_input_bytes": 2 * MIB}
        )
        self.files: StoredFiles = open_files("", folder / "data")
        app = web.Application()
        app.router.add_get("/{name}", self._answer)
        self.server = TestServer(app, host="127.0.0.1")
        self.workers = shared_workers()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked.append(name)
        if self.meanwhile is not None:
            await self.meanwhile()
        path = self.attached / name
        if not path.exists():
            raise web.HTTPNotFound
        return web.Response(body=await asyncio.to_thread(path.read_bytes), content_type="application/octet-stream")

    def attachment(self, path: Path, **facts: Any) -> Attachment:
        plain = {
            "url": f"http://127.0.0.1:{self.server.port}/{path.name}",
            "filename": path.name,
            "size_bytes": path.stat().st_size if path.exists() else 10,
        }
        return Attachment(**plain | facts)

    @asynccontextmanager
    async def intake(self) -> AsyncIterator[DiscordInputs]:
        async with Downloader([f"127.0.0.1:{self.server.port}"], clock=ManualClock(auto=True)) as downloader:
            yield DiscordInputs(
                downloader=downloader,
                normaliser=Normaliser(Guard(self.workers)),
                files=self.files,
                settings=self.settings,
            )

    async def take(self, model: Model, **files: Attachment) -> tuple[Job, dict[Role, StoredFile]]:
        job = _asking(model, {Role(role): file for role, file in files.items()})
        async with self.intake() as intake:
            return job, await intake.take(job, model)

    async def take_many(self, model: Model, files: Sequence[Attachment]) -> list[dict[Role, StoredFile]]:
        """One job for each file, all at once, each of another member."""
        async with self.intake() as intake:
            jobs = [_asking(model, {Role.DATA: file}, user_id=number) for number, file in enumerate(files)]
            return await asyncio.gather(*(intake.take(job, model) for job in jobs))

    async def refusal(self, model: Model, **files: Attachment) -> InputRejected:
        with pytest.raises(InputRejected) as caught:
            await self.take(model, **files)
        await self.assert_nothing_stays()
        return caught.value

    async def assert_nothing_stays(self) -> None:
        assert [path for path in (self.folder / "data").rglob("*") if path.is_file()] == []
        assert list((self.folder / "data" / "work").glob("*")) == []

    async def content(self, stored: StoredFile) -> bytes:
        return await asyncio.to_thread((await self.files.fetch(stored.key, self.folder / "fetched")).read_bytes)


def _asking(model: Model, files: dict[Role, Attachment], user_id: int = 7) -> Job:
    return a_job(request=compose(model, Inputs(prompt="make it snow"), files), requester=a_member(user_id=user_id))


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    await bench.server.start_server()
    yield bench
    await bench.server.close()


@pytest.mark.asyncio
async def test_a_good_picture_is_stored_byte_for_byte(bench: Bench) -> None:
    path = corpus.saved(bench.attached / "my cat.exe", "PNG")
    job, stored = await bench.take(ANIMATE, data=bench.attachment(path))
    found = stored[Role.DATA]
    assert found.key == f"jobs/{job.id}/data"
    assert (found.filename, found.content_type, found.size_bytes) == ("my_cat.png", "image/png", path.stat().st_size)
    assert await bench.content(found) == path.read_bytes()
    assert list((bench.folder / "data" / "work").iterdir()) == []


@pytest.mark.asyncio
async def test_a_file_that_is_still_coming_is_not_cleared_away(bench: Bench) -> None:
    async def clear() -> None:
        for folder in working_root(bench.settings).iterdir():
            os.utime(folder, (0, 0))
        await clear_working_folders(bench.settings)

    bench.meanwhile = clear
    path = corpus.saved(bench.attached / "cat.png", "PNG")
    _, stored = await bench.take(ANIMATE, data=bench.attachment(path))
    assert await bench.content(stored[Role.DATA]) == path.read_bytes()


@pytest.mark.asyncio
async def test_a_disk_that_is_full_during_the_download_is_no_fault_of_the_file(bench: Bench, monkeypatch: Any) -> None:
    full = Path("/dev/full").open
    monkeypatch.setattr("bot.download._opened", lambda _: full("wb"))
    path = corpus.saved(bench.attached / "cat.png", "PNG")
    with pytest.raises(FilesUnavailable):
        await bench.take_many(ANIMATE, [bench.attachment(path)])


@pytest.mark.asyncio
async def test_of_many_jobs_a_few_lie_on_the_disk_at_a_time(bench: Bench) -> None:
    coming, all_come = 0, asyncio.Event()
    on_disk: set[int] = set()

    async def hold() -> None:
        nonlocal coming
        coming += 1
        if coming == INPUTS_AT_ONCE:
            all_come.set()
        await all_come.wait()
        on_disk.add(len(list(working_root(bench.settings).iterdir())))

    bench.meanwhile = hold
    path = corpus.saved(bench.attached / "cat.png", "PNG")
    taken = await bench.take_many(ANIMATE, [bench.attachment(path)] * (INPUTS_AT_ONCE + 4))
    assert len(taken) == INPUTS_AT_ONCE + 4
    assert max(on_disk) == INPUTS_AT_ONCE


@pytest.mark.asyncio
async def test_what_is_stored_is_named_for_what_it_is_now(bench: Bench) -> None:
    path = corpus.saved(bench.attached / "katze.png", "HEIF")
    _, stored = await bench.take(ANIMATE, data=bench.attachment(path))
    assert (stored[Role.DATA].filename, stored[Role.DATA].content_type) == ("katze.jpg", "image/jpeg")
    assert (await bench.content(stored[Role.DATA]))[:3] == b"\xff\xd8\xff"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("..\\..\\boot.ini", "boot.png"),
        ("\u202egnp.exe", "gnp.png"),
        ("猫.png", "input.png"),
        (".png", "png.png"),
        ("a" * 300 + ".png", "a" * 60 + ".png"),
        ('x";filename="y.php', "x__filename__y.png"),
        ("new\r\nline.png", "new__line.png"),
    ],
)
async def test_names_that_the_service_sees_are_harmless(bench: Bench, given: str, kept: str) -> None:
    path = corpus.saved(bench.attached / "x", "PNG")
    _, stored = await bench.take(ANIMATE, data=bench.attachment(path, filename=given))
    assert stored[Role.DATA].filename == kept


@pytest.mark.asyncio
async def test_a_video_is_brought_into_form_and_stored(bench: Bench) -> None:
    path = corpus.clip(bench.attached / "x.webm", form="webm", codec="libvpx", sound="libopus", seconds=0.5)
    _, stored = await bench.take(RESTYLE, data=bench.attachment(path, seconds=0.5, width=160, height=90))
    assert (stored[Role.DATA].filename, stored[Role.DATA].content_type) == ("x.mp4", "video/mp4")
    await bench.content(stored[Role.DATA])
    assert corpus.Seen(bench.folder / "fetched").codec == "h264"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("model", "facts", "error", "number"),
    [
        (ANIMATE, {"size_bytes": 2 * MIB + 1}, FileTooLarge, {"size_bytes": 2 * MIB + 1, "limit_bytes": 2 * MIB}),
        (ANIMATE, {"width": 20_000, "height": 20_000}, PictureTooLarge, {"width": 20_000, "height": 20_000}),
        (RESTYLE, {"width": 20_000, "height": 9_000}, VideoTooLarge, {"width": 20_000, "height": 9_000}),
    ],
)
async def test_what_discord_tells_is_refused_before_a_byte_is_fetched(
    bench: Bench, model: Model, facts: dict[str, Any], error: type[InputRejected], number: dict[str, Any]
) -> None:
    refused = await bench.refusal(model, data=bench.attachment(bench.attached / "x", **facts))
    assert type(refused) is error
    named = "the_image" if model is ANIMATE else "the_video"
    assert refused.facts.items() >= (number | {"role": named}).items()
    assert bench.asked == []


@pytest.mark.asyncio
async def test_what_discord_told_wrongly_is_found_out(bench: Bench) -> None:
    large = bench.attached / "large"
    large.write_bytes(b"\xff\xd8\xff" + bytes(3 * MIB))
    assert isinstance(await bench.refusal(ANIMATE, data=bench.attachment(large, size_bytes=5)), FileTooLarge)


@pytest.mark.asyncio
async def test_a_clip_that_is_longer_than_the_model_takes_is_shortened_and_its_row_says_so(bench: Bench) -> None:
    brief = RESTYLE.model_copy(update={"max_input_seconds": 1})
    path = corpus.clip(bench.attached / "long.mp4", seconds=4)
    _, stored = await bench.take(brief, data=bench.attachment(path, seconds=4.0))
    assert (stored[Role.DATA].seconds, stored[Role.DATA].shortened) == (1.0, True)
    _, stored = await bench.take(RESTYLE, data=bench.attachment(path, seconds=4.0))
    assert (stored[Role.DATA].seconds, stored[Role.DATA].shortened) == (4.0, False)


@pytest.mark.asyncio
async def test_each_bad_file_is_refused_by_its_own_error(bench: Bench) -> None:
    at = bench.attached
    (at / "empty").touch()
    (at / "zeros").write_bytes(bytes(999))
    (at / "page").write_bytes(b"<html>hello</html>")
    corpus.playlist(at / "clip.mp4")
    corpus.png_bomb(at / "bomb")
    corpus.cut(corpus.saved(at / "whole", "JPEG"), at / "part", 0.5)
    for name, error in {
        "empty": FileEmpty,
        "zeros": FileUnsupported,
        "page": FileUnsupported,
        "clip.mp4": FileUnsupported,
        "bomb": PictureTooLarge,
        "part": FileBroken,
        "vanished": FileGone,
    }.items():
        refused = await bench.refusal(ANIMATE, data=bench.attachment(at / name))
        assert type(refused) is error, name
        assert refused.facts["role"] == "the_image"


@pytest.mark.asyncio
@pytest.mark.parametrize("url", ["https://example.org/cat.png", "file:///etc/passwd", "http://169.254.169.254/", "cat"])
async def test_an_address_of_elsewhere_is_refused(bench: Bench, url: str) -> None:
    refused = await bench.refusal(ANIMATE, data=bench.attachment(bench.attached / "x", url=url))
    assert isinstance(refused, FileForbidden)


@pytest.mark.asyncio
async def test_where_the_second_of_two_fails_the_first_is_not_kept(bench: Bench) -> None:
    good = corpus.saved(bench.attached / "first", "PNG")
    files = {"start": bench.attachment(good), "end": bench.attachment(bench.attached / "vanished")}
    refused = await bench.refusal(BETWEEN, **files)
    assert refused.facts == {"role": "end"}
    assert bench.asked[0] == "first"


@pytest.mark.asyncio
async def test_taking_the_same_again_gives_the_same(bench: Bench) -> None:
    path = corpus.saved(bench.attached / "x", "BMP")
    both = [await bench.take(ANIMATE, data=bench.attachment(path)) for _ in range(2)]
    contents = [await bench.content(stored[Role.DATA]) for _, stored in both]
    assert contents[0] == contents[1]


@pytest.mark.asyncio
async def test_a_cancelled_intake_leaves_nothing(bench: Bench) -> None:
    size = (640, 360)
    path = corpus.clip(bench.attached / "x", codec="mpeg4", size=size, seconds=3, sound=None, paint=corpus.still(size))
    task = asyncio.create_task(bench.take(RESTYLE, data=bench.attachment(path)))
    for _ in range(12_000):
        if list((bench.folder / "data").rglob("ready")):
            break
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await bench.assert_nothing_stays()


@pytest.mark.asyncio
async def test_a_machine_that_can_start_no_process_is_no_fault_of_the_file(bench: Bench) -> None:
    picture = corpus.saved(bench.attached / "x.jpg", "JPEG")
    bench.workers = Workers(tasks="tests.no_such_tasks")
    with pytest.raises(FilesUnavailable, match="can't be opened here"):
        await bench.take(ANIMATE, data=bench.attachment(picture))
    await bench.assert_nothing_stays()
