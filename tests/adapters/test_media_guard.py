"""The child process: what it may use, what it knows, and that nothing of it outlives its task."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.errors import FileBroken, InputRejected, PictureTooLarge
from bot.media import Normaliser
from bot.media.guard import Bounds, ChildFailed, Guard
from bot.rules.catalog import Kind
from tests import corpus
from tests.jobs import CATALOG

MODEL = CATALOG.get("lucy-pro-v2v")
MIB = 1024 * 1024
ROOT = Path(__file__).resolve().parents[2]
_BOT = """
import asyncio, pathlib, sys
from bot.media.guard import Guard
folder, note = sys.argv[1:]
asyncio.run(Guard(child="tests.wild_child").run("sleep", pathlib.Path(folder), note=note))
"""


def wild(**bounds: Any) -> Guard:
    return Guard(bounds=Bounds(**{"wall_seconds": 20.0, "cpu_seconds": 5} | bounds), child="tests.wild_child")


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


async def gone(pids: list[int]) -> bool:
    for _ in range(6000):
        if not any(alive(pid) for pid in pids):
            return True
        await asyncio.sleep(0.01)
    return False


async def noted(path: Path) -> list[int]:
    for _ in range(6000):
        if path.exists() and len(words := path.read_text(encoding="ascii").split()) == 2:
            return [int(word) for word in words]
        await asyncio.sleep(0.01)
    raise AssertionError("the child never began")


@pytest.mark.asyncio
async def test_the_child_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a-secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    answer = await wild().run("environment", tmp_path)
    known = answer["environment"]
    assert set(known) <= {"PATH", "LANG", "PYTHONPATH", "TMPDIR", "LC_CTYPE", "MPLCONFIGDIR"}
    assert known["TMPDIR"] == answer["folder"] == str(tmp_path)
    assert str(tmp_path) not in answer["path"]
    assert "" not in answer["path"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("task", "bounds"),
    [
        ("memory", {"memory_bytes": 512 * MIB}),
        ("loop", {"cpu_seconds": 1}),
        ("flood", {}),
        ("complain", {}),
        ("large file", {"file_bytes": 4 * MIB}),
        ("many files", {}),
        ("die", {}),
        ("anything else", {}),
    ],
)
async def test_a_child_gone_wild_ends_without_an_answer(tmp_path: Path, task: str, bounds: dict[str, Any]) -> None:
    to = tmp_path / "to"
    with pytest.raises(ChildFailed):
        await wild(**bounds).run(task, tmp_path, to=str(to))
    assert not to.exists() or to.stat().st_size <= 4 * MIB


@pytest.mark.asyncio
async def test_an_endless_task_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "note"
    for seconds in (1.5, 6.0, 24.0):  # a busy machine may not even begin with it in the first
        with pytest.raises(ChildFailed, match=rf"over {seconds:g} s"):
            await wild(wall_seconds=seconds).run("sleep", tmp_path, note=str(note))
        if note.exists() and len(note.read_text(encoding="ascii").split()) == 2:
            break
    assert await gone(await noted(note))


@pytest.mark.asyncio
async def test_a_caller_who_is_cancelled_takes_the_child_along(tmp_path: Path) -> None:
    note = tmp_path / "note"
    guard = wild()
    task = asyncio.create_task(guard.run("sleep", tmp_path, note=str(note)))
    pids = await noted(note)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(pids)
    assert (await guard.run("environment", tmp_path))["folder"] == str(tmp_path)  # its place in the line is free


@pytest.mark.asyncio
async def test_a_bot_that_is_killed_takes_the_child_along(tmp_path: Path) -> None:
    note = tmp_path / "note"
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", _BOT, str(tmp_path), str(note), cwd=ROOT)
    try:
        pids = await noted(note)
    finally:
        bot.kill()
        await bot.wait()
    assert await gone(pids)


@pytest.mark.asyncio
async def test_only_so_many_run_at_once(tmp_path: Path) -> None:
    guard = Guard(at_once=2, bounds=Bounds(wall_seconds=20), child="tests.wild_child")
    notes = [tmp_path / f"note{number}" for number in range(3)]
    tasks = [asyncio.create_task(guard.run("sleep", tmp_path, note=str(note))) for note in notes]
    first, second = [await noted(note) for note in notes[:2]]
    assert not notes[2].exists()
    tasks[0].cancel()
    third = await noted(notes[2])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await gone(first + second + third)


@pytest.mark.asyncio
async def test_a_picture_does_not_wait_for_videos_that_take_long(tmp_path: Path) -> None:
    busy = Guard(at_once=1, bounds=Bounds(wall_seconds=60), child="tests.wild_child")
    video = asyncio.create_task(busy.run("sleep", tmp_path, note=str(tmp_path / "note")))
    path = corpus.saved(tmp_path / "x", "BMP")
    normaliser = Normaliser(busy, pictures=Guard(at_once=1))
    ready = await normaliser.ready(path, tmp_path / "to", kind=Kind.IMAGE, model=MODEL)
    assert ready.done == ("converted",)
    assert not video.done()
    video.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await video


@pytest.mark.asyncio
async def test_errors_come_back_as_what_they_are_and_nothing_else_does(tmp_path: Path) -> None:
    facts = {"width": 1, "height": 2, "limit_pixels": 3}
    with pytest.raises(PictureTooLarge) as caught:
        await wild().run("error", tmp_path, name="PictureTooLarge", facts=facts)
    assert caught.value.facts == facts
    for name in ("SettingsError", "JobMoved", "re", "SystemExit", "MemoryError", ""):
        with pytest.raises(ChildFailed):
            await wild().run("error", tmp_path, name=name, facts={})
    with pytest.raises(OSError, match="No space left"):
        await wild().run("error", tmp_path, name="DiskFull", facts={})


@pytest.mark.asyncio
async def test_a_result_that_outgrows_the_childs_disk_is_refused_and_removed(tmp_path: Path) -> None:
    size = (640, 360)
    path = corpus.clip(tmp_path / "x", codec="mpeg4", size=size, seconds=1, paint=corpus.noise(size), sound=None)
    guard = Guard(bounds=Bounds(file_bytes=100_000))
    with pytest.raises(FileBroken):
        await Normaliser(guard).ready(path, tmp_path / "to", kind=Kind.VIDEO, model=MODEL)
    assert not (tmp_path / "to").exists()


def resident_kib() -> int:
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


@pytest.mark.asyncio
async def test_thirty_bad_files_leave_no_memory_no_handle_and_no_file(tmp_path: Path) -> None:
    inputs, work = tmp_path / "inputs", tmp_path / "work"
    inputs.mkdir()
    work.mkdir()
    corpus.png_bomb(inputs / "bomb")
    corpus.playlist(inputs / "playlist")
    corpus.cut(corpus.clip(inputs / "whole", seconds=0.4), inputs / "part", 0.6)
    normaliser = Normaliser()

    async def refuse_all() -> None:
        for name, kind in (("bomb", Kind.IMAGE), ("playlist", Kind.VIDEO), ("part", Kind.VIDEO)):
            with pytest.raises(InputRejected):
                await normaliser.ready(inputs / name, work / "to", kind=kind, model=MODEL)

    await refuse_all()
    before, handles = resident_kib(), len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(10):
        await refuse_all()
    assert resident_kib() - before < 4096
    assert len(list(Path("/proc/self/fd").iterdir())) == handles
    assert list(work.iterdir()) == []


def originals(folder: Path) -> list[tuple[Path, Kind]]:
    brief: dict[str, Any] = {"seconds": 0.3, "size": (64, 48)}
    pictures: list[Callable[[], Path]] = [
        lambda: corpus.saved(folder / "jpeg", "JPEG"),
        lambda: corpus.saved(folder / "png", "PNG", corpus.picture((64, 48), "RGBA")),
        lambda: corpus.saved(folder / "webp", "WEBP"),
        lambda: corpus.saved(folder / "heif", "HEIF"),
        lambda: corpus.saved(folder / "avif", "AVIF"),
        lambda: corpus.saved(folder / "tiff", "TIFF", compression="tiff_lzw"),
        lambda: corpus.saved(folder / "bmp", "BMP"),
        lambda: corpus.oriented(folder / "exif", 6),
    ]
    clips: list[Callable[[], Path]] = [
        lambda: corpus.animation(folder / "gif", frames=4, size=(64, 48)),
        lambda: corpus.animation(folder / "webp moving", "WEBP", frames=4, size=(64, 48)),
        lambda: corpus.clip(folder / "mp4", **brief),
        lambda: corpus.clip(folder / "mov", form="mov", codec="mjpeg", pixels="yuvj420p", sound="pcm_s16le", **brief),
        lambda: corpus.clip(folder / "webm", form="webm", codec="libvpx", sound="libopus", **brief),
        lambda: corpus.clip(folder / "mkv", form="matroska", **brief),
        lambda: corpus.clip(folder / "avi", form="avi", codec="mpeg4", sound="libmp3lame", **brief),
    ]
    return [(make(), Kind.IMAGE) for make in pictures] + [(make(), Kind.VIDEO) for make in clips]


def flipped(data: bytes, chance: random.Random) -> bytes:
    """With a few bytes changed, of which the head and the index, where everything is decided, get their share."""
    mutant = bytearray(data)
    for _ in range(chance.choice((1, 3, 10, 40))):
        reach = chance.choice((64, 1024, len(mutant)))
        at = chance.randrange(min(reach, len(mutant)))
        if chance.random() < 0.5:
            at = len(mutant) - 1 - at
        mutant[at] = chance.randrange(256)
    return bytes(mutant)


@pytest.mark.asyncio
async def test_whatever_bytes_are_flipped_the_file_is_used_or_refused(tmp_path: Path) -> None:
    chance = random.Random(20_261_122)
    normaliser = Normaliser(Guard(bounds=Bounds(wall_seconds=20, cpu_seconds=10)))
    used = refused = 0

    async def attempt(path: Path, kind: Kind, data: bytes, folder: Path) -> None:
        nonlocal used, refused
        folder.mkdir()
        (folder / "mutant").write_bytes(data)
        try:
            ready = await normaliser.ready(folder / "mutant", folder / "to", kind=kind, model=MODEL)
        except InputRejected:
            refused += 1
            assert [entry.name for entry in folder.iterdir()] == ["mutant"], path.name
            return
        used += 1
        if ready.path.name == "mutant":
            return
        again = await normaliser.ready(ready.path, folder / "again", kind=kind, model=MODEL)
        assert again.path == ready.path, f"{path.name}: what was made ready is not ready: {again.done}"

    everything = [
        (path, kind, flipped(path.read_bytes(), chance))
        for path, kind in await asyncio.to_thread(originals, tmp_path)
        for _ in range(3)
    ]
    await asyncio.gather(*(attempt(*mutant, tmp_path / f"folder{number}") for number, mutant in enumerate(everything)))
    assert used + refused == len(everything)
    assert used > 5
    assert refused > 5
