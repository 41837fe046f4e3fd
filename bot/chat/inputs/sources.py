"""The pictures and videos of a message, wherever Discord keeps them: attached, embedded, forwarded, in components.

Only what Discord's own hosts serve can be fetched. A picture behind a link is one where Discord's proxy shows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import discord

from bot.chat.replies.edit_routes import UNSENT
from bot.chat.replies.interactions import attachment_of
from bot.errors import (
    FileForbidden,
    Refused,
    SourceGone,
    SourceHidden,
    SourceMissing,
    SourceOutOfReach,
    SourceUnread,
    VideoGone,
)
from bot.rules.catalog import Kind, Model, Operation, Role
from bot.rules.requests import SPOILER, Attachment, hidden_name

MENUS: Mapping[Operation, str] = {
    Operation.IMAGE_TO_VIDEO: "Animate",
    Operation.RESTYLE: "Restyle",
    Operation.EDIT: "Edit",
    Operation.VIDEO_TO_VIDEO: "Change",
    Operation.TRY_ON: "Try on",
}
"""The Apps menus on messages, by what they do. Discord shows the names; they stay the same in every language. Five are
as many as the library takes, though Discord takes fifteen."""

MENU_OF: Mapping[Operation, str] = {**MENUS, Operation.IMAGE_EDIT: MENUS[Operation.EDIT]}
"""The menu that leads to each operation: Edit changes pictures, too."""

SHOWN_SECONDS = 10.0
"""How long Discord may take to show a message to a member who knows that Clapper is thinking."""

LOOKED_AT = 50
"""How many of a channel's messages are searched for the newest picture or video."""

_ENDINGS = {
    Kind.IMAGE: {".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".heic", ".heif", ".bmp", ".tif", ".tiff"},
    Kind.VIDEO: {".mp4", ".mov", ".qt", ".webm", ".mkv", ".avi", ".m4v", ".gif"},
}
_MADE_PICTURES = {".png", ".jpg", ".webp"}
_VAGUE = {None, "application/octet-stream"}

_SPOILER_MARK = "||"

_Part: TypeAlias = "discord.Message | discord.MessageSnapshot"


@dataclass(frozen=True, slots=True)
class Found:
    """What a message offers. `elsewhere` is the host of one that Discord only links to, if there is any.

    `blank`: the message shows nothing at all, which without the message content intent means that it is hidden.
    `message_id` is whose files they are.
    """

    files: tuple[Attachment, ...] = ()
    elsewhere: str | None = None
    blank: bool = False
    message_id: int | None = None


_SPOILER_FLAG = discord.AttachmentFlags.spoiler.flag


def media_of(message: discord.Message, kind: Kind, hosts: Collection[str]) -> Found:
    """All pictures or all videos of the message, in the order in which Discord shows them.

    What a file is, its content type or its name says, as it is opened only later. Files of which neither says anything
    count where nothing else is found.
    """
    parts: tuple[_Part, ...] = (message, *message.message_snapshots)
    attached = [file for part in parts for file in part.attachments]
    claimed = [file for file in attached if _claims(file.content_type, file.filename, kind)]
    shown = [_taken(media, kind, hosts, hidden=hidden) for part in parts for media, hidden in _media(part, kind)]
    files = [attachment_of(file) for file in claimed]
    files += [media for media in shown if isinstance(media, Attachment)]
    if not files:
        files = [attachment_of(file) for file in attached if _vague(file)]
    return Found(
        files=tuple(
            file.model_copy(update={"posted_by": message.author.id, "posted_in": message.jump_url})
            for file in _each_once(files)
        ),
        elsewhere=next((media for media in shown if isinstance(media, str)), None),
        blank=not any(_says_something(part) for part in parts),
        message_id=message.id,
    )


async def newest(
    channel: discord.abc.Messageable, kind: Kind, hosts: Collection[str], *, me: int, limit: int = LOOKED_AT
) -> Found:
    """What the newest message with any such file offers. `me` is the bot's own id: its pictures are passed over, as
    they may be posters, previews and questions; its videos are what members made.

    Finds nothing where the bot may not read the channel. Raises `SourceUnread` where Discord doesn't answer in time.
    """
    try:
        return await asyncio.wait_for(_newest(channel, kind, hosts, me, limit), SHOWN_SECONDS)
    except (discord.Forbidden, discord.NotFound):
        return Found()
    except UNSENT as exc:
        raise SourceUnread from exc


async def shown(fetching: Coroutine[Any, Any, discord.Message]) -> discord.Message:
    """The message that is being fetched. Raises `SourceGone` where there is none, `SourceUnread` where the bot may not
    read it or Discord doesn't answer in time."""
    try:
        return await asyncio.wait_for(fetching, SHOWN_SECONDS)
    except discord.NotFound as exc:
        raise SourceGone from exc
    except UNSENT as exc:
        raise SourceUnread from exc


async def _newest(channel: discord.abc.Messageable, kind: Kind, hosts: Collection[str], me: int, limit: int) -> Found:
    elsewhere, blank = None, False
    async for message in channel.history(limit=limit):
        if message.author.id == me and kind is Kind.IMAGE:
            continue
        found = media_of(message, kind, hosts)
        if found.files:
            return found
        elsewhere, blank = elsewhere or found.elsewhere, blank or found.blank
    return Found(elsewhere=elsewhere, blank=blank)


def nothing_found(model: Model, found: Found, *, bot_id: int | None, sees_all: bool, hears: bool = True) -> Refused:
    """The error that says why no file was found and what works instead.

    `sees_all`: the bot may read other people's messages. `hears`: messages that are written to it there reach it.
    """
    if found.elsewhere is not None:
        return FileForbidden(host=found.elsewhere, role=Role.DATA.value)
    wanted = "video" if model.files[Role.DATA] is Kind.VIDEO else "picture"
    menu = MENU_OF.get(model.operation)
    if not hears:
        return SourceOutOfReach(wanted=wanted, command=model.operation.value, menu=menu)
    error = SourceMissing if sees_all else SourceHidden
    return error(wanted=wanted, command=model.operation.value, menu=menu, bot_id=bot_id)


def made_in(message: discord.Message | None) -> tuple[Attachment, Kind]:
    """The video, or the picture, that was attached to the message. Raises `VideoGone` where there is neither."""
    for file in message.attachments if message else ():
        ending = PurePosixPath(file.filename.casefold()).suffix
        if ending == ".mp4":
            return attachment_of(file), Kind.VIDEO
        if ending in _MADE_PICTURES:
            return attachment_of(file), Kind.IMAGE
    raise VideoGone


def attachment_in(described: dict[str, Any]) -> Attachment:
    """The uploaded file of a form, from Discord's JSON: discord.py makes objects only for forms that it keeps."""
    return Attachment(
        url=described["url"],
        filename=hidden_name(described["filename"], hidden=bool(described.get("flags", 0) & _SPOILER_FLAG)),
        size_bytes=described["size"],
        content_type=described.get("content_type"),
        width=described.get("width"),
        height=described.get("height"),
        seconds=described.get("duration_secs"),
    )


def _each_once(files: Iterable[Attachment]) -> Collection[Attachment]:
    """Of what stands in a message twice, the hidden one."""
    found: dict[str, Attachment] = {}
    for file in files:
        if file.url not in found or file.filename.startswith(SPOILER):
            found[file.url] = file
    return found.values()


def _claims(content_type: str | None, filename: str, kind: Kind) -> bool:
    if content_type in _VAGUE:
        return PurePosixPath(filename.casefold()).suffix in _ENDINGS[kind]
    family = (content_type or "").partition("/")[0]
    return family == kind.value or (kind is Kind.VIDEO and content_type == "image/gif")


def _vague(file: discord.Attachment) -> bool:
    endings = _ENDINGS[Kind.IMAGE] | _ENDINGS[Kind.VIDEO]
    return file.content_type in _VAGUE and PurePosixPath(file.filename.casefold()).suffix not in endings


def _media(part: _Part, kind: Kind) -> Iterator[tuple[Any, bool]]:
    """What embeds and components show, objects with `url`, `proxy_url`, `width` and `height`, and whether each is a
    spoiler."""
    for embed in part.embeds:
        pictures = (embed.image, embed.thumbnail) if kind is Kind.IMAGE else (embed.video,)
        hidden = _is_hidden_link(embed.url, part.content)
        yield from ((media, hidden) for media in pictures if media.url or media.proxy_url)
    for component, hidden in _walk(part.components):
        if isinstance(component, discord.MediaGalleryComponent):
            yield from ((item.media, hidden or item.spoiler) for item in component.items)
        elif isinstance(component, discord.ThumbnailComponent):
            yield component.media, hidden or component.spoiler


def _is_hidden_link(url: str | None, content: str) -> bool:
    """Whether Discord shows what the link leads to as a spoiler, `||https://…||`; also where that can't be told, as a
    link may be written otherwise than its embed names it, and as signs may be escaped."""
    before, opened, rest = content.partition(_SPOILER_MARK)
    inside, closed, after = rest.rpartition(_SPOILER_MARK)
    if not (opened and closed):
        return False
    return not url or url in inside or url not in before + after


def _walk(components: Iterable[Any], *, hidden: bool = False) -> Iterator[tuple[Any, bool]]:
    """Every component at any depth, and whether one around it hides it."""
    for component in components:
        yield component, hidden
        inner = hidden or bool(getattr(component, "spoiler", False))
        yield from _walk(getattr(component, "children", ()), hidden=inner)
        accessory = getattr(component, "accessory", None)
        if accessory is not None:
            yield accessory, inner


def _taken(media: Any, kind: Kind, hosts: Collection[str], *, hidden: bool) -> Attachment | str | None:
    """The file, where one of its addresses may be fetched; else its host; None where it is of another kind."""
    content_type = getattr(media, "content_type", None)
    if content_type and not _claims(content_type, "", kind):
        return None
    address = next((url for url in (media.url, media.proxy_url) if url and _host(url, hosts)[1]), None)
    if address is None:
        return _host(media.url or media.proxy_url, hosts)[0]
    name = hidden_name(PurePosixPath(urlsplit(address).path).name or kind.value, hidden=hidden)
    return Attachment(
        url=address, filename=name, size_bytes=0, content_type=content_type, width=media.width, height=media.height
    )


def _host(url: str, hosts: Collection[str]) -> tuple[str, bool]:
    """The address's host, and whether files may be fetched from there."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return host, host in hosts or f"{host}:{parts.port}" in hosts
    except ValueError:
        return "", False


def _says_something(part: _Part) -> bool:
    return bool(part.content or part.attachments or part.embeds or part.components or part.stickers)
