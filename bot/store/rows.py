"""A job and its row, one into the other. Rows are not trusted: they may be older, newer or damaged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict, TypeVar

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import RowMapping

from bot.errors import RowUnreadable
from bot.rules.catalog import Role
from bot.rules.jobs import Failure, Job, JobState, Reply, Requester, StoredFile
from bot.rules.requests import VideoRequest
from bot.store.encryption import Keys

_STORED = TypeAdapter(dict[Role, StoredFile])
_PLAIN = (
    "id", "epoch", "place", "refunded", "slow", "untold", "waiting", "resubmitted", "cost", "output_seconds",
    "again_of", "remote_id", "expected_seconds", "accepted_at", "submitted_at", "processing_at", "completed_at",
    "ended_at",
)  # fmt: skip

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
    waiting: str | None
    resubmitted: bool
    expected_seconds: float


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
        "reply": reply.model_dump_json(exclude={"token"}),
        "reply_token": None if reply.token is None else keys.encrypt(reply.token),
    }


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
        requester=requester_of(row["id"], row["requester"]),
        reply=reply.model_copy(update={"token": _token(row, keys)}),
        stored=_read(row, "stored", _STORED.validate_json),
        result=None if row["result"] is None else _read(row, "result", StoredFile.model_validate_json),
        failure=None if row["failure"] is None else _read(row, "failure", Failure.model_validate_json),
    )


def requester_of(job_id: str, text: str) -> Requester:
    """Who asked, from that one column; raises `RowUnreadable`."""
    return _parsed(job_id, "requester", text, Requester.model_validate_json)


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
