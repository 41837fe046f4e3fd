"""Misbehaving on request: faults that were asked for, whom each hits, and how often.

Both services' stand-ins have a `Fault` of their own with the kinds that the service can have.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

EVER = 0
"""As `times`: no end of it."""


class AnyFault(BaseModel):
    """One misbehaviour: where (`on`), what (`kind`), for whom, and how often. `JOB_KINDS` are settled at the submit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    JOB_KINDS: ClassVar[Collection[str]] = ()

    on: Any
    kind: Any
    job: str | None = None
    prompt: str | None = None
    """Only submits whose prompt contains this."""
    times: int | None = Field(default=None, ge=0)
    """How often; `EVER` without end. By default once, or without end where there is a `rate`."""
    skip: int = Field(default=0, ge=0)
    """How many fitting calls go well first."""
    rate: float | None = Field(default=None, ge=0, le=1)
    """The share of fitting calls that it happens to, drawn from the seed of the `FaultBook`."""
    code: int = Field(default=500, ge=300, le=599)
    retry_after: str | float | None = None
    body: Any = None
    headers: dict[str, str] = {}
    taken: bool = False
    """On submit: whether the job is taken all the same, and only its answer goes wrong."""
    reason: Any = "The video could not be generated"
    location: str = "https://elsewhere.example"
    seconds: float = Field(default=30.0, ge=0)
    megabytes: float = Field(default=60.0, gt=0)
    bytes_per_second: float = Field(default=1000.0, gt=0)

    @model_validator(mode="after")
    def _is_in_its_place(self) -> Self:
        if (self.kind in self.JOB_KINDS) != (self.on == "job"):
            raise ValueError(f"{self.kind} is not a fault on {self.on}")
        return self

    @property
    def served_by(self) -> str | None:
        """The model or endpoint whose calls alone it hits; None: any."""
        return None

    @property
    def limit(self) -> int:
        """How often it happens; `EVER`: without end."""
        return self.times if self.times is not None else (1 if self.rate is None else EVER)


F = TypeVar("F", bound=AnyFault)


class FaultBook(Generic[F]):
    """The faults that were asked for, oldest first, and those that happened (`fired`, with the job's id or None).

    `read_words` reads the faults that a prompt asks for.
    """

    def __init__(self, read_words: Callable[[str], list[F]], seed: int = 0) -> None:
        self._entries: list[_Entry[F]] = []
        self._known: set[tuple[str, str | None]] = set()
        self._read_words = read_words
        self._rng = random.Random(seed)
        self.fired: list[tuple[F, str | None]] = []

    def __iter__(self) -> Iterator[F]:
        """The faults that may still happen."""
        return (entry.fault for entry in self._entries if not entry.spent)

    def add(self, *faults: F) -> None:
        self._entries = [entry for entry in self._entries if not entry.spent] + [_Entry(fault) for fault in faults]

    def seed(self, seed: int) -> None:
        """Start the draws of `rate` anew."""
        self._rng.seed(seed)

    def clear(self) -> None:
        """Forget all faults; `fired` stays."""
        self._entries.clear()
        self._known.clear()

    def add_from_prompt(self, prompt: str, job: str | None = None) -> None:
        """Add the faults that the prompt asks for: those of submits where `job` is None, else those of that job."""
        if (prompt, job) not in self._known and "[" in prompt:
            self._known.add((prompt, job))
            for fault in self._read_words(prompt):
                if (fault.on == "submit") == (job is None):
                    self.add(fault.model_copy(update={"prompt": prompt} if job is None else {"job": job}))

    def rename(self, job: str, new: str) -> None:
        """A job got another id: its faults are for the new id from now on."""
        for entry in self._entries:
            if entry.fault.job == job:
                entry.fault = entry.fault.model_copy(update={"job": new})
        self.fired = [(fault, new if hit == job else hit) for fault, hit in self.fired]

    def take(
        self,
        on: str,
        *,
        job: str | None = None,
        served_by: str | None = None,
        prompt: str | None = None,
        only: Callable[[F], bool] = lambda _: True,
    ) -> F | None:
        """The first fault that fits this call, counted as happened; None if there is none. `job` is the job's id."""
        for entry in self._entries:
            if entry.fits(on, job, served_by, prompt) and only(entry.fault) and entry.due(self._rng):
                self.fired.append((entry.fault, job))
                return entry.fault
        return None

    def take_all(self, on: str, *, job: str, served_by: str, prompt: str | None) -> list[F]:
        """Every fault that fits this call, counted as happened: a job may have several."""
        fitting = [entry for entry in self._entries if entry.fits(on, job, served_by, prompt)]
        taken = [entry.fault for entry in fitting if entry.due(self._rng)]
        self.fired += [(fault, job) for fault in taken]
        return taken


class _Entry(Generic[F]):
    """A fault with its counts."""

    def __init__(self, fault: F) -> None:
        self.fault = fault
        self._skips, self._hits = 0, 0

    @property
    def spent(self) -> bool:
        return self.fault.limit != EVER and self._hits >= self.fault.limit

    def fits(self, on: str, job: str | None, served_by: str | None, prompt: str | None) -> bool:
        fault = self.fault
        return (
            fault.on == on
            and not self.spent
            and fault.job in {None, job}
            and fault.served_by in {None, served_by}
            and (fault.prompt is None or (prompt is not None and fault.prompt in prompt))
        )

    def due(self, rng: random.Random) -> bool:
        """Count this call; True if the fault happens to it."""
        if self._skips < self.fault.skip:
            self._skips += 1
            return False
        if self.fault.rate is not None and rng.random() >= self.fault.rate:
            return False
        self._hits += 1
        return True
