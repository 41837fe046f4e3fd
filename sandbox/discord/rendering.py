"""Embeds and components as Discord gives them back: with real addresses where `attachment://` stood."""

from __future__ import annotations

import copy
from typing import Any

from sandbox.discord.components import walk
from sandbox.discord.files import Attachment, Files
from sandbox.discord.message import Message
from sandbox.discord.responses import Json

_SCHEME = "attachment://"


def render_embeds(files: Files, message: Message) -> tuple[list[Json], set[str]]:
    """The embeds, and the ids of the attachments that they show."""
    names = {attachment.filename: attachment for attachment in message.attachments}
    used: set[str] = set()
    rendered = []
    for embed in message.embeds:
        twin = {key: value for key, value in copy.deepcopy(embed).items() if value is not None and key != "video"}
        twin["type"] = "rich" if embed.get("type") in {None, "rich"} else embed["type"]
        for part, key in (("image", "url"), ("thumbnail", "url"), ("author", "icon_url"), ("footer", "icon_url")):
            url = (twin.get(part) or {}).get(key)
            if not isinstance(url, str):
                continue
            attachment = names.get(url.removeprefix(_SCHEME)) if url.startswith(_SCHEME) else None
            if attachment is not None:
                used.add(attachment.id)
                sides = {side: attachment.facts[side] for side in ("width", "height") if side in attachment.facts}
                twin[part] |= {key: files.url(attachment), f"proxy_{key}": files.url(attachment)}
                twin[part] |= sides if key == "url" else {}
            elif url.startswith(_SCHEME):
                del twin[part][key]
        for item in twin.get("fields") or []:
            item["inline"] = bool(item.get("inline", False))
        rendered.append(twin)
    return rendered, used


def fill_media(files: Files, components: list[Json], attachments: list[Attachment]) -> list[Json]:
    """A copy of the components in which media have their addresses."""
    names = {attachment.filename: attachment for attachment in attachments}
    twin = copy.deepcopy(components)
    for part in walk(twin):
        for media in _media(part):
            attachment = names.get(media["url"].removeprefix(_SCHEME)) if "url" in media else None
            if attachment is not None:
                media |= {
                    "id": attachment.id, "url": files.url(attachment), "proxy_url": files.url(attachment),
                    "width": attachment.facts.get("width"), "height": attachment.facts.get("height"),
                    "content_type": attachment.content_type, "attachment_id": attachment.id,
                }  # fmt: skip
                if part.get("type") == 13:
                    part |= {"name": attachment.filename, "size": attachment.size}
            else:
                # Media from elsewhere have an id as well; nothing is kept under it here.
                media |= {"id": "0", "proxy_url": media.get("url")}
    return twin


def _media(part: Json) -> list[dict[str, Any]]:
    found = [part.get("media"), part.get("file"), *(item.get("media") for item in part.get("items") or [])]
    return [media for media in found if media]
