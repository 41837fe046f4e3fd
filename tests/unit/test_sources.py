"""Pictures and videos of messages as discord.py gives them: every place where Discord keeps some."""

from __future__ import annotations

from typing import Any, cast

import discord
import pytest

from bot.chat.inputs.sources import media_of, nothing_found
from bot.errors import FileForbidden, SourceHidden, SourceMissing
from bot.rules.catalog import Kind, load_catalog

HOSTS = ("cdn.discordapp.com", "media.discordapp.net")
CDN = "https://cdn.discordapp.com/attachments/1/2"


def attachment(name: str, content_type: str | None = None) -> dict[str, Any]:
    url = f"{CDN}/{name}"
    facts = {"id": "7", "filename": name, "size": 10, "url": url, "proxy_url": url}
    return facts | ({"content_type": content_type} if content_type else {})


def message(**facts: Any) -> discord.Message:
    """As it comes from the gateway; nothing else of Discord is needed to read it."""
    client = discord.Client(intents=discord.Intents.none())
    state = client._connection  # discord.py makes messages from raw events with it alone
    data = {
        "id": "100", "channel_id": "50", "type": 0, "content": "", "attachments": [], "embeds": [], "components": [],
        "author": {"id": "9", "username": "grace", "discriminator": "0", "avatar": None},
        "mentions": [], "mention_roles": [], "mention_everyone": False, "timestamp": "2026-11-22T00:00:00+00:00",
        "edited_timestamp": None, "tts": False, "pinned": False, "flags": 0,
    }  # fmt: skip
    place = client.get_partial_messageable(50)
    return discord.Message(state=state, channel=cast("Any", place), data=cast("Any", data | facts))


def names(found_in: discord.Message, kind: Kind = Kind.IMAGE) -> list[str]:
    return [file.filename for file in media_of(found_in, kind, HOSTS).files]


def test_files_are_taken_by_what_they_claim_to_be() -> None:
    files = [
        attachment("cat.png", "image/png"),
        attachment("film.mp4", "video/mp4"),
        attachment("loop.gif", "image/gif"),
    ]
    files += [attachment("old.HEIC"), attachment("notes.txt", "text/plain")]
    assert names(message(attachments=files)) == ["cat.png", "loop.gif", "old.HEIC"]
    assert names(message(attachments=files), Kind.VIDEO) == ["film.mp4", "loop.gif"]


def test_a_file_that_says_nothing_of_itself_counts_if_no_other_does() -> None:
    unnamed = attachment("IMG_0001", "application/octet-stream")
    assert names(message(attachments=[unnamed])) == ["IMG_0001"]
    assert names(message(attachments=[unnamed, attachment("cat.png", "image/png")])) == ["cat.png"]
    assert names(message(attachments=[attachment("notes.txt", "text/plain")])) == []


def test_whose_it_is_and_where_is_noted() -> None:
    [file] = media_of(message(attachments=[attachment("cat.png", "image/png")]), Kind.IMAGE, HOSTS).files
    assert file.posted_by == 9
    assert file.posted_in == "https://discord.com/channels/@me/50/100"


@pytest.mark.parametrize(
    ("media", "name", "elsewhere"),
    [
        ({"url": f"{CDN}/a.png", "proxy_url": "https://media.discordapp.net/a.png"}, "a.png", None),
        ({"url": "https://example.com/b.png", "proxy_url": "https://media.discordapp.net/x/b.png"}, "b.png", None),
        ({"url": "https://example.com/c.png", "proxy_url": "https://evil.test/c.png"}, None, "example.com"),
        ({"url": "https://example.com/d.png"}, None, "example.com"),
        ({"url": "https://cdn.discordapp.com.evil.test/e.png"}, None, "cdn.discordapp.com.evil.test"),
        ({"url": "https://cdn.discordapp.com@evil.test/f.png"}, None, "evil.test"),
        ({"url": "https://[nonsense"}, None, ""),
    ],
)
def test_embeds_count_where_discord_itself_serves_the_picture(
    media: dict[str, Any], name: str | None, elsewhere: str | None
) -> None:
    found = media_of(message(embeds=[{"type": "image", "thumbnail": media}]), Kind.IMAGE, HOSTS)
    assert [file.filename for file in found.files] == ([name] if name else [])
    assert found.elsewhere == elsewhere


def test_a_picture_that_is_shown_twice_is_one() -> None:
    embed = {"type": "rich", "image": {"url": f"{CDN}/cat.png"}, "thumbnail": {"url": f"{CDN}/cat.png"}}
    assert names(message(attachments=[attachment("cat.png", "image/png")], embeds=[embed])) == ["cat.png"]


def test_an_embeds_video_is_one() -> None:
    embed = {"type": "video", "video": {"url": f"{CDN}/film.mp4"}, "thumbnail": {"url": f"{CDN}/still.png"}}
    assert names(message(embeds=[embed]), Kind.VIDEO) == ["film.mp4"]


def test_forwarded_messages_and_components_are_looked_into() -> None:
    snapshot = {
        "type": 0, "content": "", "embeds": [], "attachments": [attachment("far.png", "image/png")],
        "timestamp": "2026-11-22T00:00:00+00:00", "edited_timestamp": None, "flags": 0, "components": [],
    }  # fmt: skip
    assert names(message(message_snapshots=[{"message": snapshot}])) == ["far.png"]
    gallery = {"type": 12, "id": 2, "items": [{"media": {"url": f"{CDN}/g.png", "content_type": "image/png"}}]}
    film = {"type": 12, "id": 3, "items": [{"media": {"url": f"{CDN}/g.mp4", "content_type": "video/mp4"}}]}
    container = {"type": 17, "id": 1, "components": [gallery, film]}
    shown = message(components=[container], flags=1 << 15)
    assert names(shown) == ["g.png"]
    assert names(shown, Kind.VIDEO) == ["g.mp4"]


LINK = "https://example.com/cat.png"


@pytest.mark.parametrize(
    ("content", "url", "hidden"),
    [
        (f"look {LINK}", LINK, False),
        (f"look ||{LINK}||", LINK, True),
        (f"|| that is\n{LINK} ||", LINK, True),
        (f"||the end|| {LINK}", LINK, False),
        (f"{LINK} and ||{LINK}||", LINK, True),
        (f"\\|| not yet ||{LINK}||", LINK, True),
        (f"|| alone {LINK}", LINK, False),
        ("||https://example.com/c%61t.png||", LINK, True),
        (f"||{LINK}||", None, True),
        ("", None, False),
    ],
)
def test_what_a_hidden_link_shows_stays_hidden(content: str, url: str | None, hidden: bool) -> None:
    picture = {"url": LINK, "proxy_url": "https://media.discordapp.net/x/cat.png"}
    embed = {"type": "image", "thumbnail": picture} | ({"url": url} if url else {})
    [name] = names(message(content=content, embeds=[embed]))
    assert name == ("SPOILER_cat.png" if hidden else "cat.png")
    snapshot = {
        "type": 0, "content": content, "embeds": [embed], "attachments": [], "components": [], "flags": 0,
        "timestamp": "2026-11-22T00:00:00+00:00", "edited_timestamp": None,
    }  # fmt: skip
    assert names(message(message_snapshots=[{"message": snapshot}])) == [name]


@pytest.mark.parametrize("where", ["item", "container", "thumbnail"])
def test_what_a_component_hides_stays_hidden(where: str) -> None:
    picture = {"url": f"{CDN}/g.png", "content_type": "image/png"}
    inner: dict[str, Any] = {"type": 12, "id": 2, "items": [{"media": picture, "spoiler": where == "item"}]}
    if where == "thumbnail":
        text = {"type": 10, "id": 4, "content": "look"}
        inner = {
            "type": 9, "id": 3, "components": [text],
            "accessory": {"type": 11, "id": 5, "media": picture, "spoiler": True},
        }  # fmt: skip
    container = {"type": 17, "id": 1, "components": [inner], "spoiler": where == "container"}
    assert names(message(components=[container], flags=1 << 15)) == ["SPOILER_g.png"]


def test_a_picture_that_is_shown_twice_is_hidden_if_it_is_hidden_once() -> None:
    hidden = attachment("SPOILER_cat.png", "image/png")
    embed = {"type": "rich", "image": {"url": hidden["url"]}}
    for components in ([], [{"type": 12, "id": 2, "items": [{"media": {"url": hidden["url"]}, "spoiler": False}]}]):
        assert names(message(attachments=[hidden], embeds=[embed], components=components)) == ["SPOILER_cat.png"]
    plain = attachment("cat.png", "image/png")
    gallery = {"type": 12, "id": 2, "items": [{"media": {"url": plain["url"]}, "spoiler": True}]}
    assert names(message(attachments=[plain], components=[gallery])) == ["SPOILER_cat.png"]


def test_a_message_that_shows_nothing_is_blank() -> None:
    assert media_of(message(), Kind.IMAGE, HOSTS).blank
    assert not media_of(message(content="hello"), Kind.IMAGE, HOSTS).blank


def test_why_nothing_was_found_names_what_works() -> None:
    edit = load_catalog().choose(load_catalog().get("lucy-2.1").operation, None)
    nothing = media_of(message(), Kind.VIDEO, HOSTS)
    missing = nothing_found(edit, nothing, bot_id=1, sees_all=True)
    assert isinstance(missing, SourceMissing)
    assert missing.facts == {"wanted": "video", "command": "edit", "menu": "Edit", "bot_id": 1}
    assert isinstance(nothing_found(edit, nothing, bot_id=1, sees_all=False), SourceHidden)
    linked = media_of(message(embeds=[{"type": "video", "video": {"url": "https://x.test/a.mp4"}}]), Kind.VIDEO, HOSTS)
    assert isinstance(nothing_found(edit, linked, bot_id=1, sees_all=True), FileForbidden)
