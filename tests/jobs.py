"""Jobs, members and replies for tests."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.rules.catalog import Role, load_catalog
from bot.rules.jobs import ENDED, Job, JobState, Reply, Requester
from bot.rules.requests import Attachment, Inputs, VideoRequest, compose

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADA, GRACE, GUILD, CHANNEL = 111_111_111_111_111_111, 222_222_222_222_222_222, 333_333_333_333_333_333, 444
CATALOG = load_catalog()


def a_request(model: str = "lucy-pro-t2v", prompt: str = "a cat playing piano", **inputs: Any) -> VideoRequest:
    return compose(CATALOG.get(model), Inputs(prompt=prompt, **inputs))


def an_image_request(prompt: str = "make it snow") -> VideoRequest:
    picture = Attachment(url="https://cdn.discordapp.com/cat.png", filename="cat.png", size_bytes=10)
    return compose(CATALOG.get("lucy-pro-i2v"), Inputs(prompt=prompt), {Role.DATA: picture})


def a_member(user_id: int = ADA, **facts: Any) -> Requester:
    return Requester(**{"user_id": user_id, "name": "Ada", "guild_id": GUILD, "channel_id": CHANNEL} | facts)


def a_reply(**facts: Any) -> Reply:
    plain = {
        "application_id": 5,
        "channel_id": CHANNEL,
        "guild_id": GUILD,
        "message_id": 6,
        "token": "a-secret-interaction-token",
        "token_expires_at": NOW + timedelta(minutes=15),
        "upload_limit_bytes": 20 * 1024**2,
    }
    return Reply(**plain | facts)


def a_job(**facts: Any) -> Job:
    """A job as a row could hold it: ended states have their time."""
    ended = facts.get("state", JobState.ACCEPTED) in ENDED
    plain = {
        "id": uuid.uuid4().hex,
        "state": JobState.ACCEPTED,
        "request": a_request(),
        "requester": a_member(),
        "reply": a_reply(),
        "accepted_at": NOW,
        "ended_at": facts.get("accepted_at", NOW) if ended else None,
        "has_next_step": not ended,
    }
    return Job(**plain | facts)
