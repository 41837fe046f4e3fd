"""A pipeline on real parts (database, files, client, sockets), with an edge that records instead of Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
from cryptography.fernet import Fernet
from sqlalchemy.engine import URL

from bot.errors import FileGone, ResultInvalid
from bot.fal import FalClient
from bot.fal.video_service import FalVideoService
from bot.files import open_files
from bot.media.plotter import Plotter
from bot.ops.metrics import Metrics
from bot.queue import QueueClient, Retry, Timeouts
from bot.queue.video_service import QueueVideoService
from bot.rules.catalog import Kind, Model, Role, ServiceName
from bot.rules.delivery import Clip, Link, Shown
from bot.rules.drafts import LIFE, Preview
from bot.rules.durations import Durations
from bot.rules.guild_settings import GuildSettings
from bot.rules.jobs import Job, JobState, Reply, Requester, StoredFile
from bot.rules.limit_rules import LimitBook, operator_rules
from bot.rules.media import Dimensions, Files, Fitted, Probe
from bot.rules.notices import Entry, HoldOutcome, NoticeLost, Picture
from bot.rules.polling import AdaptivePolling, PollBounds
from bot.rules.requests import VideoRequest
from bot.rules.services import VideoService
from bot.settings import Settings
from bot.store.admission import Admission
from bot.store.database import Database
from bot.store.encryption import Keys
from bot.store.guild_settings import GuildSettingsTable
from bot.store.history import JobHistory
from bot.store.jobs import Jobs
from bot.store.notes import Notes, TemporaryNotes
from bot.store.statistics import StatisticsTable
from bot.store.tallies import OldTallies
from bot.work.background import BackgroundTasks
from bot.work.engines.embedded import EmbeddedEngine
from bot.work.guilds.audit_log import AuditLog
from bot.work.guilds.limits import GuildLimits
from bot.work.guilds.moderation import Moderation
from bot.work.guilds.policy import Policy
from bot.work.guilds.settings import Guilds
from bot.work.jobs.acceptance import Acceptance
from bot.work.jobs.availability import Availability
from bot.work.jobs.context import JobContext
from bot.work.jobs.controls import JobControls
from bot.work.jobs.endings import Endings
from bot.work.jobs.runner import JobRunner
from bot.work.jobs.video_services import VideoServices
from bot.work.members.drafts import Drafts
from bot.work.members.own_jobs import OwnJobs
from bot.work.members.statistics import StatisticsService
from bot.work.periodic import PeriodicTasks
from bot.work.retention import Retention
from bot.work.services import Services, SyncedCommands
from bot.work.working_folders import working_root
from sandbox.queue_api import QueueStandIn
from tests.adapters.databases import empty_url
from tests.clock import ManualClock
from tests.jobs import CATALOG, GUILD

__all__ = ["bench", "empty_url"]

KEY = Fernet.generate_key().decode()
# One transparent pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00\x00\x10\x10mdat" + bytes(4104)


class PollingClock(ManualClock):
    """Short sleeps (polls, pauses) move the time; long ones end once the short ones have moved it that far."""

    long = 100.0

    async def sleep(self, seconds: float) -> None:
        if seconds >= self.long:
            await super().sleep(seconds)
            return
        self.slept.append(seconds)
        self._elapsed += max(0.0, seconds)
        await self.advance(0)


@dataclass
class Notices:
    """The moderators' channels of tests: `posted` holds what came there, `lost` is raised instead where it is set."""

    def __init__(self) -> None:
        self.posted: list[Entry] = []
        self.asked: list[tuple[int, Job, str]] = []
        self.settled: list[tuple[int, HoldOutcome]] = []
        self.pinged: list[Job] = []
        self.lost: NoticeLost | None = None

    async def record(self, guild_id: int, channel_id: int, entry: Entry) -> None:
        del guild_id, channel_id
        if self.lost is not None:
            raise self.lost
        self.posted.append(entry)

    async def ask(self, channel_id: int, job: Job, pattern: str, pictures: Sequence[Picture]) -> int:
        del pictures
        if self.lost is not None:
            raise self.lost
        self.asked.append((channel_id, job, pattern))
        return 900 + len(self.asked)

    async def close_question(
        self, channel_id: int, message_id: int, job: Job, *, decision: HoldOutcome, by: Requester | None, reason: str
    ) -> None:
        del channel_id, job, by, reason
        self.settled.append((message_id, decision))

    async def ping(self, job: Job) -> None:
        self.pinged.append(job)


@dataclass
class Recorder:
    """The announcer of tests. `refusals` are raised by the next deliveries, one each; `on_show` may interfere.

    `unreached` is how many of the next shows of an ended job do not get through.
    """

    shown: list[Job] = field(default_factory=list)
    told_end: set[str] = field(default_factory=set)
    left: list[int | None] = field(default_factory=list)
    delivered: list[tuple[Job, Clip, bytes]] = field(default_factory=list)
    refusals: list[Exception] = field(default_factory=list)
    on_show: dict[JobState, Any] = field(default_factory=dict)
    on_deliver: Any = None
    unreached: int = 0

    def states(self, job_id: str) -> list[str]:
        return [job.state.value for job in self.shown if job.id == job_id]

    async def leave(self, job: Job) -> None:
        self.left.append(job.reply.message_id)

    async def show(self, job: Job) -> Shown:
        if job.ended and self.unreached > 0:
            self.unreached -= 1
            return Shown(reached=False)
        if job.id in self.told_end:
            return Shown()
        self.shown.append(job)
        if job.state in self.on_show:
            await self.on_show.pop(job.state)(job)
        if job.ended:
            self.told_end.add(job.id)
        return Shown()

    async def deliver(self, job: Job, thing: Clip | Link) -> Shown:
        if self.refusals:
            raise self.refusals.pop(0)
        if self.on_deliver is not None:
            await self.on_deliver(job)
        assert isinstance(thing, Clip)
        self.delivered.append((job, thing, await asyncio.to_thread(thing.path.read_bytes)))
        return Shown()


class Pictures:
    """The intake of tests: every input is one pixel; `gone` makes the attachment vanish."""

    def __init__(self, files: Files, folder: Path) -> None:
        self._files = files
        self._folder = folder
        self.taken: list[str] = []
        self.gone = False

    async def take(self, job: Job, model: Model) -> dict[Role, StoredFile]:
        del model
        if self.gone:
            raise FileGone(role="data")
        self.taken.append(job.id)
        stored = {}
        for role in job.request.files:
            path = self._folder / f"{job.id}-{role}.png"
            path.unlink(missing_ok=True)  # never into what was stored: it may be the same bytes
            await asyncio.to_thread(path.write_bytes, PNG)
            key = f"jobs/{job.id}/{role}"
            size = await self._files.put(key, path, "image/png")
            stored[role] = StoredFile(key=key, filename="cat.png", content_type="image/png", size_bytes=size)
        return stored

    async def preview(self, request: VideoRequest, model: Model, by: Requester) -> Preview:
        del request, model, by
        return Preview(picture=PNG, cropped=False)


class Halver:
    """The encoder of tests: "fits" by cutting, where `can_fit`."""

    def __init__(self) -> None:
        self.can_fit = True
        self.breaks = False
        self.on_faststart: Callable[[], Awaitable[None]] | None = None

    async def faststart(self, path: Path, to: Path, *, by: Requester | None = None) -> tuple[Path, Dimensions]:
        del to, by
        if self.on_faststart is not None:
            await self.on_faststart()
        return path, Dimensions(width=1280, height=704, seconds=4)

    async def fit(self, path: Path, to: Path, limit_bytes: int, *, by: Requester | None = None) -> Fitted | None:
        del by
        if self.breaks:
            raise ResultInvalid
        if not self.can_fit or limit_bytes < 100:
            return None
        whole = await asyncio.to_thread(path.read_bytes)
        await asyncio.to_thread(to.write_bytes, whole[:limit_bytes])
        return Fitted(
            path=to, size_bytes=min(limit_bytes, len(whole)), seconds=2, width=640, height=352,
            size_bytes_before=len(whole), width_before=1280, height_before=704,
        )  # fmt: skip

    async def poster(self, path: Path, to: Path, *, by: Requester | None = None) -> Path:
        del path, by
        return to

    async def still(self, path: Path, to: Path, *, kind: Kind, by: Requester | None = None) -> Path:
        del path, kind, by
        return to

    async def probe(self, path: Path) -> Probe:
        return Probe(container="mp4", size_bytes=len(await asyncio.to_thread(path.read_bytes)), width=2, height=2)


class Bench:
    """Everything of one process, and the means to kill it and start another on the same rows."""

    def __init__(self, url: URL, folder: Path, service: QueueStandIn, clock: PollingClock) -> None:
        self.url, self.folder, self.service, self.clock = url, folder, service, clock
        self.announcer = Recorder()
        self.encoder = Halver()
        self.metrics = Metrics()
        self.files = open_files("", folder)
        self.intake = Pictures(self.files, folder)
        self.durations = Durations()
        self.catalog = CATALOG
        self.second_service: Callable[[], FalClient] | None = None
        """Makes the client of a process that knows fal.ai, too."""
        self._closing = AsyncExitStack()

    async def open(self, *, jobs_at_once: int = 50, **settings: Any) -> None:
        """Start a process. Whatever an earlier one of this bench held must have been dropped."""
        self._closing = AsyncExitStack()
        self.database = Database(self.url, clock=self.clock, pool_size=4)
        self._closing.push_async_callback(self.database.close)
        self.jobs = Jobs(self.database, keys=Keys([KEY]), clock=self.clock)
        self.settings = Settings.model_validate(
            {"discord_token": "t", "decart_api_key": "k", "data_dir": self.folder, "operator_limits": "none"} | settings
        )
        queue = QueueClient(
            api_key=self.service.api_key,
            base_url=self.service.url,
            catalog=self.catalog,
            clock=self.clock,
            polling=AdaptivePolling(self.durations, PollBounds(poll_min=0.5)),
            retry=Retry(submit_attempts=1),
            timeouts=Timeouts(connect=timedelta(seconds=5)),
        )
        await self._closing.enter_async_context(queue)
        services: dict[ServiceName, VideoService] = {"decart": QueueVideoService(queue)}
        if self.second_service is not None:
            services["fal"] = FalVideoService(await self._closing.enter_async_context(self.second_service()))
        notes = Notes(self.database)
        kept_drafts = TemporaryNotes(self.database, kind="draft", life=LIFE, clock=self.clock)
        imports = TemporaryNotes(self.database, kind="import", life=LIFE, clock=self.clock)
        undos = TemporaryNotes(self.database, kind="undo", life=LIFE, clock=self.clock)
        self.availability = Availability(notes, catalog=self.catalog, clock=self.clock)
        operator = operator_rules(self.settings.operator_limits)
        admission = Admission(self.database, operator=operator, clock=self.clock)
        self.context = context = JobContext(
            jobs=self.jobs,
            services=VideoServices(services),
            files=self.files,
            intake=self.intake,
            encoder=self.encoder,
            announcer=self.announcer,
            catalog=self.catalog,
            admission=admission,
            availability=self.availability,
            durations=self.durations,
            clock=self.clock,
            metrics=self.metrics,
            settings=self.settings,
            background=BackgroundTasks(),
        )
        self.guilds = Guilds(
            GuildSettingsTable(self.database, clock=self.clock), notes, imports=imports, undos=undos, clock=self.clock
        )
        self.notices = Notices()
        audit_log = AuditLog(guilds=self.guilds, notes=notes, notices=self.notices, background=context.background)
        self.limits = GuildLimits(
            admission=admission, jobs=self.jobs, announcer=self.announcer, guilds=self.guilds, audit_log=audit_log,
            background=context.background,
        )  # fmt: skip
        self.guilds.listen(self.limits.heed)
        self.guilds.listen(audit_log.amended)
        endings = Endings(jobs=self.jobs, announcer=self.announcer, metrics=self.metrics)
        endings.listen(audit_log.ended)
        self.runner = JobRunner(context, endings, freed=self.limits.freed)
        self.engine = EmbeddedEngine(self.runner, self.jobs, clock=self.clock, jobs_at_once=jobs_at_once)
        self.limits.attach(self.engine)
        policy = Policy(catalog=self.catalog, guilds=self.guilds, audit_log=audit_log, availability=self.availability)
        moderation = Moderation(
            context=context, guilds=self.guilds, notes=notes, notices=self.notices, engine=self.engine,
            endings=endings, limits=self.limits, audit_log=audit_log,
        )  # fmt: skip
        self.runner.held = moderation.ask_soon
        acceptance = Acceptance(
            context=context, engine=self.engine, limits=self.limits, policy=policy, moderation=moderation,
        )  # fmt: skip
        own_jobs = OwnJobs(context, JobHistory(self.database, keys=Keys([KEY])))
        drafts = Drafts(kept_drafts, previewer=self.intake, catalog=self.catalog, clock=self.clock)
        self.services = Services(
            catalog=self.catalog,
            policy=policy,
            acceptance=acceptance,
            job_controls=JobControls(
                context=context, acceptance=acceptance, endings=endings, engine=self.engine, limits=self.limits,
                moderation=moderation, own_jobs=own_jobs, drafts=drafts,
            ),
            own_jobs=own_jobs,
            drafts=drafts,
            guilds=self.guilds,
            limits=self.limits,
            moderation=moderation,
            audit_log=audit_log,
            statistics=StatisticsService(
                statistics_table=StatisticsTable(self.database), plotter=Plotter(self.folder), clock=self.clock
            ),
            availability=self.availability,
            video_services=context.services,
            synced_commands=SyncedCommands(notes),
            background=context.background,
        )  # fmt: skip
        await self.guilds.refresh()
        await self.availability.refresh()

        self.retention = Retention(
            jobs=self.jobs, history=JobHistory(self.database, keys=Keys([KEY])), files=self.files,
            temporary_notes=[kept_drafts, imports, undos],
            tallies=OldTallies(self.database, clock=self.clock), moderation=moderation, settings=self.settings,
            clock=self.clock,
        )  # fmt: skip
        # On a clock that stands still: the waitlist moves when a place is freed, and at no other time.
        self.periodic = PeriodicTasks([self.limits.task], clock=ManualClock(), metrics=self.metrics)
        self.periodic.start()

    async def close(self) -> None:
        await self.engine.close()
        await self.periodic.close()
        await self.services.background.close()
        await self._closing.aclose()

    async def lift_limits(self) -> None:
        """Have the tests' server let everybody make anything."""
        unlimited = GuildSettings().amended(limits=LimitBook())
        await GuildSettingsTable(self.database, clock=self.clock).replace(GUILD, unlimited, expected_version=0)
        await self.guilds.refresh()

    async def accept(
        self, request: VideoRequest, requester: Requester, reply: Reply, *, again_of: Job | None = None
    ) -> Job:
        """As a command does: look, write the row, show the card, begin."""
        acceptance = self.services.acceptance
        job = await acceptance.accept(acceptance.precheck(request, requester, again_of=again_of), reply)
        await self.announcer.show(job)
        await acceptance.begin(job)
        return job

    async def again(self, job_id: str, by: Requester, reply: Reply, *, seed: int | None) -> Job:
        """As the button does."""
        _, checked = await self.services.job_controls.precheck_again(job_id, by, seed=seed)
        job = await self.services.acceptance.accept(checked, reply)
        await self.announcer.show(job)
        await self.services.acceptance.begin(job)
        return job

    async def kill(self) -> None:
        """End as kill -9 does: nothing runs on, nothing is written any more."""
        tasks = list(self.engine._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.periodic.close()
        await self.services.background.close()
        await self._closing.aclose()

    async def ended(self, job_id: str, *, within: int = 30_000) -> Job:
        """The job once it has ended, or waits, and nothing runs for it any more."""
        for _ in range(within):
            if job_id not in self.engine._tasks:
                job = await self.jobs.get(job_id)
                if job.ended or job.undeliverable or job.held:
                    return job
            await asyncio.sleep(0.002)
        raise AssertionError(f"the job is still {await self.jobs.get(job_id)}")

    async def until(self, condition: Any) -> None:
        for _ in range(30_000):
            if condition():
                return
            await asyncio.sleep(0.002)
        raise AssertionError("it never came to be")

    @property
    def leftovers(self) -> list[str]:
        """Files under `work`, of which none must stay."""
        return [str(path) for path in working_root(self.settings).rglob("*")]


@pytest_asyncio.fixture
async def bench(migrated_url: URL, tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench on each database, with a service that is done at once unless its times are set."""
    clock = PollingClock()
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(MP4)
    async with QueueStandIn(clip=clip, clock=clock) as service:
        bench = Bench(migrated_url, tmp_path / "data", service, clock)
        await bench.open()
        await bench.lift_limits()
        yield bench
        await bench.close()
        assert bench.leftovers == []
