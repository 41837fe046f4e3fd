"""What a message may hold: content, embeds, attachments (Discord's docs: resources/message, topics/opcodes)."""

from __future__ import annotations

import re
from typing import Any

from sandbox.discord.responses import ApiError, Json, form_error

CONTENT = 2000
ATTACHMENTS = 10
EMBEDS = 10
EMBED_TOTAL = 6000
NONCE = 25
EPHEMERAL, LOADING, SUPPRESS_EMBEDS, SILENT, V2 = 1 << 6, 1 << 7, 1 << 2, 1 << 12, 1 << 15
_EMBED_TEXTS = {"title": 256, "description": 4096}
_IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def too_long(path: str, most: int) -> ApiError:
    return form_error(path, f"Must be {most} or fewer in length.", "BASE_TYPE_MAX_LENGTH")


def check_text(value: Any, path: str, most: int, least: int = 0) -> str:
    """The text, or 50035 for `path`. Lengths count code points, as Discord's do."""
    if not isinstance(value, str):
        raise form_error(path, "Could not interpret value as string.", "STRING_TYPE_CONVERT")
    if len(value) > most:
        raise too_long(path, most)
    if len(value) < least:
        raise form_error(path, f"Must be between {least} and {most} in length.", "BASE_TYPE_BAD_LENGTH")
    return value


def check_fields(payload: Json) -> None:
    """Content, nonce and embeds of a message that is made or edited."""
    if payload.get("content") is not None:
        check_text(payload["content"], "content", CONTENT)
    if payload.get("nonce") is not None:
        check_text(str(payload["nonce"]), "nonce", NONCE)
    if payload.get("embeds") is not None:
        check_embeds(payload["embeds"])


def check_embeds(embeds: Any) -> None:
    if not isinstance(embeds, list):
        raise form_error("embeds", "Only iterables may be used in a ListType", "LIST_TYPE_CONVERT")
    if len(embeds) > EMBEDS:
        raise too_long("embeds", EMBEDS)
    total = sum(_check_embed(embed, f"embeds.{at}") for at, embed in enumerate(embeds))
    if total > EMBED_TOTAL:
        raise form_error(
            "embeds", f"Embed size exceeds maximum size of {EMBED_TOTAL}", "MAX_EMBED_SIZE_EXCEEDED"
        )  # fmt: skip


def _check_embed(embed: Json, path: str) -> int:
    """The length that counts towards the sum."""
    total = 0
    for key, most in _EMBED_TEXTS.items():
        if embed.get(key) is not None:
            total += len(check_text(embed[key], f"{path}.{key}", most))
    for key, inner, most in (("footer", "text", 2048), ("author", "name", 256)):
        part = embed.get(key) or {}
        if part.get(inner) is not None:
            total += len(check_text(part[inner], f"{path}.{key}.{inner}", most))
    fields = embed.get("fields") or []
    if len(fields) > 25:
        raise too_long(f"{path}.fields", 25)
    for at, item in enumerate(fields):
        for key, most in (("name", 256), ("value", 1024)):
            total += len(check_text(item.get(key), f"{path}.fields.{at}.{key}", most, 1))
    for key in ("image", "thumbnail"):
        _check_picture((embed.get(key) or {}).get("url"), f"{path}.{key}.url")
    if embed.get("url") is not None:
        _check_picture(embed["url"], f"{path}.url")
    return total


def _check_picture(url: Any, path: str) -> None:
    if url is None:
        return
    text = check_text(url, path, 2048)
    if not text.startswith(("http://", "https://", "attachment://")):
        raise form_error(path, f'Scheme "{text.split(":")[0]}" is not supported.', "URL_TYPE_INVALID_SCHEME")


def embed_attachment_names(embeds: list[Json]) -> set[str]:
    """The names that embeds show by `attachment://`: pictures only, anything else is not shown."""
    urls = [(embed.get(part) or {}).get("url") for embed in embeds for part in ("image", "thumbnail")]
    urls += [(embed.get(part) or {}).get("icon_url") for embed in embeds for part in ("author", "footer")]
    names = (url.removeprefix("attachment://") for url in urls if url and url.startswith("attachment://"))
    return {name for name in names if name.lower().endswith(_IMAGES)}


def check_count(count: int) -> None:
    if count > ATTACHMENTS:
        raise ApiError(400, 30015, f"Maximum number of attachments in a message reached ({ATTACHMENTS})")


def check_sizes(sizes: list[int], most: int) -> None:
    """413 for any file over the limit of this place."""
    if any(size > most for size in sizes):
        raise ApiError(413, 40005, "Request entity too large")


def check_file_types(part: Json, path: str, *, may_have: bool) -> None:
    """`file_types` of an attachment option or an upload: at most ten groups or extensions with their dots."""
    types = part.get("file_types")
    if types is None:
        return
    if not may_have or not isinstance(types, list):
        raise form_error(f"{path}.file_types", "Only attachments have file types.", "BASE_TYPE_CHOICES")
    if len(types) > 10:
        raise too_long(f"{path}.file_types", 10)
    for at, one in enumerate(types):
        if one not in {"image", "video", "audio"} and not re.fullmatch(r"\.\w+", str(one)):
            raise form_error(f"{path}.file_types.{at}", "Neither a group nor an extension.", "BASE_TYPE_CHOICES")
