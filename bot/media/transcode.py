"""Pictures encoded again, evenly spaced, with their sound in step: for members' clips and for results alike."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from bot.media.fields import Fields, Timed
from bot.media.frames import EvenRate, Shaper
from bot.media.look import Look
from bot.media.mux import Writer
from bot.media.tracks import PictureDecoder, Tracks, opened_clip, packets_of

_BEHIND_SECONDS = 2.0
"""By how much a sound may lie behind its pictures in a file, and pictures be decoded before they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a clip, in seconds from its first picture."""

    begin: float
    end: float


def transcode(
    path: Path,
    to: Path,
    *,
    demuxer: str,
    tracks: Tracks,
    look: Look,
    span: Span,
    size: tuple[int, int],
    rate: Fraction,
    options: dict[str, str],
    audio_bits: int | None = None,
    with_sound: bool = True,
) -> int:
    """Write that part of the clip as an MP4. The last picture stays, and the sound ends, at the part's end.

    Answers how many packets of pictures could not be read, for each of which the picture before it stays.
    """
    begin, end = look.start + span.begin, look.start + span.end
    with opened_clip(path, demuxer) as source:
        video = tracks.video_in(source)
        sound = tracks.sound_in(source) if with_sound else None
        if span.begin and look.stamped:
            source.seek(round(begin * av.time_base))  # to the last picture before it that needs no other
        decoder, shaper, slots = PictureDecoder(video), Shaper(size), EvenRate(rate, begin)
        with Writer(
            to,
            size=size,
            rate=rate,
            options=options,
            tags=look.tags,
            sound=sound,
            audio_bits=audio_bits,
            start=begin,
            seconds=span.end - span.begin,
        ) as writer:
            packets = packets_of(source, video, sound)
            for at, whole in _deinterlaced(_pictures(packets, decoder, look=look, writer=writer, end=end)):
                if at < end:
                    for due in slots.take(at, shaper.shape(whole)):
                        writer.video(due)
            for due in slots.end(end):
                writer.video(due)
    return decoder.lost


def _pictures(
    packets: Iterable[Packet[Any]], decoder: PictureDecoder, *, look: Look, writer: Writer, end: float
) -> Iterator[Timed]:
    """The decoded pictures up to `end`; the sound goes to the writer on the way."""
    count = itertools.count()
    for packet in packets:
        if packet.stream is not decoder.video:
            writer.audio(packet)
            continue
        for at, shown in decoder.take(packet):
            guess = look.start + float(next(count) / look.rate)
            yield guess if at is None else at, shown
        if packet.dts is not None and packet.dts * float(packet.time_base) > end + _BEHIND_SECONDS:
            return


def _deinterlaced(pictures: Iterable[Timed]) -> Iterator[Timed]:
    fields = Fields()
    for at, shown in pictures:
        yield from fields.take(at, shown)
    yield from fields.end()
