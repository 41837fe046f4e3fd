"""The work: the rules of servers, the engine, and the studio, which the bot asks."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.chat.client import VideoBot
from bot.ops.downloads import Downloads
from bot.rules.limit_rules import operator_rules
from bot.store.admission import Admission
from bot.store.database import Database
from bot.store.houses import Houses
from bot.store.jobs import Jobs
from bot.store.queue import WorkQueue
from bot.wiring.chat import Chat
from bot.wiring.ground import Ground
from bot.wiring.media import Media
from bot.wiring.store import Store
from bot.work.chronicle import Chronicle
from bot.work.cluster import ClusterEngine
from bot.work.drafts import Drafts
from bot.work.embedded import EmbeddedEngine
from bot.work.engine import Engine
from bot.work.farewells import Farewells
from bot.work.household import found
from bot.work.housekeeping import Housekeeping
from bot.work.houses import HouseKeeper
from bot.work.limits import Limits
from bot.work.pipeline import Pipeline
from bot.work.reception import Reception
from bot.work.shelf import Shelf
from bot.work.studio import Studio
from bot.work.tools import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What `App` is made of, for its own steps and for tests."""

    database: Database
    jobs: Jobs
    client: discord.Client
    engine: Engine
    studio: Studio
    housekeeping: Housekeeping
    farewells: Farewells
    downloads: Downloads

    @property
    def bot(self) -> VideoBot:
        """The connection to Discord's gateway. Raises `RuntimeError` in a worker, which has none."""
        if isinstance(self.client, VideoBot):
            return self.client
        raise RuntimeError("a worker is not connected to the gateway")


def put_to_work(ground: Ground, store: Store, chat: Chat, media: Media, tools: Tools) -> Parts:
    """The rules of servers, the engine, and the studio, which the bot is given here."""
    houses = HouseKeeper(Houses(store.database, clock=ground.clock))
    chronicle = Chronicle(houses=houses, notes=store.notes, noticeboard=chat.noticeboard)
    limits = _limits(ground, store, chat, houses, chronicle)
    engine = _engine(ground, store, Pipeline(tools, freed=limits.freed, ended=chronicle.ended))
    limits.attach(engine)
    household = found(
        tools=tools,
        database=store.database,
        notes=store.notes,
        houses=houses,
        noticeboard=chat.noticeboard,
        engine=engine,
        limits=limits,
        chronicle=chronicle,
    )
    studio = Studio(
        tools=tools,
        reception=Reception(tools=tools, engine=engine, limits=limits, household=household),
        notes=store.notes,
        engine=engine,
        houses=houses,
        limits=limits,
        shelf=Shelf(tools, store.keeping),
        drafts=Drafts(store.notes, previewer=media.intake, catalog=ground.catalog, clock=ground.clock),
        household=household,
    )
    if isinstance(chat.client, VideoBot):
        chat.client.attach(studio)
    return Parts(
        database=store.database,
        jobs=store.jobs,
        client=chat.client,
        engine=engine,
        studio=studio,
        housekeeping=_housekeeping(ground, store, studio),
        farewells=Farewells(store.jobs, chat.announcer, clock=ground.clock),
        downloads=media.downloads,
    )


def _limits(ground: Ground, store: Store, chat: Chat, houses: HouseKeeper, chronicle: Chronicle) -> Limits:
    """They hear of every change of a server's settings."""
    operator = operator_rules(ground.settings.operator_limits)
    admission = Admission(store.database, catalog=ground.catalog, operator=operator, clock=ground.clock)
    limits = Limits(
        admission=admission, jobs=store.jobs, announcer=chat.announcer, chronicle=chronicle, clock=ground.clock
    )
    houses.listen(limits.heed)
    return limits


def _engine(ground: Ground, store: Store, pipeline: Pipeline) -> Engine:
    settings, clock, at_once = ground.settings, ground.clock, ground.settings.jobs_at_once
    if not settings.clustered:
        return EmbeddedEngine(pipeline, store.jobs, clock=clock, jobs_at_once=at_once)
    runs_jobs = settings.run_jobs or not ground.gateway
    return ClusterEngine(pipeline, WorkQueue(store.database), clock=clock, jobs_at_once=at_once, runs_jobs=runs_jobs)


def _housekeeping(ground: Ground, store: Store, studio: Studio) -> Housekeeping:
    """In a cluster the processes take turns, which the notes tell."""
    return Housekeeping(
        store.jobs,
        store.files,
        ground.settings,
        clock=ground.clock,
        notes=store.notes if ground.settings.clustered else None,
        keeping=store.keeping,
        drafts=studio.drafts,
        holds=studio.holds,
    )
