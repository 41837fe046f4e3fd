"""The layer of media: members' files coming in, and results that Discord does not take going out."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.download import Downloader
from bot.media import MediaEncoder, Normaliser, Sketcher
from bot.media.guard import Guard
from bot.media.plotter import CHART_BOUNDS, Plotter
from bot.media.service import LIGHT_CLIP_BOUNDS, PICTURE_BOUNDS, SKETCH_BOUNDS
from bot.media.workers import Workers
from bot.ops.downloads import Downloads
from bot.wiring.process import Process
from bot.wiring.store import Store
from bot.work.jobs.inputs import DiscordInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """`downloads` are pages of the process's own server, which is opened last."""

    intake: DiscordInputs
    encoder: MediaEncoder
    plotter: Plotter
    downloads: Downloads
    workers: Workers


async def open_media(process: Process, store: Store, closing: AsyncExitStack) -> Media:
    settings, clock = process.settings, process.clock
    downloader = await closing.enter_async_context(Downloader(settings.file_hosts))
    secret = store.keys.derived("links")
    workers = Workers()
    closing.push_async_callback(workers.close)
    # Each kind has places of its own, so that none waits for another: light and heavy clips, pictures and the others.
    return Media(
        intake=DiscordInputs(
            downloader=downloader,
            normaliser=Normaliser(
                Guard(workers, each=1, bounds=LIGHT_CLIP_BOUNDS),
                pictures=Guard(workers, each=1, bounds=PICTURE_BOUNDS),
                heavy=Guard(workers, each=1),
            ),
            sketcher=Sketcher(Guard(workers, each=1, bounds=SKETCH_BOUNDS)),
            files=store.files,
            settings=settings,
        ),
        encoder=MediaEncoder(Guard(workers)),
        plotter=Plotter(settings.data_dir / "charts", Guard(workers, at_once=1, bounds=CHART_BOUNDS)),
        downloads=Downloads(store.files, secret=secret, public_url=settings.public_url, clock=clock),
        workers=workers,
    )
