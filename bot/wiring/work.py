"""The layer of work: guild settings and limits, the engine, the periodic tasks, and the services for commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import discord

from bot.chat.client import VideoBot
from bot.ops.downloads import Downloads
from bot.store.database import Database
from bot.store.guild_settings import GuildSettingsTable
from bot.store.jobs import Jobs
from bot.store.last_edits import LastEdits
from bot.store.queue import WorkQueue
from bot.store.statistics import StatisticsTable
from bot.store.tallies import OldTallies
from bot.wiring.chat import Chat
from bot.wiring.media import Media
from bot.wiring.process import Process
from bot.wiring.store import Store
from bot.work.engines.base import Engine
from bot.work.engines.cluster import ClusterEngine
from bot.work.engines.embedded import EmbeddedEngine
from bot.work.guilds.audit_log import AuditLog
from bot.work.guilds.limits import GuildLimits
from bot.work.guilds.moderation import Moderation
from bot.work.guilds.policy import Policy
from bot.work.guilds.settings import Guilds
from bot.work.jobs.acceptance import Acceptance
from bot.work.jobs.context import JobContext
from bot.work.jobs.controls import JobControls
from bot.work.jobs.endings import Endings
from bot.work.jobs.model_check import ModelCheck
from bot.work.jobs.recent_durations import RecentDurations
from bot.work.jobs.runner import JobRunner
from bot.work.members.drafts import Drafts
from bot.work.members.own_jobs import OwnJobs
from bot.work.members.statistics import StatisticsService
from bot.work.periodic import PeriodicTask, PeriodicTasks
from bot.work.retention import Retention
from bot.work.services import Services, SyncedCommands
from bot.work.token_expiry import TokenExpiry
from bot.work.working_folders import clear_working_folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What `App` is made of, for its own steps and for tests."""

    database: Database
    jobs: Jobs
    client: discord.Client
    engine: Engine
    services: Services
    retention: Retention
    token_expiry: TokenExpiry
    periodic: PeriodicTasks
    downloads: Downloads
    model_check: ModelCheck | None = None

    @property
    def bot(self) -> VideoBot:
        """The connection to Discord's gateway. Raises `RuntimeError` in a worker, which has none."""
        if isinstance(self.client, VideoBot):
            return self.client
        raise RuntimeError("a worker is not connected to the gateway")


def put_to_work(process: Process, store: Store, chat: Chat, media: Media, context: JobContext) -> Parts:
    """Build it all, and attach the services to the bot."""
    guilds = Guilds(
        GuildSettingsTable(store.database, clock=process.clock),
        store.notes,
        imports=store.imports,
        undos=store.undos,
        clock=process.clock,
        shared=process.settings.clustered,
    )
    chat.notices.speak(guilds.language)
    audit_log = AuditLog(guilds=guilds, notes=store.notes, notices=chat.notices, background=context.background)
    limits = _limits(process, store, chat, context, guilds, audit_log)
    endings = Endings(jobs=store.jobs, announcer=context.announcer, metrics=process.metrics)
    endings.listen(audit_log.ended)
    runner = JobRunner(context, endings, freed=limits.freed)
    engine = _engine(process, store, runner)
    limits.attach(engine)
    services = _services(process, store, chat, media, context, guilds, audit_log, endings, limits, engine)
    runner.held = services.moderation.ask_soon
    if isinstance(chat.client, VideoBot):
        chat.client.attach(services, chat.announcer)
    retention, token_expiry = _retention(process, store, services), _token_expiry(process, store, chat)
    tasks = [*engine.tasks, *guilds.tasks, limits.task, services.moderation.task, token_expiry.task]
    tasks += retention.tasks
    if process.settings.clustered:  # others find out, too, which models rest and how long the others take
        durations = RecentDurations(context.durations, jobs=store.jobs, catalog=process.catalog)
        tasks += [context.availability.task, durations.task]
    model_check = _model_check(process, context) if process.settings.check_models_hours else None
    if model_check is not None:
        tasks.append(model_check.task)
    return Parts(
        database=store.database,
        jobs=store.jobs,
        client=chat.client,
        engine=engine,
        services=services,
        retention=retention,
        token_expiry=token_expiry,
        periodic=_periodic(process, store, tasks),
        downloads=media.downloads,
        model_check=model_check,
    )


def _services(  # noqa: PLR0917  # each is one part of the work, given once
    process: Process,
    store: Store,
    chat: Chat,
    media: Media,
    context: JobContext,
    guilds: Guilds,
    audit_log: AuditLog,
    endings: Endings,
    limits: GuildLimits,
    engine: Engine,
) -> Services:
    policy = Policy(catalog=context.catalog, guilds=guilds, audit_log=audit_log, availability=context.availability)
    moderation = Moderation(
        context=context,
        guilds=guilds,
        notes=store.notes,
        notices=chat.notices,
        engine=engine,
        endings=endings,
        limits=limits,
        audit_log=audit_log,
    )
    acceptance = Acceptance(context=context, engine=engine, limits=limits, policy=policy, moderation=moderation)
    own_jobs = OwnJobs(context, store.history)
    drafts = Drafts(store.drafts, previewer=media.intake, catalog=process.catalog, clock=process.clock)
    return Services(
        catalog=context.catalog,
        policy=policy,
        acceptance=acceptance,
        job_controls=JobControls(
            context=context,
            acceptance=acceptance,
            endings=endings,
            engine=engine,
            limits=limits,
            moderation=moderation,
            own_jobs=own_jobs,
            drafts=drafts,
        ),
        own_jobs=own_jobs,
        drafts=drafts,
        guilds=guilds,
        limits=limits,
        moderation=moderation,
        audit_log=audit_log,
        statistics=StatisticsService(
            statistics_table=StatisticsTable(store.database),
            plotter=media.plotter,
            clock=process.clock,
        ),
        availability=context.availability,
        video_services=context.services,
        synced_commands=SyncedCommands(store.notes),
        background=context.background,
    )


def _model_check(process: Process, context: JobContext) -> ModelCheck:
    return ModelCheck(
        services=context.services,
        catalog=context.catalog,
        availability=context.availability,
        metrics=process.metrics,
        every=timedelta(hours=process.settings.check_models_hours),
    )


def _limits(  # noqa: PLR0917  # each is one part of the work, given once
    process: Process, store: Store, chat: Chat, context: JobContext, guilds: Guilds, audit_log: AuditLog
) -> GuildLimits:
    """Limits, which are told of every change of guild settings."""
    limits = GuildLimits(
        admission=context.admission,
        jobs=store.jobs,
        announcer=chat.announcer,
        guilds=guilds,
        audit_log=audit_log,
        background=context.background,
        shared=process.settings.clustered,
    )
    guilds.listen(limits.heed)
    guilds.listen(audit_log.amended)
    return limits


def _engine(process: Process, store: Store, runner: JobRunner) -> Engine:
    settings, clock, at_once = process.settings, process.clock, process.settings.jobs_at_once
    if not settings.clustered:
        return EmbeddedEngine(runner, store.jobs, clock=clock, jobs_at_once=at_once)
    runs_jobs = settings.run_jobs or not process.gateway
    return ClusterEngine(
        runner, store.jobs, WorkQueue(store.database), clock=clock, jobs_at_once=at_once, runs_jobs=runs_jobs
    )


def _retention(process: Process, store: Store, services: Services) -> Retention:
    return Retention(
        jobs=store.jobs,
        history=store.history,
        files=store.files,
        temporary_notes=[store.drafts, store.imports, store.undos],
        tallies=OldTallies(store.database, clock=process.clock),
        moderation=services.moderation,
        settings=process.settings,
        clock=process.clock,
    )


def _token_expiry(process: Process, store: Store, chat: Chat) -> TokenExpiry:
    last_edits = LastEdits(store.database, clock=process.clock)
    return TokenExpiry(last_edits=last_edits, jobs=store.jobs, announcer=chat.announcer, clock=process.clock)


def _periodic(process: Process, store: Store, tasks: Sequence[PeriodicTask]) -> PeriodicTasks:
    """In a cluster the processes take turns at what one of them does for all, which the notes tell."""
    folders = PeriodicTask("working_folders", lambda: clear_working_folders(process.settings), every=timedelta(hours=1))
    notes = store.notes if process.settings.clustered else None
    return PeriodicTasks([*tasks, folders], clock=process.clock, metrics=process.metrics, notes=notes)
