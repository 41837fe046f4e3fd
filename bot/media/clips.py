"""Videos of members, in the child: checked to the end, and made H.264 at an even rate only where they are not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.video.frame import VideoFrame

from bot.errors import FileBroken, FileStill, PictureTooLarge, StartPastEnd
from bot.media import pictures
from bot.media.boxes import faststart_of
from bot.media.budget import (
    LIGHT_PIXELS,
    LIGHT_SECONDS,
    LOOK_SECONDS,
    AnimationBudget,
    allowed_seconds,
    check_animation,
)
from bot.media.frames import PIXELS, EvenRate, Shaper, tags_of
from bot.media.look import MAX_RATE, MIN_RATE, Look, look_at
from bot.media.mux import Writer, copy_pictures
from bot.media.tracks import PictureDecoder, Tracks, opened_clip, packets_of, tracks_of
from bot.media.transcode import Span, transcode
from bot.media.walls import processor_time
from bot.media.whole import is_whole
from bot.rules.bounds import ANIMATION_MAX_PIXELS, ENCODED_MAX_SECONDS, LENGTH_SLACK_SECONDS, SENT_MAX_BYTES

_CODEC = "h264"
_QUALITY = {"crf": "18", "preset": "veryfast"}
_MOST_BITS_PER_SECOND = 40_000_000
"""Of pictures; of long clips less, so that with their sound they are no larger than the service takes."""
_STILL_SECONDS = 0.5
"""A single picture that is shown for less is no clip."""
_GONE_SECONDS = 0.02
"""Nor are several that are over in less."""
_LEFT_SECONDS = 0.5
"""What must be left from where a member wants a clip to begin: nobody means a moment at its end, which would be paid
for."""


@dataclass(frozen=True, slots=True)
class _Clip:
    """A file, and what was found in it."""

    path: Path
    demuxer: str
    tracks: Tracks
    look: Look
    span: Span

    @property
    def seconds(self) -> float:
        """How much of it is used."""
        return self.span.end - self.span.begin

    @property
    def shortened(self) -> bool:
        return self.span.begin > 0 or self.span.end < self.look.seconds or self.look.goes_on


def normalise(
    path: Path,
    to: Path,
    *,
    demuxer: str | None,
    decoder: str | None,
    frame: list[int],
    fps: int,
    max_seconds: float,
    begin: float = 0.0,
    if_light: bool = False,
) -> dict[str, Any]:
    """Write what the model can take to `to`, or say that `path` is fine as it is.

    `demuxer` is FFmpeg's for the sniffed format; animations have none and a Pillow `decoder` instead. `frame` is the
    model's landscape frame. Of a clip that is longer than `max_seconds` that much is taken, from `begin` on.
    Answers {"changed", "size", "seconds", "done"}; with `if_light` {"heavy": True}, where it would take long.
    """
    if demuxer is None:
        return _from_animation(
            path, to, decoder or "GIF", frame=frame, fps=fps, span=Span(begin=begin, end=begin + max_seconds)
        )
    with processor_time(LOOK_SECONDS):
        clip = _examined(path, demuxer, begin, max_seconds)
    box = even(pictures.fit_for_a_model((clip.look.width, clip.look.height), frame))
    pixels = _work(clip, box, fps)
    if if_light and (pixels > LIGHT_PIXELS or clip.seconds > LIGHT_SECONDS):
        return {"heavy": True}
    with processor_time(allowed_seconds(pixels, clip.seconds)):
        return _made(clip, to, box, fps)


def _work(clip: _Clip, box: tuple[int, int], fps: int) -> int:
    """How many pixels are decoded, and encoded if they must be."""
    slots = min(clip.seconds, ENCODED_MAX_SECONDS) * float(_rate(clip, fps))
    return clip.look.used * clip.look.width * clip.look.height + round(slots) * box[0] * box[1]


def _made(clip: _Clip, to: Path, box: tuple[int, int], fps: int) -> dict[str, Any]:
    done = _reasons(clip, box) or _on_the_way(clip)
    light = None if done else _without_encoding(clip, to)
    if light is None:
        done = done or ["converted"]
        if clip.seconds > ENCODED_MAX_SECONDS:
            begin = clip.span.begin
            clip = replace(clip, span=Span(begin=begin, end=begin + ENCODED_MAX_SECONDS))
            done += ["shortened"] if "shortened" not in done else []
        lost = _encode(clip, to, box, fps)
        done += ["mended"] if lost and "mended" not in done else []
    return {
        "changed": light != [],
        "size": list(box),
        "seconds": round(clip.seconds, 3),
        "done": done if light is None else light,
    }


def even(size: tuple[int, int]) -> tuple[int, int]:
    """4:2:0 has one colour for two by two pixels."""
    return max(2, size[0] - size[0] % 2), max(2, size[1] - size[1] % 2)


def _examined(path: Path, demuxer: str, begin: float, max_seconds: float) -> _Clip:
    if not is_whole(path, demuxer):
        raise FileBroken(found=demuxer)
    tracks = tracks_of(path, demuxer)
    with opened_clip(path, demuxer) as source:
        look = look_at(source, tracks, begin=begin, most_seconds=max_seconds)
    if look.seconds < (_STILL_SECONDS if look.pictures == 1 else _GONE_SECONDS):
        raise FileStill
    return _Clip(path, demuxer, tracks, look, span_of(look.seconds, begin, max_seconds))


def span_of(seconds: float, begin: float, max_seconds: float) -> Span:
    """What is taken of a clip of that length. Raises `StartPastEnd`."""
    _check_start(begin, seconds)
    end = seconds if seconds - begin <= max_seconds + LENGTH_SLACK_SECONDS else begin + max_seconds
    return Span(begin=begin, end=end)


def _check_start(begin: float, seconds: float) -> None:
    if begin and seconds - begin < _LEFT_SECONDS:
        raise StartPastEnd(start_seconds=begin, seconds=seconds)


def _reasons(clip: _Clip, box: tuple[int, int]) -> list[str]:
    """Why the pictures must be encoded again, in the words of the table of inputs; none if they need not."""
    look = clip.look
    is_plain = look.codec == _CODEC and look.pixels == PIXELS and look.stamped
    reasons = (
        ("converted", not is_plain),
        ("over white", look.see_through),
        ("tone mapped", look.wide),
        ("deinterlaced", look.interlaced),
        ("turned", not look.upright),
        ("resized", not look.square or (look.width, look.height) != box),
        ("even rate", not (look.even and MIN_RATE <= look.rate <= MAX_RATE)),
        ("shortened", clip.shortened),
    )
    return [name for name, true in reasons if true]


def _on_the_way(clip: _Clip) -> list[str]:
    """Decode every frame: what can't be read to the end is refused before it is paid for. Gives the reasons for which
    the pictures must be encoded again after all, though the first one showed none."""
    sizes: set[tuple[int, int]] = set()
    interlaced = False
    with opened_clip(clip.path, clip.demuxer) as source:
        video = clip.tracks.video_in(source)
        decoder = PictureDecoder(video)
        for packet in packets_of(source, video):
            for _, shown in decoder.take(packet):
                sizes.add((shown.width, shown.height))
                interlaced = interlaced or shown.interlaced_frame
    reasons = (("deinterlaced", interlaced), ("resized", len(sizes) != 1), ("mended", decoder.lost > 0))
    return [name for name, true in reasons if true]


def _without_encoding(clip: _Clip, to: Path) -> list[str] | None:
    """What was done to bring the same pictures into a plain MP4: nothing, at best. None: it can't be done so."""
    look = clip.look
    if clip.demuxer == "mp4" and look.sound_fits and not clip.tracks.others and faststart_of(clip.path):
        return []
    try:
        with opened_clip(clip.path, clip.demuxer) as source:
            video, sound = clip.tracks.video_in(source), clip.tracks.sound_in(source)
            copy_pictures(source, video, sound, to, start=look.start)
    except FileBroken:  # stamps that the new container does not take
        return None
    return ["rewrapped"] if look.sound_fits else ["rewrapped", "sound converted"]


def _encode(clip: _Clip, to: Path, box: tuple[int, int], fps: int) -> int:
    look = clip.look
    most = min(_MOST_BITS_PER_SECOND, int(SENT_MAX_BYTES * 8 * 0.9 / clip.seconds))
    return transcode(
        clip.path,
        to,
        demuxer=clip.demuxer,
        tracks=clip.tracks,
        look=look,
        span=clip.span,
        size=box,
        rate=_rate(clip, fps),
        options=_QUALITY | {"maxrate": str(most), "bufsize": str(most)},
    )


def _rate(clip: _Clip, fps: int) -> Fraction:
    """Of what is encoded, in pictures a second."""
    return clip.look.rate if MIN_RATE <= clip.look.rate <= MAX_RATE else Fraction(fps)


def _from_animation(path: Path, to: Path, decoder: str, *, frame: list[int], fps: int, span: Span) -> dict[str, Any]:
    """GIF and animated WebP, which say how long each frame shows."""
    rate = Fraction(fps)
    with pictures.opened(path, decoder) as animation:
        width, height = animation.size
        if width * height > ANIMATION_MAX_PIXELS:
            raise PictureTooLarge(width=width, height=height, limit_pixels=ANIMATION_MAX_PIXELS)
        if not getattr(animation, "is_animated", False):
            raise FileStill
        box = even(pictures.fit_for_a_model(animation.size, frame))
    check_animation(path, decoder, (width, height), until=span.end + LENGTH_SLACK_SECONDS)
    budget = AnimationBudget(decoder, (width, height))
    shaper, slots, at = Shaper(box), EvenRate(rate, span.begin), 0.0
    with Writer(to, size=box, rate=rate, options=_QUALITY, tags=tags_of(VideoFrame(2, 2, "rgb24")), sound=None) as out:
        for at, shown in pictures.frames_of(path, decoder):
            if shown is None or at > span.end + LENGTH_SLACK_SECONDS:
                break
            budget.take()
            picture: VideoFrame = VideoFrame.from_image(shown)  # type: ignore[no-untyped-call]  # PyAV's stub
            for due in slots.take(at, shaper.shape(picture)):
                out.video(due)
        _check_start(span.begin, at)
        shortened = at > span.end + LENGTH_SLACK_SECONDS
        end = span.end if shortened else at
        for due in slots.end(end):
            out.video(due)
    done = ["converted", *(["shortened"] if shortened or span.begin else [])]
    seconds = round(end - span.begin, 3)
    return {"changed": True, "size": list(box), "seconds": seconds, "done": done}
