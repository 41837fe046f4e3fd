"""Videos of members, in the child: checked to the end, and made H.264 at an even rate only where they are not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.video.frame import VideoFrame

from bot.errors import FileBroken, PictureTooLarge
from bot.media import pictures
from bot.media.boxes import faststart_of
from bot.media.budget import check_animation
from bot.media.fields import Fields, Timed
from bot.media.frames import PIXELS, EvenRate, Shaper, tags_of
from bot.media.look import MAX_RATE, MIN_RATE, Look, look_at, opened, sound_of, video_of
from bot.media.mux import Writer, copy_pictures
from bot.media.whole import is_whole
from bot.rules.bounds import ANIMATION_MAX_PIXELS, LENGTH_SLACK_SECONDS, too_long

_CODEC = "h264"
_QUALITY = {"crf": "18", "preset": "veryfast"}


def normalise(
    path: Path, to: Path, *, demuxer: str | None, decoder: str | None, frame: list[int], fps: int, max_seconds: float
) -> dict[str, Any]:
    """Write what the model can take to `to`, or say that `path` is fine as it is.

    `demuxer` is FFmpeg's for the sniffed format; animations have none and a Pillow `decoder` instead. `frame` is the
    model's landscape frame. Answers {"changed", "size", "seconds", "done"}.
    """
    if demuxer is None:
        return _from_animation(path, to, decoder or "GIF", frame=frame, fps=fps, max_seconds=max_seconds)
    if not is_whole(path, demuxer):
        raise FileBroken(found=demuxer)
    with opened(path, demuxer) as source:
        look = look_at(source, max_seconds)
    box = even(pictures.box_for((look.width, look.height), frame))
    done = _reasons(look, box)
    if not done:
        done = _on_the_way(path, demuxer)
    if not done:
        light = _without_encoding(path, to, demuxer, look)
        if light is not None:
            return {"changed": bool(light), "size": [look.width, look.height], "seconds": look.seconds, "done": light}
        done = ["converted"]
    _encode(path, to, demuxer, look, box=box, fps=fps)
    return {"changed": True, "size": list(box), "seconds": look.seconds, "done": done}


def even(size: tuple[int, int]) -> tuple[int, int]:
    """4:2:0 has one colour for two by two pixels."""
    return max(2, size[0] - size[0] % 2), max(2, size[1] - size[1] % 2)


def _reasons(look: Look, box: tuple[int, int]) -> list[str]:
    """Why the pictures must be encoded again, in the words of the table of inputs; none if they need not."""
    reasons = (
        ("converted", look.codec != _CODEC or look.pixels != PIXELS or not look.stamped),
        ("tone mapped", look.wide),
        ("deinterlaced", look.interlaced),
        ("turned", not look.upright),
        ("resized", not look.square or (look.width, look.height) != box),
        ("even rate", not (look.even and MIN_RATE <= look.rate <= MAX_RATE)),
    )
    return [name for name, true in reasons if true]


def _on_the_way(path: Path, demuxer: str) -> list[str]:
    """Decode every frame: what can't be read to the end is refused before it is paid for. Gives the reasons for which
    the pictures must be encoded again after all, though the first one showed none."""
    sizes: set[tuple[int, int]] = set()
    interlaced = False
    with opened(path, demuxer) as source:
        for shown in source.decode(video_of(source)):
            sizes.add((shown.width, shown.height))
            interlaced = interlaced or shown.interlaced_frame
    return [name for name, true in (("deinterlaced", interlaced), ("resized", len(sizes) != 1)) if true]


def _without_encoding(path: Path, to: Path, demuxer: str, look: Look) -> list[str] | None:
    """What was done to bring the same pictures into a plain MP4: nothing, at best. None: it can't be done so."""
    if demuxer == "mp4" and look.sound_fits and faststart_of(path):
        return []
    try:
        with opened(path, demuxer) as source:
            copy_pictures(source, video_of(source), sound_of(source), to)
    except FileBroken:  # stamps that the new container does not take
        return None
    return ["rewrapped"] if look.sound_fits else ["rewrapped", "sound converted"]


def _encode(path: Path, to: Path, demuxer: str, look: Look, *, box: tuple[int, int], fps: int) -> None:
    rate = look.rate if MIN_RATE <= look.rate <= MAX_RATE else Fraction(fps)
    with opened(path, demuxer) as source:
        video, sound = video_of(source), sound_of(source)
        shaper, slots, fields = Shaper(box), EvenRate(rate, look.start), Fields()
        with Writer(to, size=box, rate=rate, options=_QUALITY, tags=look.tags, sound=sound, start=look.start) as writer:

            def show(frames: Iterable[Timed]) -> None:
                for at, whole in frames:
                    for due in slots.take(at, shaper.shape(whole)):
                        writer.video(due)

            shown_at = look.start
            count = itertools.count()
            for packet in source.demux(*([video] if sound is None else [video, sound])):
                if packet.stream is not video:
                    writer.audio(packet)
                    continue
                for shown in packet.decode():
                    if isinstance(shown, VideoFrame):
                        guess = look.start + float(next(count) / look.rate)
                        shown_at = guess if shown.pts is None else shown.time
                        show(fields.take(shown_at, shown))
            show(fields.end())
            for due in slots.end(shown_at + float(1 / look.rate)):
                writer.video(due)


def _from_animation(
    path: Path, to: Path, decoder: str, *, frame: list[int], fps: int, max_seconds: float
) -> dict[str, Any]:
    """GIF and animated WebP, which say how long each frame shows."""
    rate = Fraction(fps)
    with pictures.opened(path, decoder) as animation:
        width, height = animation.size
        if width * height > ANIMATION_MAX_PIXELS:
            raise PictureTooLarge(width=width, height=height, limit_pixels=ANIMATION_MAX_PIXELS)
        box, at = even(pictures.box_for(animation.size, frame)), 0.0
    check_animation(path, decoder, (width, height), until=max_seconds + LENGTH_SLACK_SECONDS)
    shaper, slots = Shaper(box), EvenRate(rate)
    tags = tags_of(VideoFrame(2, 2, "rgb24"))
    with Writer(to, size=box, rate=rate, options=_QUALITY, tags=tags, sound=None) as writer:
        for at, shown in pictures.frames_of(path, decoder):
            if at > max_seconds + LENGTH_SLACK_SECONDS:
                raise too_long(at, max_seconds)
            if shown is not None:
                picture: VideoFrame = VideoFrame.from_image(shown)  # type: ignore[no-untyped-call]  # PyAV's stub
                for due in slots.take(at, shaper.shape(picture)):
                    writer.video(due)
        for due in slots.end(at):
            writer.video(due)
    return {"changed": True, "size": list(box), "seconds": round(at, 3), "done": ["converted"]}
