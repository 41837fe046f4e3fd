"""What commands, buttons and forms may ask of the work, as named parts.

Who uses it is Discord's side; nothing behind it knows of Discord.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.rules.catalog import Catalog
from bot.store.notes import Notes
from bot.work.background import BackgroundTasks
from bot.work.guilds.audit_log import AuditLog
from bot.work.guilds.limits import GuildLimits
from bot.work.guilds.moderation import Moderation
from bot.work.guilds.policy import Policy
from bot.work.guilds.settings import Guilds
from bot.work.jobs.acceptance import Acceptance, Prechecked
from bot.work.jobs.availability import Availability
from bot.work.jobs.controls import JobControls
from bot.work.jobs.video_services import VideoServices
from bot.work.members.drafts import Drafts
from bot.work.members.own_jobs import OwnJobs, Page
from bot.work.members.statistics import Report, StatisticsService, Table

__all__ = ["Page", "Prechecked", "Report", "Services", "SyncedCommands", "Table"]


class SyncedCommands:
    """What was sent to Discord last of the commands: sending them again changes nothing and makes a start slow.

    A digest of the commands of an application, kept across restarts, and the ids that Discord gave them. The
    asynchronous methods may raise `DatabaseUnavailable`."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._ids: dict[str, int] = {}

    async def are(self, application_id: int, digest: str) -> bool:
        """Whether these are the commands that were sent last."""
        noted, _, ids = (await self._notes.get(_key(application_id)) or "").partition(" ")
        if noted != digest or not ids:  # without ids: noted by an earlier version
            return False
        self._ids = json.loads(ids)
        return True

    async def note(self, application_id: int, digest: str, ids: Mapping[str, int]) -> None:
        """These have been sent, and Discord gave them these ids."""
        self._ids = dict(ids)
        await self._notes.put(_key(application_id), f"{digest} {json.dumps(self._ids)}")

    def mention(self, name: str) -> str:
        """The command, or one of a group as `limits set`, written so that it can be pressed; its name alone where its
        id is not known."""
        command_id = self._ids.get(name.partition(" ")[0])
        return f"`/{name}`" if command_id is None else f"</{name}:{command_id}>"


def _key(application_id: int) -> str:
    return f"commands:{application_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One part for each thing that may be asked. Every part's methods may raise `DatabaseUnavailable`; the refusals
    that they raise are named where they are."""

    catalog: Catalog
    policy: Policy
    acceptance: Acceptance
    job_controls: JobControls
    own_jobs: OwnJobs
    drafts: Drafts
    guilds: Guilds
    limits: GuildLimits
    moderation: Moderation
    audit_log: AuditLog
    statistics: StatisticsService
    availability: Availability
    video_services: VideoServices
    synced_commands: SyncedCommands
    background: BackgroundTasks
