"""The processes in which media is opened: what they may use and reach, and that nothing of them outlives its task."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import gc
import json
import os
import random
import select
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import av
import pytest
import pytest_asyncio
from PIL import Image

from bot.errors import FileBroken, FilesUnavailable, FileTooCostly, InputRejected, PictureTooLarge
from bot.media import MediaEncoder, Normaliser, Sketcher
from bot.media.clips import normalise
from bot.media.guard import ChildFailed, Guard
from bot.media.tracks import opened_clip
from bot.media.walls import PROCESSES_MORE, Bounds
from bot.media.workers import Workers
from bot.rules.catalog import Kind
from bot.rules.jobs import Requester
from tests import corpus
from tests.jobs import CATALOG
from tests.media_workers import shared_workers

pytestmark = pytest.mark.programs

MODEL = CATALOG.get("lucy-pro-v2v")
MIB = 1024 * 1024
ROOT = Path(__file__).resolve().parents[2]
_BOT = """
import asyncio, pathlib, sys
from bot.media.guard import Guard
from bot.media.workers import Workers
folder, note = sys.argv[1:]
asyncio.run(Guard(Workers(tasks="tests.wild_tasks")).run("sleep", pathlib.Path(folder), note=note))
"""
_OPENS_FILES = """
import asyncio, pathlib, sys
from bot import app, cli, doctor
from bot.media import Normaliser
from bot.rules.catalog import Kind, load_catalog
path, to = map(pathlib.Path, sys.argv[1:])
model = load_catalog().get("lucy-pro-v2v")
ready = asyncio.run(Normaliser().ready(path, to, kind=Kind.IMAGE, model=model))
print(ready.done, sorted({"av", "PIL", "pillow_heif", "matplotlib", "numpy"} & sys.modules.keys()))
"""

_HIDES = """
import os, subprocess
from bot.media import kernel
if os.geteuid() == 0:  # who may read everything
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
kernel.prctl(4, 1)  # as it is at the start of any program
def read_by_a_child():
    return subprocess.run(["cat", f"/proc/{os.getpid()}/environ"], cwd="/", capture_output=True).returncode == 0
before = read_by_a_child()
kernel.hide_memory()
print(before, read_by_a_child())
"""
_FORKS = """
import os
from bot.media import walls
if os.geteuid() == 0:  # whom no limit of processes binds
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
walls.limit_processes()
forked = 0
try:
    while forked < 1000:
        if os.fork() == 0:
            os._exit(0)
        forked += 1
except BlockingIOError:
    print(forked)
"""
HARD_FOR_ANYONE = {
    "clone3 by number",  # with nothing in it
    "io_uring",  # likewise
    "a socket by other numbers",  # kernels are built without them
    "signal the template's session",
} | ({"attach to the bot", "open the bot's memory", "copy the bot's memory"} if os.geteuid() else set())


@pytest_asyncio.fixture
async def workers() -> AsyncIterator[Workers]:
    wild_workers = Workers(tasks="tests.wild_tasks")
    yield wild_workers
    await wild_workers.close()


def wild(workers: Workers, *, at_once: int = 2, **bounds: Any) -> Guard:
    return Guard(workers, at_once=at_once, bounds=Bounds(**{"wall_seconds": 20.0, "cpu_seconds": 5} | bounds))


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
    """The task's process and its parent, the template."""
    for _ in range(6000):
        if path.exists() and len(words := path.read_text(encoding="ascii").split()) == 2:
            return [int(word) for word in words]
        await asyncio.sleep(0.01)
    raise AssertionError("the child never began")


class Prey:
    """What a task must not reach: a key, a database, memory, and sockets that note who came."""

    def __init__(self, folder: Path) -> None:
        self.secret = ctypes.create_string_buffer(b"a secret in memory")
        folder.mkdir()
        self.key, self.database, self.outside = folder / "secret.key", folder / "clapper.db", folder / "left behind"
        self.key.write_text("a key", encoding="ascii")
        self.database.write_text("rows", encoding="ascii")
        self.tcp, self.udp = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(self.tcp.getsockname())
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(str(folder / "socket"))
        self.unix.listen()
        self.abstract = socket.socket(socket.AF_UNIX)
        self.name = f"clapper-prey-{os.getpid()}"
        self.abstract.bind("\0" + self.name)
        self.abstract.listen()

    def targets(self) -> dict[str, Any]:
        return {
            "bot": os.getpid(), "address": ctypes.addressof(self.secret), "key": str(self.key),
            "database": str(self.database), "outside": str(self.outside), "port": self.tcp.getsockname()[1],
            "unix": self.unix.getsockname(), "abstract": self.name,
        }  # fmt: skip

    def close(self) -> list[socket.socket]:
        """Those that somebody has come to."""
        lines = [self.tcp, self.udp, self.unix, self.abstract]
        visited, _, _ = select.select(lines, [], [], 0)
        for line in lines:
            line.close()
        return list(visited)


@pytest.mark.asyncio
async def test_hostile_code_in_a_task_reaches_nothing_of_the_bots(tmp_path: Path, workers: Workers) -> None:
    folder = tmp_path / "task"
    folder.mkdir()
    prey, guard = Prey(tmp_path / "data"), wild(workers)
    tried = (await guard.run("attack", folder, targets=prey.targets()))["tried"]
    assert guard.missing == ()
    assert {name: came_to for name, came_to in tried.items() if came_to.startswith("done")} == {}
    assert len(tried) > 25
    assert prey.close() == []
    assert not prey.outside.exists()
    assert list(folder.iterdir()) == []


@pytest.mark.asyncio
async def test_each_attack_succeeds_where_there_are_no_walls(tmp_path: Path) -> None:
    """Or else the test above would show nothing."""
    folder = tmp_path / "task"
    folder.mkdir()
    prey = Prey(tmp_path / "data")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.wild_tasks", json.dumps(prey.targets())),
        cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    failed = {name: came_to for name, came_to in json.loads(out).items() if not came_to.startswith("done")}
    assert set(failed) <= HARD_FOR_ANYONE, failed
    assert len(prey.close()) == 4


@pytest.mark.asyncio
async def test_a_task_that_is_walled_in_can_still_use_threads(tmp_path: Path, workers: Workers) -> None:
    assert await wild(workers).run("threads", tmp_path) == {"done": 4}


@pytest.mark.asyncio
async def test_each_task_has_a_process_and_a_session_of_its_own_from_one_template(
    tmp_path: Path, workers: Workers
) -> None:
    first, second = [await wild(workers).run("numbers", tmp_path) for _ in range(2)]
    assert first["pid"] != second["pid"]
    assert first["parent"] == second["parent"] == workers.template_pid != os.getpid()
    assert first["session"] == first["pid"]


@pytest.mark.asyncio
async def test_the_template_has_one_thread_however_much_it_has_imported(tmp_path: Path) -> None:
    workers = Workers()
    await Guard(workers).run("encoder", tmp_path)
    assert len(list(Path(f"/proc/{workers.template_pid}/task").iterdir())) == 1
    await workers.close()


@pytest.mark.asyncio
async def test_a_template_without_work_ends_and_is_started_again_when_there_is_some(tmp_path: Path) -> None:
    workers = Workers(tasks="tests.wild_tasks", idle_seconds=0)
    first = (await wild(workers).run("numbers", tmp_path))["parent"]
    assert await gone([first])
    assert workers.template_pid is None
    assert (await wild(workers).run("numbers", tmp_path))["parent"] != first
    await workers.close()


@pytest.mark.asyncio
async def test_a_template_that_died_is_started_again_and_its_tasks_with_it(tmp_path: Path, workers: Workers) -> None:
    note = tmp_path / "note"
    task = asyncio.create_task(wild(workers).run("sleep", tmp_path, note=str(note)))
    child, template = await noted(note)
    note.unlink()
    os.kill(template, signal.SIGKILL)
    again, new_template = await noted(note)
    assert await gone([child, template])
    assert template != new_template == workers.template_pid
    os.kill(new_template, signal.SIGKILL)
    with pytest.raises(OSError, match="does not stay alive"):
        await task
    assert await gone([again])


@pytest.mark.asyncio
async def test_a_template_that_can_not_start_is_no_fault_of_the_files(tmp_path: Path) -> None:
    workers = Workers(tasks="tests.no_such_tasks")
    with pytest.raises(OSError, match="does not stay alive"):
        await Guard(workers).run("numbers", tmp_path)
    await workers.close()


@pytest.mark.asyncio
async def test_what_has_hidden_its_memory_is_not_read_by_a_child_of_the_same_user() -> None:
    hiding = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HIDES), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await hiding.communicate()
    assert out.decode() == "True False\n"


@pytest.mark.asyncio
async def test_the_bot_itself_never_loads_what_opens_files(tmp_path: Path) -> None:
    path = corpus.saved(tmp_path / "x", "BMP")
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _OPENS_FILES, str(path), str(tmp_path / "to")), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await bot.communicate()
    assert out.decode() == "('converted',) []\n"


@pytest.mark.asyncio
async def test_the_child_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: Workers) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a-secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    answer = await wild(workers).run("environment", tmp_path)
    known = answer["environment"]
    allowed = {"PATH", "LANG", "PYTHONPATH", "TMPDIR", "LC_CTYPE", "MPLCONFIGDIR", "OPENBLAS_NUM_THREADS"}
    assert set(known) <= allowed
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
async def test_a_child_gone_wild_ends_without_an_answer(
    tmp_path: Path, task: str, bounds: dict[str, Any], workers: Workers
) -> None:
    to = tmp_path / "to"
    with pytest.raises(ChildFailed):
        await wild(workers, **bounds).run(task, tmp_path, to=str(to))
    assert not to.exists() or to.stat().st_size <= 4 * MIB


@pytest.mark.asyncio
async def test_an_endless_task_is_ended_and_nothing_else(tmp_path: Path, workers: Workers) -> None:
    note = tmp_path / "note"
    for seconds in (1.5, 6.0, 24.0):  # a busy machine may not even begin with it in the first
        with pytest.raises(ChildFailed, match=rf"over {seconds:g} s"):
            await wild(workers, wall_seconds=seconds).run("sleep", tmp_path, note=str(note))
        if note.exists() and len(note.read_text(encoding="ascii").split()) == 2:
            break
    child, template = await noted(note)
    assert not alive(child)
    assert alive(template)


@pytest.mark.asyncio
async def test_on_a_kernel_without_filters_what_a_task_left_behind_dies_with_it(tmp_path: Path) -> None:
    workers = Workers(tasks="tests.old_kernel")
    note, guard = tmp_path / "note", wild(workers)
    await guard.run("leave behind", tmp_path, note=str(note))
    assert guard.missing == ("files", "calls")
    left, _ = await noted(note)
    assert await gone([left])
    await workers.close()


@pytest.mark.asyncio
async def test_on_a_kernel_without_filters_a_task_can_not_fill_the_machine_with_processes(tmp_path: Path) -> None:
    workers = Workers(tasks="tests.old_kernel")
    forked = (await wild(workers).run("fork many", tmp_path, most=1000))["pids"]
    assert 0 < len(forked) <= PROCESSES_MORE
    assert await gone(forked)
    await workers.close()


@pytest.mark.asyncio
async def test_on_a_kernel_without_filters_a_task_dies_with_the_template_and_at_its_time(tmp_path: Path) -> None:
    workers = Workers(tasks="tests.old_kernel")
    note = tmp_path / "note"
    task = asyncio.create_task(wild(workers, wall_seconds=60).run("sleep", tmp_path, note=str(note)))
    child, _ = await noted(note)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(child)
    note.unlink()
    task = asyncio.create_task(wild(workers, wall_seconds=60).run("sleep", tmp_path, note=str(note)))
    child, template = await noted(note)
    os.kill(template, signal.SIGKILL)
    assert await gone([child])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await workers.close()


@pytest.mark.asyncio
async def test_without_filters_a_user_other_than_root_has_a_bound_on_processes() -> None:
    forking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _FORKS), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await forking.communicate()
    assert 0 < int(out) <= PROCESSES_MORE


@pytest.mark.asyncio
async def test_a_caller_who_is_cancelled_takes_the_child_along(tmp_path: Path, workers: Workers) -> None:
    note = tmp_path / "note"
    guard = wild(workers)
    task = asyncio.create_task(guard.run("sleep", tmp_path, note=str(note)))
    child, _ = await noted(note)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(child)
    assert (await guard.run("environment", tmp_path))["folder"] == str(tmp_path)  # its place in the line is free


@pytest.mark.asyncio
async def test_a_bot_that_is_killed_takes_everything_along(tmp_path: Path) -> None:
    note = tmp_path / "note"
    bot = await asyncio.create_subprocess_exec(sys.executable, "-c", _BOT, str(tmp_path), str(note), cwd=ROOT)
    try:
        pids = await noted(note)
    finally:
        bot.kill()
        await bot.wait()
    assert await gone(pids)


@pytest.mark.asyncio
async def test_only_so_many_run_at_once(tmp_path: Path, workers: Workers) -> None:
    guard = wild(workers)
    notes = [tmp_path / f"note{number}" for number in range(3)]
    tasks = [asyncio.create_task(guard.run("sleep", tmp_path, note=str(note))) for note in notes]
    pids = [(await noted(note))[0] for note in notes[:2]]
    assert not notes[2].exists()
    tasks[0].cancel()
    pids.append((await noted(notes[2]))[0])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not any(map(alive, pids))


def member(user_id: int, guild_id: int | None = 1) -> Requester:
    return Requester(user_id=user_id, name="someone", guild_id=guild_id, channel_id=1)


@pytest.mark.asyncio
async def test_an_honest_clip_waits_for_none_of_fifty_hostile_files_of_one_member(
    tmp_path: Path, workers: Workers
) -> None:
    guard = Guard(workers, each=1, bounds=Bounds(wall_seconds=60))
    notes = [tmp_path / f"note{number}" for number in range(50)]
    hostile = [
        asyncio.create_task(guard.run("sleep", tmp_path, by=member(1, number % 3), note=str(note)))
        for number, note in enumerate(notes)
    ]
    await noted(notes[0])
    await guard.run("numbers", tmp_path, by=member(2))
    assert [note for note in notes if note.exists()] == notes[:1], "only the first had its turn, and has it still"
    hostile[0].cancel()
    await noted(notes[1])
    for task in hostile:
        task.cancel()
    await asyncio.gather(*hostile, return_exceptions=True)


@pytest.mark.asyncio
async def test_a_picture_does_not_wait_for_videos_that_take_long(tmp_path: Path, workers: Workers) -> None:
    busy = wild(workers, at_once=1, wall_seconds=60.0)
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
async def test_errors_come_back_as_what_they_are_and_nothing_else_does(tmp_path: Path, workers: Workers) -> None:
    facts = {"width": 1, "height": 2, "limit_pixels": 3}
    with pytest.raises(PictureTooLarge) as caught:
        await wild(workers).run("error", tmp_path, name="PictureTooLarge", facts=facts)
    assert caught.value.facts == facts
    for name in ("SettingsError", "JobMoved", "re", "SystemExit", "MemoryError", ""):
        with pytest.raises(ChildFailed):
            await wild(workers).run("error", tmp_path, name=name, facts={})


@pytest.mark.asyncio
async def test_a_full_disk_and_a_folder_that_is_gone_are_no_fault_of_the_file(tmp_path: Path, workers: Workers) -> None:
    with pytest.raises(OSError, match="No space left"):
        await wild(workers).run("full disk", tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    on_the_way = asyncio.create_task(wild(workers, wall_seconds=60).run("vanish", folder))
    while not (folder / "began").exists():
        await asyncio.sleep(0.01)
    shutil.rmtree(folder)
    for task in (on_the_way, wild(workers).run("numbers", folder)):
        with pytest.raises(FileNotFoundError):
            await task
    with pytest.raises(FilesUnavailable):
        await MediaEncoder(Guard(shared_workers())).poster(folder / "video", folder / "to")


@pytest.mark.parametrize(
    ("form", "facts"),
    [
        ("mp4", {"codec": "mpeg4"}),
        ("matroska", {}),
        ("GIF", {}),
    ],
    ids=["encoded", "rewrapped", "animation"],
)
def test_a_disk_that_is_full_when_a_clip_is_written_is_told_as_that(
    tmp_path: Path, form: str, facts: dict[str, Any]
) -> None:
    size, full = (320, 240), Path("/dev/full")
    path = tmp_path / "x"
    if form == "GIF":
        corpus.animation(path, frames=20, size=size)
    else:
        corpus.clip(path, form=form, size=size, seconds=1, paint=corpus.noise(size), **facts)
    demuxer = None if form == "GIF" else form
    with pytest.raises(OSError, match="No space left") as caught:
        normalise(path, full, demuxer=demuxer, decoder="GIF", frame=[1280, 704], fps=25, max_seconds=60)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.asyncio
async def test_a_result_that_outgrows_the_childs_disk_is_refused_and_removed(tmp_path: Path) -> None:
    size = (640, 360)
    path = corpus.clip(tmp_path / "x", codec="mpeg4", size=size, seconds=1, paint=corpus.noise(size), sound=None)
    guard = Guard(bounds=Bounds(file_bytes=100_000))
    with pytest.raises(FileBroken):
        await Normaliser(guard).ready(path, tmp_path / "to", kind=Kind.VIDEO, model=MODEL)
    assert not (tmp_path / "to").exists()


@pytest.mark.asyncio
async def test_a_file_that_needs_more_memory_than_there_is_for_one_is_too_costly_and_not_broken(tmp_path: Path) -> None:
    picture = corpus.saved(tmp_path / "picture", "BMP", Image.new("RGB", (8000, 8000)))
    guard = Guard(shared_workers(), bounds=Bounds(memory_bytes=288 * MIB))
    with pytest.raises(FileTooCostly):
        await Normaliser(guard).ready(picture, tmp_path / "to", kind=Kind.IMAGE, model=MODEL)
    with pytest.raises(FileTooCostly) as caught:
        await Sketcher(guard).sketch(picture, tmp_path / "to", model=CATALOG.get("lucy-motion"), points=[])
    assert caught.value.facts == {"found": "BMP"}


def test_a_decoder_that_has_no_memory_left_does_not_call_the_file_broken(tmp_path: Path) -> None:
    clip = corpus.clip(tmp_path / "clip", seconds=0.2, sound=None)
    with pytest.raises(MemoryError), opened_clip(clip, "mp4"):
        raise av.error.MemoryError(errno.ENOMEM, os.strerror(errno.ENOMEM))


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
