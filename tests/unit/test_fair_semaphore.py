"""Places that are given out in turn between groups."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from bot.fair_semaphore import FairSemaphore


class Line:
    """People who want a place, each with a group, and who has had one, in order."""

    def __init__(self, places: int, *, each: int | None = None) -> None:
        self.turns = FairSemaphore(places, each=each)
        self.served: list[str] = []
        self._done: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def join(self, group: int, name: str, member: int | None = None) -> None:
        self._done[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._hold(group, name, member))
        await asyncio.sleep(0)

    async def leave(self, name: str) -> None:
        self._done[name].set()
        await self.tasks[name]
        await asyncio.sleep(0)

    async def give_up(self, name: str) -> None:
        self.tasks[name].cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.tasks[name]

    async def _hold(self, group: int, name: str, member: int | None) -> None:
        async with self.turns.place(group, member):
            self.served.append(name)
            await self._done[name].wait()


@pytest.mark.asyncio
async def test_the_first_of_another_group_comes_before_the_rest_of_a_crowd() -> None:
    line = Line(2)
    for number in range(10):
        await line.join(1, f"crowd {number}")
    await line.join(2, "other")
    assert line.served == ["crowd 0", "crowd 1"]
    await line.leave("crowd 0")
    assert line.served[2:] == ["other"]
    await line.leave("crowd 1")
    assert line.served[3:] == ["crowd 2"]


@pytest.mark.asyncio
async def test_groups_that_hold_as_many_take_turns() -> None:
    line = Line(1)
    await line.join(0, "first")
    for number in range(3):
        for group in (1, 2, 3):
            await line.join(group, f"{group}.{number}")
    for _ in range(9):
        await line.leave(line.served[-1])
    assert [name.split(".")[0] for name in line.served[1:]] == ["1", "2", "3"] * 3


@pytest.mark.asyncio
async def test_who_gives_up_waiting_leaves_no_hole() -> None:
    line = Line(1)
    for name in ("first", "second", "third"):
        await line.join(1, name)
    await line.give_up("second")
    await line.leave("first")
    assert line.served == ["first", "third"]
    await line.leave("third")
    await line.join(1, "fourth")
    assert line.served[-1] == "fourth"


@pytest.mark.asyncio
async def test_who_gives_up_just_when_a_place_came_hands_it_on() -> None:
    line = Line(1)
    for name in ("first", "second", "third"):
        await line.join(1, name)
    line.turns._leave(1, 1)  # the first's place is the second's now, who has not noticed yet
    line.tasks["second"].cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    assert line.served == ["first", "third"]


@pytest.mark.asyncio
async def test_within_a_server_members_take_turns() -> None:
    line = Line(1)
    for number in range(5):
        await line.join(1, f"eager {number}", member=10)
    await line.join(1, "other", member=11)
    await line.leave("eager 0")
    assert line.served[1:] == ["eager 1"], "whoever came first, while both hold nothing"
    await line.leave("eager 1")
    assert line.served[2:] == ["other"]


@pytest.mark.asyncio
async def test_one_member_in_fifty_servers_is_one_member() -> None:
    line = Line(2)
    for server in range(50):
        await line.join(server, f"eager {server}", member=10)
    await line.join(99, "other", member=11)
    await line.leave("eager 0")
    assert line.served[2:] == ["other"]


@pytest.mark.asyncio
async def test_a_member_who_may_hold_one_place_leaves_the_other_to_whoever_comes() -> None:
    line = Line(2, each=1)
    for number in range(50):
        await line.join(1, f"eager {number}", member=10)
    assert line.served == ["eager 0"]
    await line.join(1, "other", member=11)
    assert line.served == ["eager 0", "other"]
    await line.leave("other")
    assert len(line.served) == 2, "the free place is for others"
    await line.leave("eager 0")
    assert line.served[2:] == ["eager 1"]
