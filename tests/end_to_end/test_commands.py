"""Each command as a member lives it, with real files: what is sent to the service, what is shown, what is refused."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from bot.rules.catalog import Operation, load_catalog
from sandbox.discord import Invocation
from tests import corpus
from tests.end_to_end.conftest import PATIENCE_SECONDS, Stage, buttons_of, states_of, text_of
from tests.end_to_end.material import Given, sample

WAY = ["accepted", "pending", "processing", "delivered"]

# Per command: its words, its files (option to sample), the service's file fields in the order of these files.
COMMANDS: dict[str, tuple[dict[str, Any], dict[str, str], list[str]]] = {
    "t2v": ({"prompt": "a cat playing piano"}, {}, []),
    "animate": ({"prompt": "make it snow"}, {"image": "cat.png"}, ["data"]),
    "v2v": ({"prompt": "as a drawing"}, {"video": "ball.mp4"}, ["data"]),
    "flf2v": ({"prompt": "night falls"}, {"first": "harbour.jpg", "last": "harbour-night.jpg"}, ["start", "end"]),
    "motion": ({"path": "left to right"}, {"image": "cat.png"}, ["data"]),
    "restyle": ({}, {"video": "ball.mp4", "reference": "painting.png"}, ["data", "reference_image"]),
    "edit": ({"prompt": "a red ball"}, {"video": "ball.mp4", "reference": "jacket.png"}, ["data", "reference_image"]),
    "tryon": ({}, {"video": "dancer.mp4", "garment": "jacket.png"}, ["data", "reference_image"]),
    "image": (
        {"prompt": "as a drawing"}, {"image": "cat.png", "reference": "painting.png"}, ["data", "reference_image"]
    ),
}  # fmt: skip
NEEDS_NO_PROMPT = {"restyle": "reference", "edit": "reference", "tryon": "garment"}


async def ask(stage: Stage, command: str, files: dict[str, Given] | None = None, **options: Any) -> Invocation:
    """Use the command; of `/motion` its preview is looked at and Go is pressed."""
    ada = stage.discord.member("Ada")
    asked = await ada.slash("general", command, files=files or {}, **options)
    if command != "motion":
        return asked
    preview = await asked.reply(lambda message: "Go" in buttons_of(message), PATIENCE_SECONDS)
    assert preview["flags"] & 64
    return await ada.press(preview, "Go")


def usual(command: str) -> tuple[dict[str, Any], dict[str, Given]]:
    options, files, _ = COMMANDS[command]
    return options, {option: sample(name) for option, name in files.items()}


async def refusal(stage: Stage, command: str, files: dict[str, Given] | None = None, **options: Any) -> str:
    """What the member is told at once, and nobody else; nothing was submitted."""
    asked = await stage.discord.member("Ada").slash("general", command, files=files or {}, **options)
    message = await asked.reply(timeout=PATIENCE_SECONDS)
    assert message["flags"] & 64
    assert len(asked.history) == 1, "it was the first response, so within the three seconds"
    assert stage.queue.submits == []
    return text_of(message)


def test_every_command_of_the_catalogue_is_tried_here() -> None:
    assert set(COMMANDS) == {str(operation) for operation in Operation}


@pytest.mark.asyncio
@pytest.mark.parametrize("private", [False, True], ids=["public", "private"])
@pytest.mark.parametrize("command", COMMANDS)
async def test_a_command_ends_with_its_video(stage: Stage, command: str, private: bool) -> None:
    options, files = usual(command)
    async with stage.clapper():
        asked = await ask(stage, command, files, **options, seed=7, private=private)
        pending = await stage.see(asked, "pending")
        thumbnail = pending["embeds"][0].get("thumbnail")
        assert bool(thumbnail) == any(not name.endswith(".mp4") for name in COMMANDS[command][1].values())
        message = await stage.see_through(asked)
        assert states_of(asked) == WAY
        assert "thumbnail" not in message["embeds"][0], "the video shows itself"

        [submit] = stage.queue.submits
        usually = load_catalog().choose(Operation(command), None)
        assert submit.model == (usually.endpoint or usually.name)
        assert submit.texts["seed"] == "7"
        assert (submit.texts.get("prompt") or None) == options.get("prompt")
        assert sorted(submit.files) == sorted(COMMANDS[command][2])
        for (_, given), field in zip(files.values(), COMMANDS[command][2], strict=True):
            unchanged = submit.files[field].size_bytes == len(given)
            assert unchanged or field == "reference_image", "what fits the frame already is sent as it was"

        [attachment] = message["attachments"]
        with av.open(BytesIO(await stage.discord.download(attachment["url"])), "r") as video:
            assert len(list(video.decode(video=0))) > 20 or command == "image"
        assert attachment["content_type"] == ("image/png" if command == "image" else "video/mp4")
        text = text_of(message)
        assert "seed `7`" in text
        named = stage.discord.member("Ada").mention in text
        assert named == (command == "motion" and not private), (
            "Discord itself says who used a command, not who pressed Go"
        )
        assert f"**{usually.title.partition(' (')[0]}**" in text
        first = (
            ["Animate this", "Use this", "Again", "Change"] if command == "image" else ["Again", "Change", "Use this"]
        )
        assert buttons_of(message) == [*first, "Delete"]
        assert bool(message["flags"] & 64) is private
        seen = [one["id"] for one in stage.discord.member("Grace").sees("general")]
        assert (message["id"] in seen) is not private
        if private:
            assert seen == [], "nothing of it was ever public"


@pytest.mark.asyncio
@pytest.mark.parametrize("command", NEEDS_NO_PROMPT)
async def test_words_alone_are_enough_where_a_picture_is_not_needed(stage: Stage, command: str) -> None:
    async with stage.clapper():
        asked = await ask(stage, command, {"video": sample("ball.mp4")}, prompt="in winter", enhance=True)
        await stage.see(asked, "pending")
        [submit] = stage.queue.submits
        assert submit.texts["prompt"] == "in winter"
        assert submit.texts["enhance_prompt"].lower() == "true"
        assert list(submit.files) == ["data"]


@pytest.mark.asyncio
async def test_a_long_clip_is_sent_from_the_second_that_was_asked_for_and_the_card_says_so(
    stage: Stage, tmp_path: Path
) -> None:
    clip = corpus.clip(tmp_path / "long.mp4", seconds=7, size=(96, 64)).read_bytes()
    async with stage.clapper():
        asked = await ask(stage, "v2v", {"video": ("long.mp4", clip)}, prompt="in winter", start=0.4, model="lucy-clip")
        message = await stage.see(asked, "pending")
        assert "The model gets 5 s of the clip, from 0.4 s on." in text_of(message)
        sent = corpus.Seen(stage.queue.submits[0].files["data"].path)
        assert len(sent.frames) == 125
        assert sent.flash_at == pytest.approx(corpus.FLASH_AT - 0.4, abs=0.02)
        assert "start" not in stage.queue.submits[0].texts


@pytest.mark.asyncio
async def test_rules_that_discord_cannot_express_are_refused_with_what_to_change(stage: Stage) -> None:
    video, picture = sample("ball.mp4"), sample("painting.png")
    async with stage.clapper():
        both = await refusal(stage, "restyle", {"video": video, "reference": picture}, prompt="in oil")
        assert "not both" in both
        assert "or" in await refusal(stage, "restyle", {"video": video})
        nothing = await refusal(stage, "restyle")
        assert "lucy" not in nothing.casefold(), nothing
        for command, option in NEEDS_NO_PROMPT.items():
            assert "prompt" in await refusal(stage, command, {"video": video})
            enhanced = await refusal(stage, command, {"video": video, option: picture}, enhance=True)
            assert "leave enhance out" in enhanced
        spaces = await refusal(stage, "v2v", {"video": video}, prompt="   ")
        assert "write a prompt" in spaces
        fast = await refusal(
            stage, "v2v", {"video": video, "reference": picture}, prompt="in oil", model="lucy-fast-v2v"
        )
        assert "the reference picture" in fast
        assert "/models" in fast
        long = await refusal(stage, "edit", {"video": video}, prompt="🐈" * 1001)
        assert "1001" in long
        assert "1000" in long
        other = await refusal(stage, "edit", {"video": video}, prompt="in oil", model="lucy-pro-t2v")
        assert "Lucy 2.1" in other
        assert "lucy-pro-t2v" in other, "what was typed"


# ---- files that can't be used: (command, option, the file, words of its sentence)


def _empty(_: Path) -> bytes:
    return b""


def _zeros(_: Path) -> bytes:
    return bytes(4096)


def _half_picture(_: Path) -> bytes:
    return sample("harbour.jpg")[1][: len(sample("harbour.jpg")[1]) // 2]


def _half_clip(_: Path) -> bytes:
    return sample("ball.mp4")[1][:3000]


def _picture(_: Path) -> bytes:
    return sample("cat.png")[1]


def _clip(_: Path) -> bytes:
    return sample("ball.mp4")[1]


def _zip(_: Path) -> bytes:
    return b"PK\x03\x04" + bytes(500)


def _playlist(folder: Path) -> bytes:
    return corpus.playlist(folder / "list.m3u8").read_bytes()


def _bomb(folder: Path) -> bytes:
    return corpus.png_bomb(folder / "bomb.png").read_bytes()


def _single(folder: Path) -> bytes:
    return corpus.clip(folder / "single.mp4", size=(32, 18), seconds=0.04, sound=None).read_bytes()


def _dot(folder: Path) -> bytes:
    return corpus.saved(folder / "dot.png", "PNG", corpus.picture((1, 1))).read_bytes()


def _html(_: Path) -> bytes:
    return b"<!doctype html><title>Not found</title>"


BAD: list[tuple[str, str, str, Callable[[Path], bytes], str]] = [
    ("animate", "image", "cat.png", _empty, "empty"),
    ("animate", "image", "cat.png", _zeros, "zeros"),
    ("animate", "image", "cat.jpg", _half_picture, "damaged or missing"),
    ("animate", "image", "cat.png", _clip, "MP4"),
    ("animate", "image", "cat.png", _zip, "ZIP"),
    ("animate", "image", "cat.png", _html, "web page"),
    ("animate", "image", "cat.png", _bomb, "20,000 by 20,000"),
    ("motion", "image", "cat.png", _empty, "empty"),
    ("motion", "image", "cat.jpg", _half_picture, "damaged or missing"),
    ("motion", "image", "cat.png", _zip, "ZIP"),
    ("motion", "image", "cat.png", _bomb, "20,000 by 20,000"),
    ("v2v", "video", "ball.mp4", _empty, "empty"),
    ("v2v", "video", "ball.mp4", _half_clip, "damaged or missing"),
    ("v2v", "video", "ball.mp4", _picture, "PNG"),
    ("v2v", "video", "ball.mp4", _zip, "ZIP"),
    ("v2v", "video", "ball.mp4", _playlist, "playlist"),
    ("v2v", "video", "ball.mp4", _single, "a single picture"),
    ("animate", "image", "dot.png", _dot, "is 1 by 1"),
    ("flf2v", "last", "last.png", _zip, "the last picture"),
    ("restyle", "reference", "style.png", _clip, "the reference picture"),
    ("tryon", "garment", "coat.png", _html, "the reference picture"),
]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder for temporary files, as this process sees it for the length of a test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _ours(temporary: Path) -> list[Path]:
    """What the stand-ins, which live in this process too, have not put there."""
    return [path for path in temporary.iterdir() if not path.name.startswith(("stand-in-discord-", "queue-api-"))]


def left_behind(stage: Stage, temporary: Path) -> list[Path]:
    """Files that nobody needs any more, wherever the bot may write."""
    kept = [stage.folder / "work", stage.folder / "files", *_ours(temporary)]
    found = {path for folder in kept for path in (folder, *folder.rglob("*"))}
    return sorted(path for path in found if path.is_file())


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("command", "option", "name", "make", "told"), BAD, ids=lambda value: getattr(value, "__name__", None)
)
async def test_a_file_that_cannot_be_used_gets_its_sentence_and_costs_nothing(
    temporary: Path,
    stage: Stage,
    tmp_path: Path,
    command: str,
    option: str,
    name: str,
    make: Callable[[Path], bytes],
    told: str,
) -> None:
    bad = make(tmp_path)
    options, files = usual(command)
    async with stage.clapper() as app:
        asked = await stage.discord.member("Ada").slash(
            "general", command, files=files | {option: (name, bad)}, **options
        )
        assert told in text_of(await stage.told_alone(asked))
        for job in await app.parts.jobs.of_user(int(stage.discord.member("Ada").id)):
            assert job.refunded, "it does not count"
            assert job.refused, "and it is no failed job"
        assert stage.queue.submits == []
        assert left_behind(stage, temporary) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("command", ["animate", "v2v", "motion"])
async def test_a_file_that_vanished_is_asked_for_again(temporary: Path, stage: Stage, command: str) -> None:
    options, files = usual(command)
    async with stage.clapper():
        asked = await stage.discord.member("Ada").slash("general", command, files=files, **options)
        for attachment in list(stage.discord.core.files.kept):
            stage.discord.lose_file(attachment)
        message = await stage.told_alone(asked)
        assert "can't be fetched" in text_of(message)
        assert "attach it again" in text_of(message).casefold()
        assert stage.queue.submits == []
        assert left_behind(stage, temporary) == []


@pytest.mark.asyncio
async def test_a_link_instead_of_a_file_is_told_what_works(stage: Stage) -> None:
    async with stage.clapper():
        asked = await ask(stage, "animate", prompt="https://example.com/cat.png make it snow")
        told = await asked.followup(timeout=PATIENCE_SECONDS)
        assert told["flags"] & 64
        assert "attach the file itself" in text_of(told)
        assert stage.queue.submits == []


@pytest.mark.asyncio
async def test_a_picture_turned_by_its_metadata_is_sent_upright(stage: Stage, tmp_path: Path) -> None:
    turned = corpus.oriented(tmp_path / "turned.jpg", 6)
    async with stage.clapper():
        asked = await ask(stage, "animate", {"image": ("turned.jpg", turned.read_bytes())}, prompt="snow")
        await stage.see(asked, "pending")
        with Image.open(stage.queue.submits[0].files["data"].path) as sent:
            assert sent.getexif().get(0x0112, 1) == 1
