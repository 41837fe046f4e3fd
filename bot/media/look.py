"""What a member's video is: one pass over its packets, and the first picture."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median_low

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bot.errors import FileBroken, FileUnsupported, PictureTooLarge
from bot.media.budget import check_clip
from bot.media.frames import is_upright, is_wide, lies_on_its_side, tags_of
from bot.media.mux import is_aac
from bot.rules.bounds import CLIP_MAX_SIDE, LENGTH_SLACK_SECONDS, too_long

_RATE_SLACK = 0.1
"""By which share of the usual time between two frames an even rate may stray: containers round their stamps."""
_STAMP_SECONDS = 0.002
"""Matroska stamps whole milliseconds."""
_KNOWN_RATES: tuple[Fraction, ...] = tuple(
    Fraction(n * k, d) for n, d in ((24, 1), (25, 1), (30, 1), (24_000, 1001), (30_000, 1001)) for k in (1, 2)
)
MIN_RATE, MAX_RATE = 8, 60
"""Frames a second that are kept; slower and quicker clips get the model's own rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the packets and the first picture show. `start` is the first picture's time, `seconds` the pictures' length.

    `rate` is the frames' usual rate; `even` says that all keep to it. `stamped`: every packet says when it is shown.
    """

    width: int
    height: int
    start: float
    seconds: float
    rate: Fraction
    even: bool
    stamped: bool
    codec: str
    pixels: str
    tags: dict[str, int]
    upright: bool
    square: bool
    wide: bool
    interlaced: bool
    sound: str | None
    sound_fits: bool


@contextlib.contextmanager
def opened(path: Path, demuxer: str) -> Iterator[InputContainer]:
    """The file by that demuxer alone: FFmpeg's own guess would follow playlists and addresses."""
    options = {"protocol_whitelist": "file"} | ({"enable_drefs": "0"} if demuxer in {"mp4", "mov"} else {})
    try:
        with av.open(str(path), format=demuxer, options=options) as source:
            for stream in filter(_is_readable, source.streams.video):
                stream.thread_type, stream.codec_context.thread_count = "AUTO", 2
            yield source
    except av.error.FFmpegError as exc:
        raise FileBroken(found=demuxer) from exc
    except (ValueError, OverflowError) as exc:
        raise FileBroken(found=demuxer) from exc


def video_of(source: InputContainer) -> VideoStream:
    """The first stream that moves; covers of music files are none."""
    for stream in source.streams.video:
        if stream.disposition & av.stream.Disposition.attached_pic:
            continue
        if not _is_readable(stream):
            raise FileUnsupported(found="unknown codec", wanted="video")
        if max(stream.width, stream.height) > CLIP_MAX_SIDE:
            limit = CLIP_MAX_SIDE * CLIP_MAX_SIDE
            raise PictureTooLarge(width=stream.width, height=stream.height, limit_pixels=limit)
        return stream
    raise FileUnsupported(found="sound without a picture", wanted="video")


def sound_of(source: InputContainer) -> AudioStream | None:
    """The first sound that can be read."""
    return next((stream for stream in source.streams.audio if _is_readable(stream)), None)


def _is_readable(stream: Stream) -> bool:
    context: object = stream.codec_context  # None for a codec without a decoder, whatever the library's types say
    return context is not None


def look_at(source: InputContainer, max_seconds: float) -> Look:
    """Read every packet, decode the first picture. Raises leaves of `InputRejected`."""
    video, sound = video_of(source), sound_of(source)
    announced = float(source.duration / av.time_base) if source.duration else 0.0
    if announced > max_seconds + LENGTH_SLACK_SECONDS:
        raise too_long(announced, max_seconds)
    times: list[float] = []
    first: VideoFrame | None = None
    stamped = True
    for number, packet in enumerate(source.demux(*([video] if sound is None else [video, sound]))):
        check_clip(pictures=len(times), packets=number, size=(video.width, video.height))
        stamp = packet.dts if packet.pts is None else packet.pts
        if packet.stream is video and first is None:
            first = next((frame for frame in packet.decode() if isinstance(frame, VideoFrame)), None)
        if packet.size == 0 or packet.is_discard:
            continue
        at = stamp * float(packet.time_base) if stamp is not None else None
        if packet.stream is video:
            stamped = stamped and packet.pts is not None
            times.append(at if at is not None else len(times) / float(video.average_rate or 25))
            at = times[-1]
        if at is not None and times and at - times[0] > max_seconds + LENGTH_SLACK_SECONDS:
            raise too_long(max(at - times[0], announced), max_seconds)
    if first is None or not times:
        raise FileBroken(found=source.format.name)
    return _summed_up(video, sound, first, sorted(times), stamped=stamped)


def _summed_up(
    video: VideoStream, sound: AudioStream | None, first: VideoFrame, times: list[float], *, stamped: bool
) -> Look:
    rate, even = rate_of(times, _fraction(video.average_rate))
    stretch = stretch_of(video)
    width, height = max(1, round(first.width * stretch)), first.height
    return Look(
        width=height if lies_on_its_side(first) else width,
        height=width if lies_on_its_side(first) else height,
        start=times[0],
        seconds=round(times[-1] - times[0] + float(1 / rate), 3),
        rate=rate,
        even=even,
        stamped=stamped,
        codec=video.codec_context.name,
        pixels=first.format.name,
        tags=tags_of(first),
        upright=is_upright(first),
        square=stretch == 1,
        wide=is_wide(first),
        interlaced=first.interlaced_frame,
        sound=sound.codec_context.name if sound is not None else None,
        sound_fits=sound is None or is_aac(sound),
    )


def rate_of(times: list[float], announced: Fraction | None) -> tuple[Fraction, bool]:
    """Frames a second, and whether they come evenly. `times` in seconds, in order."""
    gaps = [after - before for before, after in pairwise(times)]
    if not gaps or median_low(gaps) <= 0:
        return announced or Fraction(25), not gaps
    usual = median_low(gaps)
    slack = max(_RATE_SLACK * usual, _STAMP_SECONDS)
    close = [gap for gap in gaps if abs(gap - usual) <= slack]
    rate = tidy_rate(1 / fmean(close), announced)
    return rate, len(close) == len(gaps)


def tidy_rate(rate: float, announced: Fraction | None) -> Fraction:
    """The exact rate that a measured one stands for: what the file announces or a usual one where it is near."""
    usual: tuple[Fraction, ...] = (announced, *_KNOWN_RATES) if announced else _KNOWN_RATES
    for known in usual:
        if abs(float(known) - rate) < 0.0004 * rate:
            return known
    measured: Fraction = Fraction(rate).limit_denominator(1001)
    return max(Fraction(1, 1000), measured)


def stretch_of(video: VideoStream) -> float:
    """How much wider than high a pixel is shown; files that don't say so leave it at nothing."""
    ratio = video.sample_aspect_ratio
    return ratio.numerator / ratio.denominator if ratio and ratio.numerator and ratio.denominator else 1.0


def _fraction(rate: object) -> Fraction | None:
    numerator, denominator = int(getattr(rate, "numerator", 0)), int(getattr(rate, "denominator", 0))
    return Fraction(numerator, denominator) if numerator > 0 and denominator > 0 else None
