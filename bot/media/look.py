"""What a member's video is: one pass over its packets, and the first picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from statistics import fmean, median_low
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bot.errors import FileBroken, FileTooCostly
from bot.media.budget import check_clip
from bot.media.frames import is_see_through, is_upright, is_wide, lies_on_its_side, tags_of
from bot.media.mux import is_aac
from bot.media.tracks import PictureDecoder, Tracks, packets_of

_RATE_SLACK = 0.1
"""By which share of the usual time between two frames an even rate may stray: containers round their stamps."""
_STAMP_SECONDS = 0.002
"""Matroska stamps whole milliseconds."""
_KNOWN_RATES: tuple[Fraction, ...] = tuple(
    Fraction(n * k, d) for n, d in ((24, 1), (25, 1), (30, 1), (24_000, 1001), (30_000, 1001)) for k in (1, 2)
)
_BEHIND_SECONDS = 2.0
"""By how much pictures may be decoded before they are shown."""
_TOLD_AS_A_WHOLE = ("matroska", "flv", "asf")
"""Formats in which the length of a picture may be unsaid, and that of the whole file is not."""
_WORTH_SECONDS = 60.0
"""A clip of which that much may be opened is used so far; what costs too much before is refused."""
MIN_RATE, MAX_RATE = 8, 60
"""Frames a second that are kept; slower and quicker clips get the model's own rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the packets and the first picture show. `start` is the first picture's time, `seconds` the pictures' length
    up to the end of the last one, which the sound may hold on the screen.

    `rate` is the frames' usual rate; `even` says that all keep to it. `stamped`: every packet says when it is shown.
    `pictures` counts them, `used` those from the second on from which the clip is used. `goes_on`: the file has more,
    which was not read since it is not used.
    """

    width: int
    height: int
    start: float
    seconds: float
    rate: Fraction
    even: bool
    stamped: bool
    pictures: int
    used: int
    goes_on: bool
    codec: str
    pixels: str
    tags: dict[str, int]
    upright: bool
    square: bool
    wide: bool
    see_through: bool
    interlaced: bool
    sound: str | None
    sound_fits: bool


@dataclass(slots=True)
class _Stamps:
    """What the packets say of time, in seconds: when each of the `pictures` begins and the last one ends.

    `used` counts those from the clip's second `begin` on; `go_on`: there are more of them.
    """

    begin: float

    pictures: list[float] = field(default_factory=list)
    used: int = 0
    stamped: bool = True
    ends: float = 0.0
    sound_ends: float = 0.0
    go_on: bool = False

    @property
    def covered(self) -> float:
        """How much of what is used was read, in seconds."""
        return self.ends - self.pictures[0] - self.begin if self.pictures else 0.0

    def note(self, packet: Packet[Any], video: VideoStream) -> None:
        """What the next packet says."""
        if packet.size == 0 or packet.is_discard:
            return
        stamp, unit = packet.dts if packet.pts is None else packet.pts, float(packet.time_base)
        if packet.stream is not video:
            self.sound_ends = max(self.sound_ends, ((stamp or 0) + (packet.duration or 0)) * unit)
            return
        self.stamped = self.stamped and packet.pts is not None
        at = len(self.pictures) / float(video.average_rate or 25) if stamp is None else stamp * unit
        self.pictures.append(at)
        self.used += at - self.pictures[0] >= self.begin
        self.ends = max(self.ends, at + (packet.duration or 0) * unit)

    def end_of(self, source: InputContainer, video: VideoStream, usual: float, *, stays: bool) -> float:
        """When the last picture goes. Where it `stays`, as slides and recordings of a screen do, it does so until the
        sound ends, and until the file's end where the format says nothing of single pictures."""
        end = max(self.pictures[-1] + usual, self.ends)
        if self.go_on:
            return end
        if source.format.name == "avi" and video.duration and video.time_base:  # pictures that stay are left out there
            end = max(end, self.pictures[0] + float(video.duration * video.time_base))
        if stays:
            end = max(end, self.sound_ends)
        if source.format.name.startswith(_TOLD_AS_A_WHOLE) and source.duration and (stays or not self.sound_ends):
            end = max(end, (source.start_time or 0) / av.time_base + source.duration / av.time_base)
        return end


def look_at(
    source: InputContainer,
    tracks: Tracks,
    *,
    begin: float = 0.0,
    most_seconds: float = math.inf,
    most_work: bool = True,
) -> Look:
    """Read the packets as far as the clip is used, which is `most_seconds` from `begin` on; decode the first picture.

    `most_work`: no further than may be opened of a member's file (`bot.media.budget`). Raises leaves of
    `InputRejected`.
    """
    video, sound = tracks.video_in(source), tracks.sound_in(source)
    decoder, stamps = PictureDecoder(video), _Stamps(begin)
    first: VideoFrame | None = None
    try:
        for packet in packets_of(source, video, sound):
            if packet.stream is video and first is None:
                first = next((frame for _, frame in decoder.take(packet)), None)
            stamps.note(packet, video)
            stamps.go_on = stamps.covered > most_seconds + _BEHIND_SECONDS
            if stamps.go_on:
                break
            if most_work:
                check_clip(pictures=stamps.used, size=(video.width, video.height))
    except FileTooCostly:
        if stamps.covered < _WORTH_SECONDS:
            raise
        stamps.go_on = True
    if first is None or not stamps.pictures:
        raise FileBroken(found=source.format.name)
    stamps.pictures.sort()
    return _summed_up(source, tracks, first, stamps)


def _summed_up(source: InputContainer, tracks: Tracks, first: VideoFrame, stamps: _Stamps) -> Look:
    video, sound = tracks.video_in(source), tracks.sound_in(source)
    rate, even = rate_of(stamps.pictures, _fraction(video.average_rate))
    usual = float(1 / rate)
    slow = len(stamps.pictures) == 1 or rate < MIN_RATE
    stays = slow or not even or stamps.ends - stamps.pictures[-1] > 2 * usual + _STAMP_SECONDS
    end = stamps.end_of(source, video, usual, stays=stays)
    even = even and end - stamps.pictures[-1] < 2 * usual + _STAMP_SECONDS
    stretch = stretch_of(video)
    width, height = max(1, round(first.width * stretch)), first.height
    lies = lies_on_its_side(first)
    return Look(
        width=height if lies else width,
        height=width if lies else height,
        start=stamps.pictures[0],
        seconds=round(end - stamps.pictures[0], 3),
        rate=rate,
        even=even,
        stamped=stamps.stamped,
        pictures=len(stamps.pictures),
        used=stamps.used,
        goes_on=stamps.go_on,
        codec=video.codec_context.name,
        pixels=first.format.name,
        tags=tags_of(first),
        upright=is_upright(first),
        square=stretch == 1,
        wide=is_wide(first),
        see_through=is_see_through(first),
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
