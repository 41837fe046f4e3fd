"""The layer of media: members' files coming in, and results that Discord does not take going out."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.download import Downloader
from bot.media import Normaliser
from bot.ops.downloads import Downloads
from bot.wiring.process import Process
from bot.wiring.store import Store
from bot.work.jobs.inputs import DiscordInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """`downloads` are pages of the process's own server, which is opened last."""

    intake: DiscordInputs
    downloads: Downloads


async def open_media(process: Process, store: Store, closing: AsyncExitStack) -> Media:
    settings, clock = process.settings, process.clock
    downloader = await closing.enter_async_context(Downloader(settings.file_hosts))
    secret = store.keys.derived("links")
    return Media(
        intake=DiscordInputs(downloader=downloader, normaliser=Normaliser(), files=store.files, settings=settings),
        downloads=Downloads(store.files, secret=secret, public_url=settings.public_url, clock=clock),
    )
