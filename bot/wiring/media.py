"""Where pictures and videos come in, and where those go out that Discord does not take."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.download import Downloader
from bot.media import Normaliser
from bot.ops.downloads import Downloads
from bot.wiring.ground import Ground
from bot.wiring.store import Store
from bot.work.intake import DiscordIntake


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """`downloads` are pages of the process's own server, which is opened last."""

    intake: DiscordIntake
    downloads: Downloads


async def open_media(ground: Ground, store: Store, closing: AsyncExitStack) -> Media:
    settings, clock = ground.settings, ground.clock
    downloader = await closing.enter_async_context(Downloader(settings.file_hosts))
    secret = store.keys.derived("links")
    return Media(
        intake=DiscordIntake(downloader=downloader, normaliser=Normaliser(), files=store.files, settings=settings),
        downloads=Downloads(store.files, secret=secret, public_url=settings.public_url, clock=clock),
    )
