"""Misbehaving on request: faults by job, by model, by rate, and the words in a prompt that ask for them.

| word in a prompt | what happens |
|---|---|
| `[fail: no cats today]` | the job fails with that reason, in the status answer's `error` |
| `[fail message: …]` | the same in `message`; likewise `detail` and `failure_reason` |
| `[slow 30]`, `[wait 30]` | it is `processing`, or `pending`, for 30 seconds |
| `[never]`, `[timeout]` | it is `processing` for ever, or until the service's own limit, which fails it |
| `[expire]` | 404 for status and result once `completed` was told |
| `[big 60]`, `[heavy 60]` | the result is 60 MB: padded after its end, or in earnest (noise at that bit rate) |
| `[odd id]` | the job's id has spaces, slashes and a question mark |
| `[status 429]` | each submit of this prompt is answered 429 (any code from 400) |
| `[status 429 x2 after 3]` | the first two only, with `Retry-After: 3`; both are optional, also below |
| `[poll 500 x3]`, `[result 503 x2]` | the same for status and result calls, of this job |
| `[reset before]`, `[reset after]` | the first submit's connection is cut before, or after, the job was taken |
| `[reset poll]`, `[reset result]` | the first status or result call's connection is cut |
| `[html]`, `[null]`, `[odd]`, `[nothing]` | the first status answer is a page, `null`, an unknown status, or empty |
| `[truncate]`, `[corrupt]`, `[json]`, `[empty]` | the first result is cut in half, no MP4, JSON with 200, or empty |
| `[drip 1000]`, `[stall]` | the result comes at 1000 bytes a second, or its half comes and then nothing |

The same and more through `standin.faults.add(Fault(...))` and `POST /_sandbox/faults`, whose JSON is the fields of
`Fault`, or `{"add": [...], "clear": true, "seed": 7}`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

On = Literal["submit", "status", "content", "job"]
Answer = Literal["code", "reset", "html", "text", "null", "nothing", "odd", "redirect", "drip", "stall"]
Result = Literal["truncate", "corrupt", "json", "wrong_type", "chunked"]
JobFault = Literal["fail", "never", "timeout", "expire", "slow", "wait", "big", "heavy", "odd_id"]
EVER = 0
"""As `times`: no end of it."""
_RESULT_ONLY, _JOB_FAULTS = set(Result.__args__), set(JobFault.__args__)  # type: ignore[attr-defined]  # typing's own, untyped


class Fault(BaseModel):
    """One misbehaviour: where (`on`), what (`kind`), for whom, and how often.

    Kinds on any call: `code` (answer `code` with `body` and `retry_after`), `reset`, `html`, `text`, `null`, `nothing`
    (an empty 200), `odd` (an unknown status, or `status`), `redirect` (to `location`), `drip` (`bytes_per_second`),
    `stall` (half of the answer, then nothing). Kinds on `content`: `truncate`, `corrupt`, `json`, `wrong_type`,
    `chunked` (no Content-Length). Kinds on `job`, settled when it is submitted: `fail` (`reason` under `key`), `never`,
    `timeout`, `expire`, `slow` and `wait` (`seconds`), `big` and `heavy` (`megabytes`), `odd_id`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: On
    kind: Answer | Result | JobFault
    job: str | None = None
    model: str | None = None
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
    taken: bool = False
    """On submit: whether the job is taken all the same, and only its answer goes wrong."""
    early: bool = False
    """On submit: before the body is read."""
    reason: Any = "The video could not be generated"
    key: Literal["error", "message", "detail", "failure_reason"] = "error"
    status: str = "warming_up"
    location: str = ""
    seconds: float = Field(default=30.0, ge=0)
    megabytes: float = Field(default=60.0, gt=0)
    bytes_per_second: float = Field(default=1000.0, gt=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind in _JOB_FAULTS) != (self.on == "job"):
            raise ValueError(f"{self.kind} is not a fault on {self.on}")
        if self.kind in _RESULT_ONLY and self.on != "content":
            raise ValueError(f"{self.kind} is a fault on content alone")
        return self

    @property
    def limit(self) -> int:
        """How often it happens; `EVER`: without end."""
        return self.times if self.times is not None else (1 if self.rate is None else EVER)


class FaultBook:
    """The faults that were asked for, oldest first, and those that happened (`fired`, with the job's id or None)."""

    def __init__(self, seed: int = 0) -> None:
        self._entries: list[_Entry] = []
        self._known: set[tuple[str, str | None]] = set()
        self._rng = random.Random(seed)
        self.fired: list[tuple[Fault, str | None]] = []

    def __iter__(self) -> Iterator[Fault]:
        """The faults that may still happen."""
        return (entry.fault for entry in self._entries if not entry.spent)

    def add(self, *faults: Fault) -> None:
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
            for fault in read_words(prompt):
                if (fault.on == "submit") == (job is None):
                    self.add(fault.model_copy(update={"prompt": prompt} if job is None else {"job": job}))

    def rename(self, job: str, new: str) -> None:
        """A job got another id: its faults are for the new id from now on."""
        for entry in self._entries:
            if entry.fault.job == job:
                entry.fault = entry.fault.model_copy(update={"job": new})
        self.fired = [(fault, new if hit == job else hit) for fault, hit in self.fired]

    def take(
        self, on: On, *, job: str | None = None, model: str, prompt: str | None = None, early: bool = False
    ) -> Fault | None:
        """The first fault that fits this call, counted as happened; None if there is none. `job` is the job's id."""
        for entry in self._entries:
            if entry.fits(on, job, model, prompt, early) and entry.due(self._rng):
                self.fired.append((entry.fault, job))
                return entry.fault
        return None

    def take_all(self, on: On, *, job: str, model: str, prompt: str | None) -> list[Fault]:
        """Every fault that fits this call, counted as happened: a job may have several."""
        taken = [e.fault for e in self._entries if e.fits(on, job, model, prompt, early=False) and e.due(self._rng)]
        self.fired += [(fault, job) for fault in taken]
        return taken


class _Entry:
    """A fault with its counts."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._skips, self._hits = 0, 0

    @property
    def spent(self) -> bool:
        return self.fault.limit != EVER and self._hits >= self.fault.limit

    def fits(self, on: On, job: str | None, model: str, prompt: str | None, early: bool) -> bool:
        fault = self.fault
        return (
            fault.on == on
            and not self.spent
            and fault.job in {None, job}
            and fault.model in {None, model}
            and (fault.prompt is None or (prompt is not None and fault.prompt in prompt))
            and (on != "submit" or fault.early == early)
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


_WORD = re.compile(r"\[([^\[\]]{1,200})\]")
_FAIL = re.compile(r"fail(?: (error|message|detail|failure_reason))?(?::\s*(.*))?", re.DOTALL)
_CODE = re.compile(r"(status|poll|result) ([345]\d\d)(?: x(\d{1,4}))?(?: after (\d{1,6}))?")
_NUMBER = re.compile(r"(slow|wait|big|heavy|drip) (\d{1,7}(?:\.\d{1,3})?)")
_PLACES: dict[str, On] = {"status": "submit", "poll": "status", "result": "content"}
_PLAIN: dict[str, Fault] = {
    "never": Fault(on="job", kind="never"),
    "timeout": Fault(on="job", kind="timeout"),
    "expire": Fault(on="job", kind="expire"),
    "odd id": Fault(on="job", kind="odd_id"),
    "reset before": Fault(on="submit", kind="reset"),
    "reset after": Fault(on="submit", kind="reset", taken=True),
    "reset poll": Fault(on="status", kind="reset"),
    "reset result": Fault(on="content", kind="reset"),
    "html": Fault(on="status", kind="html"),
    "null": Fault(on="status", kind="null"),
    "odd": Fault(on="status", kind="odd"),
    "nothing": Fault(on="status", kind="nothing"),
    "truncate": Fault(on="content", kind="truncate"),
    "corrupt": Fault(on="content", kind="corrupt"),
    "json": Fault(on="content", kind="json"),
    "empty": Fault(on="content", kind="nothing"),
    "stall": Fault(on="content", kind="stall"),
}


def read_words(prompt: str) -> list[Fault]:
    """The faults that words in brackets ask for; unknown words in brackets are ignored."""
    return [fault for found in _WORD.finditer(prompt) if (fault := _read_word(found[1].strip())) is not None]


def _read_word(word: str) -> Fault | None:
    if word in _PLAIN:
        return _PLAIN[word]
    if found := _FAIL.fullmatch(word):
        reason = found[2] or "The video could not be generated"
        return Fault.model_validate({"on": "job", "kind": "fail", "key": found[1] or "error", "reason": reason})
    if found := _CODE.fullmatch(word):
        times = int(found[3]) if found[3] else EVER
        after = float(found[4]) if found[4] else None
        return Fault(on=_PLACES[found[1]], kind="code", code=int(found[2]), times=times, retry_after=after)
    if found := _NUMBER.fullmatch(word):
        name, number = found[1], float(found[2])
        if name == "drip":
            return Fault(on="content", kind="drip", bytes_per_second=max(1.0, number), times=EVER)
        measure = "seconds" if name in {"slow", "wait"} else "megabytes"
        return Fault.model_validate({"on": "job", "kind": name, measure: min(number, 4000.0) or 0.1})
    return None
