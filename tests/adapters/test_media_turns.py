"""Who waits for whom where files are opened: an honest member for none of another's, a short clip for no long one."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.errors import FilesUnavailable, FileTooCostly, MachineBusy
from bot.media import MediaEncoder, Normaliser, Sketcher
from bot.media.guard import ChildTooSlow, Guard
from bot.media.service import LIGHT_CLIP_BOUNDS
from bot.media.walls import Bounds
from bot.media.workers import Ended, Workers
from bot.rules.catalog import Kind
from bot.rules.jobs import Requester
from tests import corpus
from tests.corpus import hostile_clips as hostile
from tests.jobs import CATALOG

pytestmark = pytest.mark.programs

MODEL = CATALOG.get("lucy-fast-v2v")
EAGER, OTHER = 1, 2


class NotedWorkers(Workers):
    """Notes the files in the order in which they have their turn."""

    def __init__(self) -> None:
        super().__init__()
        self.turns: list[str] = []

    async def run(self, order: bytes, *, wall_seconds: float) -> Ended:
        self.turns.append(Path(json.loads(order)["arguments"]["path"]).name)
        return await super().run(order, wall_seconds=wall_seconds)


@pytest_asyncio.fixture
async def workers() -> AsyncIterator[NotedWorkers]:
    noted = NotedWorkers()
    yield noted
    await noted.close()


def member(user_id: int, guild_id: int = 1) -> Requester:
    return Requester(user_id=user_id, name="someone", guild_id=guild_id, channel_id=1)


@pytest.mark.asyncio
async def test_an_honest_clip_has_the_turn_after_the_first_of_fifty_hostile_ones(
    tmp_path: Path, workers: NotedWorkers
) -> None:
    honest = corpus.clip(tmp_path / "honest", codec="mpeg4", seconds=0.2, sound=None)
    dear = hostile.mp4(tmp_path / "hostile", pictures=80 * hostile.MILLION, in_one_piece=True)
    guard = Guard(workers, each=1, bounds=LIGHT_CLIP_BOUNDS)

    async def opened(path: Path, to: str, by: Requester) -> object:
        return await guard.run(
            "clip", tmp_path, by=by, path=str(path), to=str(tmp_path / to), demuxer="mp4", decoder="MP4",
            frame=list(MODEL.frame), fps=MODEL.fps, max_seconds=5.0, if_light=True,
        )  # fmt: skip

    async with asyncio.TaskGroup() as group:
        ends = [group.create_task(_refused(opened(dear, f"to{n}", member(EAGER, n % 3)))) for n in range(50)]
        await asyncio.sleep(0)  # all of them stand in the line
        await opened(honest, "to", member(OTHER))
        assert workers.turns.index("honest") == 1
    assert all(end.result() for end in ends)
    assert len(workers.turns) == 51


async def _refused(work: object) -> bool:
    assert asyncio.iscoroutine(work)
    with contextlib.suppress(FileTooCostly):
        await work
        return False
    return True


@pytest.mark.asyncio
async def test_a_clip_that_takes_long_waits_elsewhere_and_holds_up_no_short_one(
    tmp_path: Path, workers: NotedWorkers
) -> None:
    long = hostile.mp4(tmp_path / "long", pictures=50, side=4096)
    short = corpus.clip(tmp_path / "short", codec="mpeg4", seconds=0.2, sound=None)
    wild = Workers(tasks="tests.wild_tasks")
    heavy = Guard(wild, at_once=1, each=1, bounds=Bounds(wall_seconds=60))
    normaliser = Normaliser(Guard(workers, at_once=1, each=1), heavy=heavy)
    (tmp_path / "busy").mkdir()
    busy = asyncio.create_task(
        heavy.run("sleep", tmp_path / "busy", by=member(9), note=str(tmp_path / "busy" / "note"))
    )
    waiting = asyncio.create_task(
        normaliser.ready(long, tmp_path / "to long", kind=Kind.VIDEO, model=MODEL, by=member(EAGER))
    )
    while not workers.turns:
        await asyncio.sleep(0.01)
    ready = await normaliser.ready(short, tmp_path / "to short", kind=Kind.VIDEO, model=MODEL, by=member(EAGER))
    assert ready.done == ("converted",)
    assert workers.turns == ["long", "short"], "the long one gave its place back at once"
    assert not waiting.done()
    for task in (waiting, busy):
        task.cancel()
    await asyncio.gather(waiting, busy, return_exceptions=True)
    await wild.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "facts",
    [
        {"pictures": 50, "side": 4096},
        {"pictures": 10, "scale": 1, "tick": 60},
        {"pictures": 10, "scale": 1, "tick": 11, "side": 640},
    ],
    ids=["large", "long", "slow, to be brought to an even rate"],
)
async def test_a_clip_that_takes_long_is_opened_again_where_there_is_time(
    tmp_path: Path, workers: NotedWorkers, facts: dict[str, int]
) -> None:
    long = hostile.mp4(tmp_path / "long", **facts)  # type: ignore[arg-type]  # all of them are numbers
    wild = Workers(tasks="tests.wild_tasks")
    normaliser = Normaliser(Guard(workers, bounds=LIGHT_CLIP_BOUNDS), heavy=Guard(wild))
    ready = await normaliser.ready(long, tmp_path / "to", kind=Kind.VIDEO, model=CATALOG.get("lucy-restyle-latest"))
    assert (ready.done, ready.seconds) == (("turned",), 7.0), "as the wild task says"
    await wild.close()


@pytest.mark.asyncio
async def test_a_part_of_a_task_that_takes_longer_than_it_may_ends_the_task(tmp_path: Path) -> None:
    wild = Workers(tasks="tests.wild_tasks")
    with pytest.raises(ChildTooSlow, match="SIGPROF"):
        await Guard(wild).run("dear part", tmp_path)
    await wild.close()


class LateWorkers(Workers):
    """Whose tasks come to no end in their time, of which they had a processor for so long: no test can make a machine
    busy for a minute."""

    def __init__(self, processor_seconds: float) -> None:
        super().__init__()
        self.processor_seconds = processor_seconds

    async def run(self, order: bytes, *, wall_seconds: float) -> Ended:
        return Ended(None, "", None, self.processor_seconds, in_time=False)


@pytest.mark.asyncio
async def test_a_file_that_a_busy_machine_has_no_time_for_is_not_blamed(tmp_path: Path) -> None:
    clip = corpus.clip(tmp_path / "clip", seconds=0.2, sound=None)
    picture = corpus.saved(tmp_path / "picture", "PNG")
    busy = Guard(LateWorkers(10.0), bounds=Bounds(wall_seconds=60))
    with pytest.raises(MachineBusy):
        await Normaliser(busy).ready(clip, tmp_path / "to", kind=Kind.VIDEO, model=MODEL)
    with pytest.raises(MachineBusy):
        await Sketcher(busy).sketch(picture, tmp_path / "to", model=CATALOG.get("lucy-motion"), points=[])
    with pytest.raises(FilesUnavailable):
        await MediaEncoder(busy).fit(clip, tmp_path / "to", 1000)
    free = Guard(LateWorkers(50.0), bounds=Bounds(wall_seconds=60))
    with pytest.raises(FileTooCostly):
        await Normaliser(free).ready(clip, tmp_path / "to", kind=Kind.VIDEO, model=MODEL)


@pytest.mark.asyncio
async def test_a_task_tells_how_long_it_had_a_processor(tmp_path: Path) -> None:
    wild = Workers(tasks="tests.wild_tasks")
    order = {"folder": str(tmp_path), "bounds": Bounds(cpu_seconds=1).as_order(), "arguments": {}}
    looped = await wild.run(json.dumps(order | {"task": "loop"}).encode(), wall_seconds=240)
    assert 0.5 < looped.processor_seconds < 10  # the limit is kept by a coarser clock
    slept = await wild.run(
        json.dumps(order | {"task": "sleep", "arguments": {"note": str(tmp_path / "note")}}).encode(), wall_seconds=1
    )
    assert not slept.in_time
    assert slept.processor_seconds < 0.5
    await wild.close()
