"""A message with every version of it, for tests that check how it changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.discord import limits
from sandbox.discord.files import Attachment
from sandbox.discord.mentions import Mentions
from sandbox.discord.responses import Json


@dataclass(frozen=True, slots=True)
class Version:
    """How a message looked from `at` on; `change` is create, update or delete."""

    at: datetime
    change: str
    message: Json


@dataclass(slots=True)
class Message:
    id: str
    channel_id: str
    author_id: str
    created: datetime
    type: int = 0
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    edited: datetime | None = None
    mentions: Mentions = field(default_factory=Mentions)
    pinged: list[str] = field(default_factory=list)
    visible_to: str | None = None
    reference: Json | None = None
    snapshots: list[Json] = field(default_factory=list)
    interaction: Json | None = None
    interaction_id: str | None = None
    nonce: str | int | None = None
    deleted: bool = False
    versions: list[Version] = field(default_factory=list)

    @property
    def is_v2(self) -> bool:
        return bool(self.flags & limits.V2)

    @property
    def ephemeral(self) -> bool:
        return self.visible_to is not None
