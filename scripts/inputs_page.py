"""Write docs/inputs.md from the code: `make generate` after changing what is accepted, or a model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.media.announced import ANNOUNCED_MOST
from bot.media.budget import ANIMATION_PIXELS, CLIP_PICTURES, CLIP_PIXELS, CLIP_TRACKS
from bot.media.changes import DEEDS
from bot.media.look import MAX_RATE, MIN_RATE
from bot.media.pictures import JPEG_QUALITY, UNTOUCHED
from bot.media.sniff import FORMATS, Format
from bot.rules.bounds import (
    ANIMATION_MAX_PIXELS,
    CLIP_MAX_SIDE,
    ENCODED_MAX_SECONDS,
    LEAST_SIDE,
    LENGTH_SLACK_SECONDS,
    PICTURE_MAX_PIXELS,
)
from bot.rules.catalog import Kind, Role, load_catalog
from bot.rules.limits import FREE_TRIES
from bot.settings import Settings
from bot.wording import sentence_of
from tests.corpus.case import Case, Refusal, Taken
from tests.corpus.cases import CASES

PAGE = Path(__file__).parents[1] / "docs" / "inputs.md"
_WANTED = {Kind.IMAGE: "picture", Kind.VIDEO: "video"}
_MODES = {"RGB": "colour", "L": "grey"}
_TAKES = {
    (Role.DATA, Kind.IMAGE): "a picture",
    (Role.DATA, Kind.VIDEO): "a video",
    (Role.START, Kind.IMAGE): "a first picture",
    (Role.END, Kind.IMAGE): "a last picture",
    (Role.REFERENCE, Kind.IMAGE): "a reference picture",
}

_HEAD = """\
# What members may attach, and what is done to it

Made from the code by `scripts/inputs_page.py`; a test keeps the two in step.

A file is known by its first bytes, never by its name or by what Discord calls it. It is opened in a process of its own
that knows no secret, reaches no other file and no network, and has limits on memory, processor time and disk
([docs/operators.md](operators.md#strangers-files)). What is fine already reaches the service byte for byte.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_formats(), "", *_deeds(), "", *_limits(), "", *_models(), "", *_files(), ""])


def _formats() -> list[str]:
    return [
        "## Formats",
        "",
        "| Format | As a picture | As a video |",
        "|---|---|---|",
        *(f"| {form.name} | {_as_picture(form)} | {_as_video(form)} |" for form in FORMATS),
        "",
        "Anything else is refused by its name: text, playlists, web pages, SVG, archives, programs, PDF, sound alone.",
    ]


def _as_picture(form: Format) -> str:
    if Kind.IMAGE not in form.kinds:
        return "-"
    modes = UNTOUCHED.get(form.name.upper(), set())
    if modes:
        named = " or ".join(_MODES[mode] for mode in sorted(modes, reverse=True))
        return f"as it is where it is {named} of 8 bits, opaque, still, upright and within the frame; else JPEG"
    return "its first frame, as JPEG" if Kind.VIDEO in form.kinds else "as JPEG"


def _as_video(form: Format) -> str:
    if Kind.VIDEO not in form.kinds:
        return "-"
    if form.demuxer is None:
        return "encoded as H.264 at the model's rate, each frame as long as the file says"
    if form.demuxer == "mp4":
        return (
            "as it is where it is H.264 (8 bits, 4:2:0) and AAC, even, upright, neither interlaced nor HDR, within the "
            "frame, index first"
        )
    return "H.264 that is fine is rewrapped as MP4, other codecs are encoded; the sound is kept, as AAC"


def _deeds() -> list[str]:
    return [
        "## What is done",
        "",
        "| | |",
        "|---|---|",
        *(f"| {word} | {meaning} |" for word, meaning in DEEDS.items()),
    ]


def _limits() -> list[str]:
    most = Settings.model_fields["max_input_bytes"].default
    return [
        "## Limits",
        "",
        "Where Discord tells a file's size, length or sides, they are checked before it is fetched, and always again",
        "by what the file turns out to be.",
        "",
        f"- A file: {most // 1_000_000} MB (`MAX_INPUT_BYTES`), counted while it is fetched.",
        f"- A picture: {PICTURE_MAX_PIXELS // 1_000_000} megapixels. JPEG is written at quality {JPEG_QUALITY}.",
        f"- A video: {CLIP_MAX_SIDE} pixels a side. No length: of one that is longer than its model takes, by more",
        f"  than {LENGTH_SLACK_SECONDS:g} s, that much is used, from its beginning or from `start` on, and the card",
        f"  says so. What must be encoded again is used for {ENCODED_MAX_SECONDS // 60} min at most.",
        f"- At least {LEAST_SIDE} pixels of each side of what the model would get: in a dot or a line is nothing to",
        "  see.",
        "- A video of a single picture that is gone at once is refused; one that stays is a clip.",
        (
            f"- A GIF or animated WebP that is taken as a video: {ANIMATION_MAX_PIXELS // 1_000_000} megapixels, and "
            f"{ANIMATION_PIXELS // 1_000_000} in all frames together."
        ),
        f"- A video's frames: {CLIP_PICTURES}, and {CLIP_PIXELS // 1_000_000_000} thousand megapixels together.",
        f"- A video's tracks: {CLIP_TRACKS}. What the index of an MP4 announces: {ANNOUNCED_MOST // 1_000_000} million",
        "  pictures and pieces of sound, times the edits that repeat them.",
        f"- Frame rates from {MIN_RATE} to {MAX_RATE} a second are kept; others become the model's own.",
        "- A video that ends before its container says so, one of which more than a quarter of the pictures can't be",
        "  read, and a picture of which pixels are missing are refused. Damage beside the pixels does no harm.",
        "- Of several tracks the one is used that a player shows: pictures that move before a still, then the default.",
        "- The last picture stays as long as the file says. Where pictures come unevenly (slides, recordings of a",
        "  screen) it stays until the sound ends; else the sound ends with the pictures.",
        f"- Files that can't be used: {FREE_TRIES} an hour are free for each member. The next one is not even fetched",
        "  until the first of them is an hour old.",
    ]


def _models() -> list[str]:
    rows = []
    for model in load_catalog(services=("decart", "fal")):
        if not model.files:
            continue
        takes = ", ".join(_TAKES[role, kind] for role, kind in model.files.items())
        length = f"{model.max_input_seconds} s" if Kind.VIDEO in model.files.values() else "-"
        rows.append(f"| `{model.name}` | {takes} | {model.frame[0]} x {model.frame[1]} | {model.fps} | {length} |")
    return [
        "## Frames and lengths of the models",
        "",
        "| Model | Takes | Frame (or upright) | Frames a second | Longest video |",
        "|---|---|---|---|---|",
        *rows,
    ]


def _files() -> list[str]:
    return [
        "## Files, and what comes of them",
        "",
        f"{len(CASES)} files, made by `tests/corpus` and taken through the same process as a member's, for a model",
        "whose frame is 1280 x 704 and which takes a minute (`tests/adapters/test_corpus.py`).",
        "",
        "| File | As | What the model gets |",
        "|---|---|---|",
        *(f"| {case.name} | {_WANTED[case.wanted]} | {_outcome_of(case)} |" for case in CASES),
    ]


def _outcome_of(case: Case) -> str:
    if isinstance(case.expected, Refusal):
        error = case.expected.error
        return f"refused: {sentence_of(type(error)(**error.facts | {'role': f'the_{case.wanted}'}))}"
    older = (
        ""
        if case.with_ffmpeg_8 is None
        else f" (on Python 3.11, whose decoders are older: {_does(case.with_ffmpeg_8)})"
    )
    return f"{_shape_of(case.expected)}: {_does(case.expected)}{older}"


def _does(taken: Taken) -> str:
    return ", ".join(taken.done) or "as it is"


def _shape_of(taken: Taken) -> str:
    size = f"{taken.size[0]} x {taken.size[1]}"
    length = [] if taken.seconds is None else [f"{taken.seconds:g} s", "sound" if taken.sound else "no sound"]
    return ", ".join([size, *length])


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
