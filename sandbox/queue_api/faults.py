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

import re
from collections.abc import Collection
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from sandbox.service.faults import EVER, AnyFault
from sandbox.service.words import FaultWords

__all__ = ["EVER", "Fault", "read_words"]

On = Literal["submit", "status", "content", "job"]
Answer = Literal["code", "reset", "html", "text", "null", "nothing", "odd", "redirect", "drip", "stall"]
Result = Literal["truncate", "corrupt", "json", "wrong_type", "chunked"]
JobFault = Literal["fail", "never", "timeout", "expire", "slow", "wait", "big", "heavy", "odd_id"]
_RESULT_ONLY = set(Result.__args__)  # type: ignore[attr-defined]  # typing's own, untyped


class Fault(AnyFault):
    """One misbehaviour: where (`on`), what (`kind`), for whom, and how often.

    Kinds on any call: `code` (answer `code` with `body` and `retry_after`), `reset`, `html`, `text`, `null`, `nothing`
    (an empty 200), `odd` (an unknown status, or `status`), `redirect` (to `location`), `drip` (`bytes_per_second`),
    `stall` (half of the answer, then nothing). Kinds on `content`: `truncate`, `corrupt`, `json`, `wrong_type`,
    `chunked` (no Content-Length). Kinds on `job`, settled when it is submitted: `fail` (`reason` under `key`), `never`,
    `timeout`, `expire`, `slow` and `wait` (`seconds`), `big` and `heavy` (`megabytes`), `odd_id`.
    """

    JOB_KINDS: ClassVar[Collection[str]] = JobFault.__args__  # type: ignore[attr-defined]  # typing's own, untyped

    on: On
    kind: Answer | Result | JobFault
    model: str | None = None
    early: bool = False
    """On submit: before the body is read."""
    key: Literal["error", "message", "detail", "failure_reason"] = "error"
    status: str = "warming_up"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind in _RESULT_ONLY and self.on != "content":
            raise ValueError(f"{self.kind} is a fault on content alone")
        return self

    @property
    def served_by(self) -> str | None:
        return self.model


_FAIL = re.compile(r"fail(?: (error|message|detail|failure_reason))?(?::\s*(.*))?", re.DOTALL)


def _read_more(word: str) -> dict[str, Any] | None:
    found = _FAIL.fullmatch(word)
    if found is None:
        return None
    said = {"on": "job", "kind": "fail", "key": found[1] or "error"}
    return said | ({"reason": found[2]} if found[2] else {})


read_words = FaultWords(
    Fault.model_validate,
    places={"status": "submit", "poll": "status", "result": "content"},
    file="content",
    more={
        "timeout": {"on": "job", "kind": "timeout"},
        "reset result": {"on": "content", "kind": "reset"},
    },
    read_more=_read_more,
).read
"""The faults that a prompt asks for."""
