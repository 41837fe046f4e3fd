"""A job and its row, one into the other. Rows are not trusted: they may be older, newer or damaged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict, TypeVar

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import RowMapping, and_, func, literal_column

from bot.errors import RowUnreadable
from bot.rules.catalog import Role
from bot.rules.jobs import LIVE, Failure, Job, JobState, Reply, Requester, StoredFile
from bot.rules.requests import VideoRequest
from bot.store.encryption import Keys
from bot.store.tables import jobs

_STORED = TypeAdapter(dict[Role, StoredFile])
_PLAIN = (
    "id", "epoch", "place", "refunded", "slow", "untold", "held", "undeliverable", "forgotten", "resubmitted", "cost",
    "output_seconds", "again_of", "remote_id", "expected_seconds", "accepted_at", "submitted_at", "processing_at",
    "completed_at", "ended_at",
)  # fmt: skip

HAS_NEXT_STEP = jobs.c.untold | and_(
    # As literals, which SQLAlchemy does not have to fill in at each execution.
    jobs.c.state.in_([literal_column(f"'{state.value}'") for state in JobState if state in LIVE]),
    ~jobs.c.held,
    # Not `IS NULL`: what SQLite 3.40 returns of an inserted row takes that for false.
    func.coalesce(jobs.c.undeliverable, literal_column("''")) == literal_column("''"),
    func.coalesce(jobs.c.place, literal_column("0")) == literal_column("0"),
)
"""Whether somebody has to do something for the job now: all but those that have ended, wait for a moderator, for their
member or in the waitlist. The last step of one that has ended without a video is to say so."""

REFUSED = (jobs.c.state == JobState.CANCELLED.value) & jobs.c.failure.is_not(None)
"""As `Job.refused` says it."""

ROW = (*jobs.c, HAS_NEXT_STEP.label("has_next_step"))
"""What `job_of` needs of a row."""

WRITTEN = (
    *(jobs.c[name] for name in (
        "place", "untold", "held", "undeliverable", "refunded", "message_id", "reply", "submitted_at", "processing_at",
        "completed_at", "ended_at",
    )),
    HAS_NEXT_STEP.label("has_next_step"),
)  # fmt: skip
"""What a job's owner does not know of the row that it has just written: others may have changed it, too."""

T = TypeVar("T")


class Facts(TypedDict, total=False):
    """What a step may write into the row besides its state."""

    stored: Mapping[Role, StoredFile]
    remote_id: str
    result: StoredFile | None
    failure: Failure
    refunded: bool
    slow: bool
    untold: bool
    place: int | None
    held: bool
    undeliverable: str | None
    resubmitted: bool
    expected_seconds: float
    cost: float
    output_seconds: float


def row_of(job: Job, keys: Keys) -> dict[str, Any]:
    """Every column of a new job."""
    return {
        **{name: getattr(job, name) for name in _PLAIN},
        "state": job.state.value,
        "model": job.request.model,
        "operation": job.request.operation.value,
        "user_id": job.requester.user_id,
        "guild_id": job.requester.guild_id,
        "channel_id": job.requester.channel_id,
        "parent_channel_id": job.requester.parent_channel_id,
        "answers": job.reply.answers,
        "request": job.request.model_dump_json(),
        "requester": job.requester.model_dump_json(),
        **reply_columns(job.reply, keys),
        **fact_columns({"stored": job.stored, "result": job.result}),
        "failure": _json(job.failure),
    }


def reply_columns(reply: Reply, keys: Keys) -> dict[str, Any]:
    return {
        "message_id": reply.message_id,
        "reply": _reply_text(reply),
        "reply_token": None if reply.token is None else keys.encrypt(reply.token),
        "last_edit_due_at": reply.last_edit_at,
    }


def message_column(reply: Reply) -> dict[str, Any]:
    """Which message answers, for a row that does not know it yet: a newer reply, which somebody else wrote, stays."""
    if reply.message_id is None:
        return {}
    return {"message_id": func.coalesce(jobs.c.message_id, reply.message_id)}


def fact_columns(facts: Facts) -> dict[str, Any]:
    """The columns that `facts` change."""
    columns: dict[str, Any] = dict(facts)
    if "stored" in facts:
        columns["stored"] = _STORED.dump_json(dict(facts["stored"])).decode()
    if "result" in facts:
        columns["result"] = _json(facts["result"])
    if "failure" in facts:
        columns["failure"] = _json(facts["failure"])
    return columns


def job_of(row: RowMapping, keys: Keys) -> Job:
    """The job that the row describes; raises `RowUnreadable` with the column that can't be read."""
    reply: Reply = _read(row, "reply", Reply.model_validate_json)
    return Job(
        **{name: row[name] for name in _PLAIN},
        state=_read(row, "state", JobState),
        request=_read(row, "request", VideoRequest.model_validate_json),
        requester=read_requester(row["id"], row["requester"]),
        has_next_step=bool(row["has_next_step"]),
        # Rows of versions up to 0.1 have the message's id in the text alone.
        reply=reply.model_copy(
            update={"token": _token(row, keys), "message_id": row["message_id"] or reply.message_id}
        ),
        stored=_read(row, "stored", _STORED.validate_json),
        result=None if row["result"] is None else _read(row, "result", StoredFile.model_validate_json),
        failure=None if row["failure"] is None else _read(row, "failure", Failure.model_validate_json),
    )


def as_written(job: Job, to: JobState, facts: Facts, row: RowMapping) -> Job | None:
    """The job once its owner has written `facts` and its move, and found `WRITTEN` there; nothing is parsed.

    None where the reply is another one by now: then the row must be read.
    """
    if row["reply"] != _reply_text(job.reply):
        return None
    seen: dict[str, Any] = {**row}
    del seen["reply"]
    message_id = seen.pop("message_id") or job.reply.message_id
    if message_id != job.reply.message_id:
        seen["reply"] = job.reply.model_copy(update={"message_id": message_id})
    if "stored" in facts:
        seen["stored"] = dict(facts["stored"])
    seen["has_next_step"] = bool(row["has_next_step"])
    return job.model_copy(update={**facts, **seen, "state": to})


def read_requester(job_id: str, text: str) -> Requester:
    """Who asked, from that one column; raises `RowUnreadable`."""
    return _parsed(job_id, "requester", text, Requester.model_validate_json)


def _reply_text(reply: Reply) -> str:
    """All of it but what has a column of its own."""
    return reply.model_dump_json(exclude={"token", "message_id"})


def _token(row: RowMapping, keys: Keys) -> str | None:
    # A token that no key opens is as good as one that has died: the bot's own edit takes over.
    return None if row["reply_token"] is None else keys.decrypt(row["reply_token"])


def _read(row: RowMapping, column: str, parse: Callable[[Any], T]) -> T:
    return _parsed(row["id"], column, row[column], parse)


def _parsed(job_id: str, column: str, value: Any, parse: Callable[[Any], T]) -> T:
    try:
        return parse(value)
    except ValueError as exc:
        # `from None`: pydantic's message quotes the value, which may be a prompt.
        raise RowUnreadable(f"job {job_id}: column {column} ({type(exc).__name__})") from None


def _json(value: BaseModel | None) -> str | None:
    return None if value is None else value.model_dump_json()
