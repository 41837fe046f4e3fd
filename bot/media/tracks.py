"""Which of a file's tracks is meant, and how their packets become pictures and sound."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import av
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bot.errors import FileBroken, FileTooCostly, FileUnsupported, VideoTooLarge
from bot.media.announced import check_announced
from bot.media.budget import CLIP_PACKETS, CLIP_TRACKS
from bot.media.faults import no_memory, no_room
from bot.rules.bounds import CLIP_MAX_SIDE

ANY_TEXT: dict[str, Any] = {} if av.library_versions["libavcodec"] >= (63, 0, 0) else {"metadata_errors": "replace"}
"""For `av.open`: a title that is no UTF-8 makes no file unreadable. PyAV 18, which Python 3.11 has, must be told so;
PyAV 19 takes the word no more."""
_THREADS = 2
_LOST_MOST = 0.25
"""Of a track's pictures; where more than that can't be read, the clip is no longer what its member meant."""
_SEE_THROUGH = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""By codec: the decoder that also reads the transparency, which these keep in a second picture beside the packet's."""
_NOT_THE_MAIN_SOUND = Disposition.comment | Disposition.hearing_impaired | Disposition.visual_impaired


@dataclass(frozen=True, slots=True)
class Tracks:
    """The numbers of the streams that a player shows and plays. `others`: the file holds more pictures or sounds."""

    video: int
    sound: int | None
    others: bool

    def video_in(self, source: InputContainer) -> VideoStream:
        return cast("VideoStream", source.streams[self.video])

    def sound_in(self, source: InputContainer) -> AudioStream | None:
        return None if self.sound is None else cast("AudioStream", source.streams[self.sound])


@contextlib.contextmanager
def opened_clip(path: Path, demuxer: str) -> Iterator[InputContainer]:
    """The file by that demuxer alone: FFmpeg's own guess would follow playlists and addresses."""
    options = {"protocol_whitelist": "file"} | ({"enable_drefs": "0"} if demuxer in {"mp4", "mov"} else {})
    try:
        with av.open(str(path), format=demuxer, options=options, **ANY_TEXT) as source:
            for stream in filter(_is_readable, source.streams.video):
                stream.thread_type, stream.codec_context.thread_count = "AUTO", _THREADS
            yield source
    except (av.error.FFmpegError, ValueError, OverflowError) as exc:
        if (number := no_room(exc)) is not None:  # what is made of the file is written in here, too
            raise OSError(number, os.strerror(number)) from exc
        if no_memory(exc):
            raise MemoryError from exc
        raise FileBroken(found=demuxer) from exc


def tracks_of(path: Path, demuxer: str) -> Tracks:
    """Pictures that move before a still, the default before others, the first before the second.

    Raises `FileUnsupported` where there are none that can be read, `VideoTooLarge` by the chosen one's sides,
    `FileTooCostly` by their number and by what the index announces.
    """
    if demuxer in {"mp4", "mov"}:
        check_announced(path)
    with opened_clip(path, demuxer) as source:
        if len(source.streams) > CLIP_TRACKS:
            raise FileTooCostly(found="video")
        pictures = [stream for stream in source.streams.video if not stream.disposition & Disposition.attached_pic]
        readable = [stream for stream in pictures if _is_readable(stream)]
        if not readable:
            found = "unknown codec" if pictures else "sound without a picture"
            raise FileUnsupported(found=found, wanted="video")
        moving = {stream.index for stream in readable} if len(readable) == 1 else _moving(source, readable)
        video = max(readable, key=lambda it: (it.index in moving, _is_default(it), -it.index))
        if max(video.width, video.height) > CLIP_MAX_SIDE:
            raise VideoTooLarge(width=video.width, height=video.height, limit_side=CLIP_MAX_SIDE)
        sounds = [stream for stream in source.streams.audio if _is_readable(stream)]
        sound = max(
            sounds,
            key=lambda it: (_is_default(it), not it.disposition & _NOT_THE_MAIN_SOUND, -it.index),
            default=None,
        )
        others = len(source.streams.video) > 1 or len(source.streams.audio) > 1
        return Tracks(video.index, None if sound is None else sound.index, others)


def packets_of(source: InputContainer, *wanted: Stream | None) -> Iterator[Packet[Any]]:
    """The packets of those tracks. Raises `FileTooCostly` when the file has had too many, those of others counted."""
    numbers = {stream.index for stream in wanted if stream is not None}
    for count, packet in enumerate(source.demux()):
        if count > CLIP_PACKETS:
            raise FileTooCostly(found="video")
        if packet.stream.index in numbers:  # the empty packets at the end have no number of their own
            yield packet


def _moving(source: InputContainer, streams: list[VideoStream]) -> set[int]:
    """The numbers of the streams with more than one picture: as the file says, else by their packets."""
    told = {stream.index: stream.frames for stream in streams}
    if all(told.values()):
        return {index for index, frames in told.items() if frames > 1}
    counted: Counter[int] = Counter()
    for packet in packets_of(source, *streams):
        counted[packet.stream_index] += packet.size > 0
        if all(counted[index] > 1 for index in told):
            break
    return {index for index in told if counted[index] > 1}


def _is_default(stream: Stream) -> bool:
    """In MP4 and MOV FFmpeg says so of the tracks that are enabled."""
    return bool(stream.disposition & Disposition.default)


def _is_readable(stream: Stream) -> bool:
    context: object = stream.codec_context  # None for a codec without a decoder, whatever the library's types say
    return context is not None


class PictureDecoder:
    """Makes packets pictures, with their times in seconds (None: unsaid); those that can't be read are left out."""

    def __init__(self, video: VideoStream) -> None:
        self.video = video
        self._unit = float(video.time_base or 0)
        self._context: Any = video.codec_context
        self._read = self._lost = 0
        name = _SEE_THROUGH.get(video.codec_context.name)
        if name is not None and video.metadata.get("alpha_mode") == "1":
            self._context = CodecContext.create(name, "r")
            self._context.thread_count = _THREADS

    def take(self, packet: Packet[Any]) -> Iterator[tuple[float | None, VideoFrame]]:
        """The next packet, the empty one that ends the stream too. Raises `FileBroken` at the end where too much is
        missing."""
        try:
            shown = self._context.decode(packet if packet.size else None)
        except av.error.FFmpegError:
            self._lost += 1
            shown = []
        for frame in shown:
            self._read += 1
            yield None if frame.pts is None else frame.pts * self._unit, frame
        if not packet.size and self._lost > _LOST_MOST * (self._read + self._lost):
            raise FileBroken(found=packet.stream.container.format.name)

    @property
    def lost(self) -> int:
        return self._lost
