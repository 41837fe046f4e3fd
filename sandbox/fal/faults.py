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
from collections.abc import Collection
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from sandbox.fal.failures import MODEL, RUNNER
from sandbox.service.faults import EVER, AnyFault
from sandbox.service.words import FaultWords

__all__ = ["EVER", "Fault", "read_words"]

On = Literal["submit", "status", "result", "cancel", "initiate", "upload", "media", "job"]
Answer = Literal[
    "code", "reset", "html", "text", "null", "nothing", "odd", "redirect", "stall", "drip", "truncate", "corrupt",
    "json", "chunked", "balance", "locked", "foreign", "no_id", "no_video", "string", "other_job", "longer",
]  # fmt: skip
JobFault = Literal["runner", "model", "plain", "never", "expire", "slow", "wait", "big", "heavy", "odd_id", "file_gone"]


class Fault(AnyFault):
    """One misbehaviour: where (`on`), what (`kind`), for whom, and how often.

    Kinds on a call: `code` (answer `code` with `body`, `headers` and `retry_after`), `reset`, `html`, `text`, `null`,
    `nothing` (an empty 200), `odd` (an unknown status, or `word`), `redirect` (to `location`), `stall` and `drip` (half
    of the answer; `bytes_per_second`), `truncate`, `corrupt`, `json`, `chunked` (media), `balance` and `locked`
    (submit), `foreign` (addresses on the host of `location`), `no_id`, `longer` (submit: a result address that ends in
    /response), `no_video`, `string` (result), `other_job` (status). Kinds on `job`, settled when it is submitted:
    `runner` and `model` (`problem`, `reason`), `plain` (`reason`), `never`, `expire`, `slow` and `wait` (`seconds`),
    `big` and `heavy` (`megabytes`), `odd_id`, `file_gone` (the storage answers 403 for the video).
    """

    JOB_KINDS: ClassVar[Collection[str]] = JobFault.__args__  # type: ignore[attr-defined]  # typing's own, untyped

    on: On
    kind: Answer | JobFault
    endpoint: str | None = None
    problem: str = "runner_server_error"
    word: str = "WARMING_UP"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        known = {"runner": RUNNER, "model": MODEL}.get(self.kind)
        if known is not None and self.problem not in known:
            raise ValueError(f"{self.problem} is not an error of kind {self.kind}")
        return self

    @property
    def served_by(self) -> str | None:
        return self.endpoint


_REASON = re.compile(r"(fail|plain)(?::\s*(.*))?", re.DOTALL)
_NAMED = re.compile(r"(runner|model) (\w{1,60})")


def _read_more(word: str) -> dict[str, Any] | None:
    if found := _REASON.fullmatch(word):
        kind = "runner" if found[1] == "fail" else "plain"
        return {"on": "job", "kind": kind} | ({"reason": found[2]} if found[2] else {})
    if (found := _NAMED.fullmatch(word)) and found[2] in {"runner": RUNNER, "model": MODEL}[found[1]]:
        words = f"The service says {found[2].replace('_', ' ')}"
        return {"on": "job", "kind": found[1], "problem": found[2], "reason": words}
    return None


read_words = FaultWords(
    Fault.model_validate,
    places={"status": "submit", "poll": "status", "result": "result", "media": "media", "cancel": "cancel"},
    file="media",
    more={
        "policy": {
            "on": "job", "kind": "model", "problem": "content_policy_violation",
            "reason": "The prompt was flagged as unsafe",
        },
        "file gone": {"on": "job", "kind": "file_gone"},
        "balance": {"on": "submit", "kind": "balance", "times": EVER},
        "locked": {"on": "submit", "kind": "locked", "times": EVER},
        "reset result": {"on": "result", "kind": "reset"},
        "reset media": {"on": "media", "kind": "reset"},
        "no video": {"on": "result", "kind": "no_video", "times": EVER},
        "string": {"on": "result", "kind": "string", "times": EVER},
        "foreign": {"on": "result", "kind": "foreign", "times": EVER},
    },
    read_more=_read_more,
).read  # fmt: skip
"""The faults that a prompt asks for."""
