"""Misbehaving on request: faults by job, by endpoint, by prompt, and the words in a prompt that ask for them.

| word in a prompt | what happens |
|---|---|
| `[fail: no cats today]` | the model's server fails with that reason, told by the status |
| `[runner startup_timeout]` | any error around the model, by its name (`failures.RUNNER`) |
| `[model no_media_generated]` | any error of the model, by its name (`failures.MODEL`), told by the result alone |
| `[policy]` | the model refuses the prompt: `content_policy_violation` |
| `[plain: no cats]` | the model refuses it in words without a type, as older ones do |
| `[slow 30]`, `[wait 30]` | it is at work, or in the queue, for 30 seconds |
| `[never]` | it is at work for ever |
| `[expire]` | 404 for status and result once `COMPLETED` was told |
| `[big 60]`, `[heavy 60]` | the video is 60 MB: padded after its end, or in earnest |
| `[odd id]` | the request's id has spaces, slashes and a question mark |
| `[balance]`, `[locked]` | each submit is answered 403: no money, or locked by an admin |
| `[status 429]` | each submit of this prompt is answered 429 (any code from 400) |
| `[status 429 x2 after 3]` | the first two only, with `Retry-After: 3`; both are optional, also below |
| `[poll 500 x3]`, `[result 503 x2]`, `[media 503 x2]`, `[cancel 500]` | the same for those calls, of this job |
| `[reset before]`, `[reset after]` | the first submit's connection is cut before, or after, the job was taken |
| `[reset poll]`, `[reset result]`, `[reset media]` | the first such call's connection is cut |
| `[html]`, `[null]`, `[odd]`, `[nothing]` | the first status answer is a page, `null`, an unknown status, or empty |
| `[no video]`, `[string]`, `[foreign]` | the result names no video, names it in words alone, or on a foreign host |
| `[truncate]`, `[corrupt]`, `[json]`, `[empty]` | the first video is cut in half, no MP4, JSON with 200, or empty |
| `[drip 1000]`, `[stall]` | the video comes at 1000 bytes a second, or its half comes and then nothing |

The same and more through `standin.faults.add(Fault(...))` and `POST /_sandbox/faults` of the queue's address, whose
JSON is the fields of `Fault`, or `{"add": [...], "clear": true}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox.fal.failures import MODEL, RUNNER

On = Literal["submit", "status", "result", "cancel", "initiate", "upload", "media", "job"]
Answer = Literal[
    "code", "reset", "html", "text", "null", "nothing", "odd", "redirect", "stall", "drip", "truncate", "corrupt",
    "json", "chunked", "balance", "locked", "foreign", "no_id", "no_video", "string", "other_job", "longer",
]  # fmt: skip
JobFault = Literal["runner", "model", "plain", "never", "expire", "slow", "wait", "big", "heavy", "odd_id", "file_gone"]
EVER = 0
"""As `times`: no end of it."""
_JOB_FAULTS = set(JobFault.__args__)  # type: ignore[attr-defined]  # typing's own, untyped


class Fault(BaseModel):
    """One misbehaviour: where (`on`), what (`kind`), for whom, and how often.

    Kinds on a call: `code` (answer `code` with `body`, `headers` and `retry_after`), `reset`, `html`, `text`, `null`,
    `nothing` (an empty 200), `odd` (an unknown status, or `word`), `redirect` (to `location`), `stall` and `drip` (half
    of the answer; `bytes_per_second`), `truncate`, `corrupt`, `json`, `chunked` (media), `balance` and `locked`
    (submit), `foreign` (addresses on the host of `location`), `no_id`, `longer` (submit: a result address that ends in
    /response), `no_video`, `string` (result), `other_job` (status). Kinds on `job`, settled when it is submitted:
    `runner` and `model` (`problem`, `reason`), `plain` (`reason`), `never`, `expire`, `slow` and `wait` (`seconds`),
    `big` and `heavy` (`megabytes`), `odd_id`, `file_gone` (the storage answers 403 for the video).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: On
    kind: Answer | JobFault
    job: str | None = None
    endpoint: str | None = None
    prompt: str | None = None
    """Only submits whose prompt contains this."""
    times: int = Field(default=1, ge=0)
    """How often; `EVER` without end."""
    skip: int = Field(default=0, ge=0)
    """How many fitting calls go well first."""
    code: int = Field(default=500, ge=300, le=599)
    retry_after: str | float | None = None
    body: Any = None
    headers: dict[str, str] = {}
    taken: bool = False
    """On submit: whether the job is taken all the same, and only its answer goes wrong."""
    reason: str = "The video could not be generated"
    problem: str = "runner_server_error"
    word: str = "WARMING_UP"
    location: str = "https://elsewhere.example"
    seconds: float = Field(default=30.0, ge=0)
    megabytes: float = Field(default=60.0, gt=0)
    bytes_per_second: float = Field(default=1000.0, gt=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind in _JOB_FAULTS) != (self.on == "job"):
            raise ValueError(f"{self.kind} is not a fault on {self.on}")
        known = {"runner": RUNNER, "model": MODEL}.get(self.kind)
        if known is not None and self.problem not in known:
            raise ValueError(f"{self.problem} is not an error of kind {self.kind}")
        return self


class FaultBook:
    """The faults that were asked for, oldest first, and those that happened (`fired`, with the job's id or None)."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._known: set[tuple[str, str | None]] = set()
        self.fired: list[tuple[Fault, str | None]] = []

    def __iter__(self) -> Iterator[Fault]:
        """The faults that may still happen."""
        return (entry.fault for entry in self._entries if not entry.spent)

    def add(self, *faults: Fault) -> None:
        self._entries = [entry for entry in self._entries if not entry.spent] + [_Entry(fault) for fault in faults]

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
        self, on: On, *, job: str | None = None, endpoint: str | None = None, prompt: str | None = None
    ) -> Fault | None:
        """The first fault that fits this call, counted as happened; None if there is none. `job` is the job's id."""
        for entry in self._entries:
            if entry.fits(on, job, endpoint, prompt) and entry.due():
                self.fired.append((entry.fault, job))
                return entry.fault
        return None

    def take_all(self, on: On, *, job: str, endpoint: str, prompt: str) -> list[Fault]:
        """Every fault that fits this call, counted as happened: a job may have several."""
        taken = [entry.fault for entry in self._entries if entry.fits(on, job, endpoint, prompt) and entry.due()]
        self.fired += [(fault, job) for fault in taken]
        return taken


class _Entry:
    """A fault with its counts."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._skips, self._hits = 0, 0

    @property
    def spent(self) -> bool:
        return self.fault.times != EVER and self._hits >= self.fault.times

    def fits(self, on: On, job: str | None, endpoint: str | None, prompt: str | None) -> bool:
        fault = self.fault
        return (
            fault.on == on
            and not self.spent
            and fault.job in {None, job}
            and fault.endpoint in {None, endpoint}
            and (fault.prompt is None or (prompt is not None and fault.prompt in prompt))
        )

    def due(self) -> bool:
        """Count this call; True if the fault happens to it."""
        if self._skips < self.fault.skip:
            self._skips += 1
            return False
        self._hits += 1
        return True


_WORD = re.compile(r"\[([^\[\]]{1,200})\]")
_REASON = re.compile(r"(fail|plain)(?::\s*(.*))?", re.DOTALL)
_NAMED = re.compile(r"(runner|model) (\w{1,60})")
_CODE = re.compile(r"(status|poll|result|media|cancel) ([345]\d\d)(?: x(\d{1,4}))?(?: after (\d{1,6}))?")
_NUMBER = re.compile(r"(slow|wait|big|heavy|drip) (\d{1,7}(?:\.\d{1,3})?)")
_PLACES: dict[str, On] = {
    "status": "submit", "poll": "status", "result": "result", "media": "media", "cancel": "cancel",
}  # fmt: skip
_PLAIN: dict[str, Fault] = {
    "policy": Fault(
        on="job", kind="model", problem="content_policy_violation", reason="The prompt was flagged as unsafe"
    ),
    "never": Fault(on="job", kind="never"),
    "expire": Fault(on="job", kind="expire"),
    "odd id": Fault(on="job", kind="odd_id"),
    "file gone": Fault(on="job", kind="file_gone"),
    "balance": Fault(on="submit", kind="balance", times=EVER),
    "locked": Fault(on="submit", kind="locked", times=EVER),
    "reset before": Fault(on="submit", kind="reset"),
    "reset after": Fault(on="submit", kind="reset", taken=True),
    "reset poll": Fault(on="status", kind="reset"),
    "reset result": Fault(on="result", kind="reset"),
    "reset media": Fault(on="media", kind="reset"),
    "html": Fault(on="status", kind="html"),
    "null": Fault(on="status", kind="null"),
    "odd": Fault(on="status", kind="odd"),
    "nothing": Fault(on="status", kind="nothing"),
    "no video": Fault(on="result", kind="no_video", times=EVER),
    "string": Fault(on="result", kind="string", times=EVER),
    "foreign": Fault(on="result", kind="foreign", times=EVER),
    "truncate": Fault(on="media", kind="truncate"),
    "corrupt": Fault(on="media", kind="corrupt"),
    "json": Fault(on="media", kind="json"),
    "empty": Fault(on="media", kind="nothing"),
    "stall": Fault(on="media", kind="stall"),
}


def read_words(prompt: str) -> list[Fault]:
    """The faults that words in brackets ask for; unknown words in brackets are ignored."""
    return [fault for found in _WORD.finditer(prompt) if (fault := _read_word(found[1].strip())) is not None]


def _read_word(word: str) -> Fault | None:
    if word in _PLAIN:
        return _PLAIN[word]
    if found := _REASON.fullmatch(word):
        kind = "runner" if found[1] == "fail" else "plain"
        return Fault.model_validate({"on": "job", "kind": kind} | ({"reason": found[2]} if found[2] else {}))
    if (found := _NAMED.fullmatch(word)) and found[2] in {"runner": RUNNER, "model": MODEL}[found[1]]:
        words = f"The service says {found[2].replace('_', ' ')}"
        return Fault.model_validate({"on": "job", "kind": found[1], "problem": found[2], "reason": words})
    if found := _CODE.fullmatch(word):
        times = int(found[3]) if found[3] else EVER
        after = float(found[4]) if found[4] else None
        return Fault(on=_PLACES[found[1]], kind="code", code=int(found[2]), times=times, retry_after=after)
    if found := _NUMBER.fullmatch(word):
        name, number = found[1], float(found[2])
        if name == "drip":
            return Fault(on="media", kind="drip", bytes_per_second=max(1.0, number), times=EVER)
        measure = "seconds" if name in {"slow", "wait"} else "megabytes"
        return Fault.model_validate({"on": "job", "kind": name, measure: min(number, 4000.0) or 0.1})
    return None
