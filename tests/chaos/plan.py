"""What is to go wrong, drawn from a seed before anything begins: the same seed gives the same plan."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

# The stand-ins read these words in a prompt (`faults.py` in `sandbox/queue_api` and `sandbox/fal`); each with its share
# of the jobs. A word that only one of them knows does nothing at the other.
TROUBLES: dict[str, tuple[str, float]] = {
    "none": ("", 30),
    "submit 429": ("[status 429 x2 after 0.2]", 5),
    "submit 503": ("[status 503 x2]", 5),
    "submit 500": ("[status 500 x1]", 4),
    "submit 422": ("[status 422 x1]", 2),
    "submit cut before it was taken": ("[reset before]", 4),
    "submit cut after it was taken": ("[reset after]", 4),
    "status 500": ("[poll 500 x3]", 5),
    "status 429": ("[poll 429 x2 after 0.3]", 5),
    "status cut": ("[reset poll]", 5),
    "status is a page": ("[html]", 3),
    "status is null": ("[null]", 3),
    "status unknown": ("[odd]", 3),
    "result 503": ("[result 503 x1]", 4),
    "result cut": ("[reset result]", 4),
    "result truncated": ("[truncate]", 4),
    "result in slow bytes": ("[drip 4000]", 4),
    "job fails": ("[fail: the stage was empty]", 5),
    "result expires": ("[expire]", 2),
    "job is slow": ("[slow 6]", 4),
    "file 503": ("[media 503 x2]", 3),
    "file cut": ("[reset media]", 3),
    "result names no video": ("[no video]", 2),
    "prompt refused": ("[policy]", 2),
    "cancel 500": ("[cancel 500 x1]", 2),
    "waits in the service's queue": ("[wait 3]", 3),
}
# The usual model of the one service and one of the other, each with its share of the jobs.
MODELS = {"lucy-pro-t2v": 5, "veo-3.1-lite": 5}


@dataclass(frozen=True, slots=True)
class Ask:
    """One member's command, so many seconds after the one before."""

    number: int
    member: str
    where: str
    private: bool
    model: str
    trouble: str
    after_seconds: float
    cancel_after_seconds: float | None

    @property
    def prompt(self) -> str:
        return f"job {self.number} of the storm {TROUBLES[self.trouble][0]}".strip()


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing that befalls the processes or what is around them. `at` picks among those that there are."""

    kind: str
    after_seconds: float
    at: float


# Blows that need a server of their own, or many processes, are drawn for PostgreSQL alone.
_BLOWS = {
    "kill -9": 12.0,
    "stopped for a while": 0.0,
    "gateway lost": 2.0,
    "gateway asks to reconnect": 1.5,
    "session invalid": 1.0,
    "events twice": 1.5,
    "Discord 500": 2.0,
    "Discord 429": 2.0,
    "Discord cuts edits": 2.0,
    "Discord cuts edits that it made": 2.0,
    "disk full": 1.5,
    "connections cut": 0.0,
    "database crash": 0.0,
}
_CLUSTER = {"stopped for a while": 1.5, "connections cut": 2.0, "database crash": 0.7}


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    asks: tuple[Ask, ...]
    blows: tuple[Blow, ...]


def draw(seed: int, jobs: int, *, cluster: bool, seconds_between: float = 0.25) -> Plan:
    """`jobs` commands, and blows for far longer than they take: the storm ends them."""
    rng = random.Random(f"{seed}/{jobs}/{cluster}")
    asks = tuple(_ask(rng, number, seconds_between) for number in range(jobs))
    shares = _BLOWS | (_CLUSTER if cluster else {})
    kinds = [kind for kind, share in shares.items() if share]
    # Each kind once before any comes again, so that a short storm has them all too.
    first = ["kill -9", *rng.sample(kinds, len(kinds))]
    pick: Callable[[], str] = lambda: rng.choices(list(shares), list(shares.values()))[0]  # noqa: E731
    names = [*first, *(pick() for _ in range(2000))]
    blows = tuple(Blow(name, rng.uniform(0.2, 1.4), rng.random()) for name in names)
    return Plan(seed, asks, blows)


def _ask(rng: random.Random, number: int, seconds_between: float) -> Ask:
    names = list(TROUBLES)
    trouble = names[number % len(names)] if number < len(names) else ""
    drawn = rng.choices(names, [share for _, share in TROUBLES.values()])[0]
    return Ask(
        number=number,
        member=rng.choice(("Ada", "Grace")),
        where=rng.choice(("#general", "#clips", "Test Kitchen", "DM")),
        private=rng.random() < 0.15,
        model=rng.choices(list(MODELS), list(MODELS.values()))[0],
        trouble=trouble or drawn,
        after_seconds=rng.uniform(0.2, 1.8) * seconds_between,
        cancel_after_seconds=rng.uniform(0.1, 2.0) if rng.random() < 0.06 else None,
    )
