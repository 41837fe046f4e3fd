"""Blobs by key, in a folder and on a server that speaks S3."""

from __future__ import annotations

import asyncio
import hashlib
import os
import urllib.request
from collections.abc import AsyncIterable, Awaitable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import FileNotStored, FilesUnavailable, SettingsError
from bot.files import StoredFiles, _checked, open_files
from tests.adapters.s3 import S3Server, s3_server

MIB = 1024**2
COPIED_KEY, COPIED_NAME = "k" * 250, "f" * 240
"""So long that a file beside it can't be named after it, as linking does: such files are copied."""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[S3Server, str]]:
    with s3_server(monkeypatch) as server:
        yield server


@pytest.fixture
def s3_url(bucket: tuple[S3Server, str]) -> str:
    return bucket[1]


@pytest_asyncio.fixture(params=["default folder", "named folder", "s3"])
async def files(request: pytest.FixtureRequest, tmp_path: Path) -> StoredFiles:
    match request.param:
        case "default folder":
            return open_files("", tmp_path)
        case "named folder":
            return open_files((tmp_path / "a folder" / "deep").as_uri(), tmp_path / "unused")
        case _:
            return open_files(request.getfixturevalue("s3_url"), tmp_path)


def _write(path: Path, size_bytes: int) -> str:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for start in range(0, size_bytes, MIB):
            block = os.urandom(min(MIB, size_bytes - start))
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


@pytest.mark.asyncio
@pytest.mark.parametrize("size_bytes", [0, 1, 20 * MIB + 7])
async def test_what_was_put_comes_back(files: StoredFiles, tmp_path: Path, size_bytes: int) -> None:
    source, copy = tmp_path / "in", tmp_path / "out"
    digest = _write(source, size_bytes)
    assert await files.put("jobs/1/data", source, "video/mp4") == size_bytes
    assert await files.fetch("jobs/1/data", copy) == copy
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == digest
    assert not list(tmp_path.glob("*.part"))
    assert await files.size_bytes("jobs/1/data") == size_bytes


@pytest.mark.asyncio
async def test_putting_again_replaces_the_bytes(files: StoredFiles, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    for text in ("long and old", "new"):
        source.unlink(missing_ok=True)
        source.write_text(text)
        for _ in range(2):
            await files.put("k", source, "text/plain")
            assert (await files.fetch("k", out)).read_text() == text
    assert await files.keys("k") == []
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"in", "out"}


@pytest.mark.asyncio
async def test_in_a_folder_nothing_is_copied_and_nobody_can_write_into_what_is_shared(tmp_path: Path) -> None:
    files = open_files("", tmp_path / "data")
    source, out = tmp_path / "in", tmp_path / "out"
    source.write_text("a video")
    await files.put("jobs/1/result", source, "video/mp4")
    await files.fetch("jobs/1/result", out)
    assert source.samefile(out)
    assert out.stat().st_nlink == 3, "the stored one is the third"
    assert out.stat().st_mode & 0o222 == 0
    source.unlink()
    await files.delete(["jobs/1/result"])
    assert out.read_text() == "a video"


@pytest.mark.asyncio
async def test_what_can_not_be_linked_is_copied(tmp_path: Path) -> None:
    files = open_files("", tmp_path / "data")
    source, out = tmp_path / "in", tmp_path / COPIED_NAME
    source.write_text("a video")
    await files.put(COPIED_KEY, source, "video/mp4")
    assert (await files.fetch(COPIED_KEY, out)).read_text() == "a video"
    assert source.stat().st_nlink == out.stat().st_nlink == 1


@pytest.mark.asyncio
async def test_what_a_killed_process_left_of_a_file_is_deleted_once_it_is_old(tmp_path: Path) -> None:
    files, folder = open_files("", tmp_path), tmp_path / "files" / "jobs" / "abc"
    folder.mkdir(parents=True)
    for name in ("data", "data#1", "data#123456"):  # the library's own names, and ours
        (folder / name).write_bytes(b"x")
    now = datetime.now(UTC)
    assert await files.drop_unfinished(now - timedelta(hours=1)) == 0, "they may still be written"
    assert await files.drop_unfinished(now + timedelta(hours=1)) == 2
    assert [path.name for path in folder.iterdir()] == ["data"]


@pytest.mark.asyncio
async def test_a_key_without_bytes_is_told_apart_from_an_empty_one(files: StoredFiles, tmp_path: Path) -> None:
    (tmp_path / "in").touch()
    await files.put("empty", tmp_path / "in", "text/plain")
    assert await files.exists("empty")
    assert not await files.exists("nothing")
    with pytest.raises(FileNotStored, match="nothing"):
        await files.fetch("nothing", tmp_path / "out")
    with pytest.raises(FileNotStored, match="nothing"):
        _ = [piece async for piece in files.read("nothing")]
    assert not (tmp_path / "out").exists()


@pytest.mark.asyncio
async def test_deleting_forgets_all_keys_and_does_not_mind_missing_ones(files: StoredFiles, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("x")
    for key in ("jobs/1/a", "jobs/1/b", "jobs/2/a"):
        await files.put(key, tmp_path / "in", "text/plain")
    assert await files.keys("jobs") == ["jobs/1/a", "jobs/1/b", "jobs/2/a"]
    await files.delete(["jobs/1/a", "never/there", "jobs/1/b"])
    await files.delete(["jobs/1/a"])
    assert await files.keys("jobs") == ["jobs/2/a"]


@pytest.mark.asyncio
async def test_a_range_can_be_read_in_pieces(files: StoredFiles, tmp_path: Path) -> None:
    content = os.urandom(20 * MIB)
    (tmp_path / "in").write_bytes(content)
    await files.put("k", tmp_path / "in", "video/mp4")
    pieces = [piece async for piece in files.read("k", start=5, end=18 * MIB)]
    assert b"".join(pieces) == content[5 : 18 * MIB]
    assert max(map(len, pieces)) <= 8 * MIB
    assert b"".join([piece async for piece in files.read("k", start=20 * MIB - 3)]) == content[-3:]


@pytest.mark.asyncio
async def test_large_files_are_never_whole_in_memory(tmp_path: Path) -> None:
    files = open_files("", tmp_path)  # the S3 server of these tests keeps its objects in this very process's memory
    source = tmp_path / "in"
    with source.open("wb") as file:
        file.truncate(300 * MIB)
    before = psutil.Process().memory_info().rss
    await files.put(COPIED_KEY, source, "video/mp4")
    await files.fetch(COPIED_KEY, tmp_path / COPIED_NAME)
    assert psutil.Process().memory_info().rss - before < 120 * MIB
    assert (tmp_path / COPIED_NAME).stat().st_size == 300 * MIB


@pytest.mark.asyncio
async def test_a_fetch_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    files = open_files("", tmp_path)
    with (tmp_path / "in").open("wb") as file:
        file.truncate(64 * MIB)
    await files.put(COPIED_KEY, tmp_path / "in", "video/mp4")
    folder = tmp_path / "out"
    folder.mkdir()
    fetching = asyncio.create_task(files.fetch(COPIED_KEY, folder / COPIED_NAME))
    while not list(folder.iterdir()):
        await asyncio.sleep(0)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert list(folder.iterdir()) == []


@pytest.mark.asyncio
async def test_s3_keeps_the_type_and_gives_links_that_work_without_credentials(s3_url: str, tmp_path: Path) -> None:
    files = open_files(s3_url, tmp_path)
    (tmp_path / "in").write_text("hello")
    await files.put("results/1.mp4", tmp_path / "in", "video/mp4")
    link = await files.link("results/1.mp4", timedelta(minutes=5))
    assert link is not None
    assert "/some/prefix/results/1.mp4?" in link

    def get() -> tuple[str, bytes]:
        with urllib.request.urlopen(link) as answer:
            return answer.headers["Content-Type"], answer.read()

    assert await asyncio.to_thread(get) == ("video/mp4", b"hello")


@pytest.mark.parametrize(
    "key", ["", "/", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.b", "a\\b", "a\0b", "ü", "a" * 513]
)
@pytest.mark.asyncio
async def test_keys_that_could_leave_their_folder_are_refused(key: str, tmp_path: Path) -> None:
    files = open_files("", tmp_path)
    (tmp_path / "in").write_text("x")
    with pytest.raises(ValueError, match="not a key"):
        await files.put(key, tmp_path / "in", "text/plain")
    with pytest.raises(ValueError, match="not a key"):
        await files.fetch(key, tmp_path / "out")
    with pytest.raises(ValueError, match="not a key"):
        await files.delete([key])


@given(st.text(max_size=30))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_an_accepted_key_always_stays_below_its_folder(key: str) -> None:
    try:
        _checked(key)
    except ValueError:
        return
    folder = Path("/folder")
    assert (folder / key).is_relative_to(folder)
    assert ".." not in Path(key).parts
    assert str(Path(key)) == key


@pytest.mark.parametrize("url", ["ftp://x/y", "s3://", "folder", "file://host/x", "file:relative"])
def test_an_address_that_names_no_store_is_one_plain_line(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="FILES_URL") as caught:
        open_files(url, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_one_plain_line(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("a file is in the way")
    with pytest.raises(SettingsError, match="FILES_URL"):
        open_files((tmp_path / "files" / "x").as_uri(), tmp_path)


def _everything(files: StoredFiles, source: Path, to: Path) -> list[Awaitable[object]]:
    """Each thing that files can be asked for."""
    return [
        files.put("jobs/1/data", source, "video/mp4"),
        files.fetch("jobs/1/data", to),
        files.delete(["jobs/1/data"]),
        files.exists("jobs/1/data"),
        _drained(files.read("jobs/1/data")),
        files.keys("jobs/1"),
    ]


async def _drained(pieces: AsyncIterable[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


@pytest.mark.asyncio
async def test_whatever_is_asked_of_a_server_that_is_down_is_unavailable(
    bucket: tuple[S3Server, str], tmp_path: Path
) -> None:
    server, url = bucket
    files = open_files(url, tmp_path)
    (tmp_path / "in").write_text("x")
    await files.put("jobs/1/data", tmp_path / "in", "video/mp4")
    server.stop()
    for asked in _everything(files, tmp_path / "in", tmp_path / "out"):
        with pytest.raises(FilesUnavailable) as caught:
            await asked
        assert len(str(caught.value).splitlines()) == 1
        assert caught.value.__cause__ is not None
    assert not list(tmp_path.glob("*.part"))
    server.start()
    assert (await files.fetch("jobs/1/data", tmp_path / "out")).read_text() == "x"


@pytest.mark.asyncio
async def test_a_server_that_answers_with_its_own_failure_is_unavailable(
    bucket: tuple[S3Server, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    _, url = bucket
    (tmp_path / "in").write_text("x")
    async with await asyncio.start_server(refuse, "127.0.0.1") as failing:
        port = failing.sockets[0].getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        for asked in _everything(open_files(url, tmp_path), tmp_path / "in", tmp_path / "out"):
            with pytest.raises(FilesUnavailable):
                await asked


@pytest.mark.asyncio
async def test_a_bucket_that_is_gone_is_no_place_to_store_in(bucket: tuple[S3Server, str], tmp_path: Path) -> None:
    (tmp_path / "in").write_text("x")
    files = open_files("s3://never-made", tmp_path)
    with pytest.raises(FilesUnavailable):
        await files.put("jobs/1/data", tmp_path / "in", "video/mp4")
    with pytest.raises(FilesUnavailable):
        await files.keys("jobs")


@pytest.mark.asyncio
async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    files = open_files("", tmp_path)
    (tmp_path / "in").write_text("x")
    in_the_way = tmp_path / "files" / "jobs"
    in_the_way.write_text("a file where a folder has to be")
    with pytest.raises(FilesUnavailable):
        await files.put("jobs/1/data", tmp_path / "in", "video/mp4")
    in_the_way.unlink()
    await files.put("jobs/1/data", tmp_path / "in", "video/mp4")
    with pytest.raises(FilesUnavailable):
        await files.fetch("jobs/1/data", tmp_path / "no folder" / "out")
    assert (await files.fetch("jobs/1/data", tmp_path / "out")).read_text() == "x"
