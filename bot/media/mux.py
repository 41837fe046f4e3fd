"""Writing MP4s that play while they load: H.264 pictures, AAC sound, the index first."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bot.media.tracks import packets_of

_MP4 = {"movflags": "+faststart"}
_AUDIO_BITS_PER_SECOND = 128_000
_AAC_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_PRIMING_SECONDS = 0.05
"""How much sound before the first picture is kept: AAC starts with a packet that only warms its decoder up."""
_COPIED_FROM = frozenset({"mp4", "mov", "matroska", "webm"})
"""Containers whose AAC needs no change; others wrap it in headers that MP4 has no place for."""


class Sound:
    """One sound on its way into `out`: copied where `bits` is None and it is AAC, else encoded.

    `start` is the time in seconds that becomes 0; what came before is left out, and what comes after `seconds` of it.
    What can't be read is silence.
    """

    def __init__(
        self, out: OutputContainer, source: AudioStream, *, bits: int | None, start: float, seconds: float = math.inf
    ) -> None:
        self._out, self._start, self._seconds = out, start, seconds
        self._even: EvenSound | None = None
        if bits is None and is_aac(source):
            self._stream = out.add_stream_from_template(source)
            return
        rate = _nearest_rate(source.codec_context.sample_rate or 48_000)
        layout = "mono" if source.codec_context.channels == 1 else "stereo"
        self._stream = out.add_stream("aac", rate=rate)
        self._stream.bit_rate = bits or _AUDIO_BITS_PER_SECOND
        self._stream.codec_context.layout = layout
        self._even = EvenSound(rate, layout, seconds)

    def take(self, packet: Packet[Any]) -> None:
        """The next packet, the empty one that ends the stream too."""
        if self._even is not None:
            with contextlib.suppress(av.error.FFmpegError):
                for frame in cast("list[AudioFrame]", packet.decode()):
                    self._hear(frame, self._even)
            return
        if packet.pts is None or packet.dts is None:
            return
        shift = round(self._start / float(packet.time_base))
        at = (packet.pts - shift) * float(packet.time_base)
        if not -_PRIMING_SECONDS <= at < self._seconds:
            return
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        packet.stream = self._stream
        self._out.mux(packet)

    def end(self) -> None:
        if self._even is not None:
            self._encode(self._even.end())
            self._out.mux(self._stream.encode(None))

    def _hear(self, frame: AudioFrame, even: EvenSound) -> None:
        if frame.pts is not None and frame.time_base is not None:
            frame.pts -= round(self._start / float(frame.time_base))
            at = frame.pts * float(frame.time_base)
            if at + frame.samples / frame.sample_rate < -_PRIMING_SECONDS or at > self._seconds:
                return  # a far one would have all the silence up to it made
        self._encode(even.take(frame))

    def _encode(self, frames: Iterable[AudioFrame]) -> None:
        for frame in frames:
            self._out.mux(self._stream.encode(frame))


class EvenSound:
    """Decoded sound in one form, without a gap or an overlap from time 0 on: what is missing is silence.

    It ends after `seconds`, give or take a frame.
    """

    def __init__(self, rate: int, layout: str, seconds: float = math.inf) -> None:
        self._rate, self._layout = rate, layout
        self._most = seconds * rate
        self._graph: Graph | None = None
        self._form: tuple[Any, ...] = ()
        self._end = 0

    def take(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        form = (frame.sample_rate, frame.format.name, frame.layout.name, frame.time_base)
        if self._graph is not None and form != self._form:  # the sound changed its form on the way
            yield from self.end()
        if self._graph is None:
            self._graph, self._form = self._make(frame), form
        self._graph.push(frame)
        yield from self._drain(self._graph)

    def end(self) -> Iterator[AudioFrame]:
        if self._graph is not None:
            self._graph.push(None)
            yield from self._drain(self._graph)
            self._graph = None

    def _make(self, frame: AudioFrame) -> Graph:
        graph = Graph()
        graph.link_nodes(
            graph.add_abuffer(
                sample_rate=frame.sample_rate,
                format=frame.format.name,
                layout=frame.layout.name,
                time_base=frame.time_base or Fraction(1, frame.sample_rate),
            ),
            graph.add("aresample", f"{self._rate}:async=1:first_pts={self._end}"),
            graph.add("aformat", f"sample_fmts=fltp:channel_layouts={self._layout}:sample_rates={self._rate}"),
            graph.add("abuffersink"),
        ).configure()
        return graph

    def _drain(self, graph: Graph) -> Iterator[AudioFrame]:
        while True:
            try:
                frame = cast("AudioFrame", graph.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            if self._end >= self._most:
                continue
            frame.pts, frame.time_base = self._end, Fraction(1, self._rate)
            self._end += frame.samples
            yield frame


class Writer:
    """One MP4 being written. `sound` is the input's whose sound is kept, `audio_bits` forces an encode at that rate.

    `tags` are the names of the colours, by the encoder's attributes. `start` is the input's time that becomes 0;
    the sound ends after `seconds`.
    """

    def __init__(
        self,
        to: Path,
        *,
        size: tuple[int, int],
        rate: Fraction,
        options: dict[str, str],
        tags: Mapping[str, int],
        sound: AudioStream | None,
        audio_bits: int | None = None,
        start: float = 0.0,
        seconds: float = math.inf,
    ) -> None:
        self._out: OutputContainer = av.open(str(to), "w", format="mp4", options=_MP4)
        self._video: VideoStream = self._out.add_stream("libx264", rate=rate, options=options)
        self._video.width, self._video.height = size
        self._video.pix_fmt = "yuv420p"
        self._video.codec_context.time_base = 1 / rate
        self._video.codec_context.thread_count = 2
        for name, value in tags.items():
            setattr(self._video.codec_context, name, value)
        self._count = 0
        self._sound = (
            Sound(self._out, sound, bits=audio_bits, start=start, seconds=seconds) if sound is not None else None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            with contextlib.suppress(av.error.FFmpegError):
                self._out.close()
            return
        if self._sound is not None:
            self._sound.end()
        self._out.mux(self._video.encode(None))
        self._out.close()

    def video(self, frame: VideoFrame) -> None:
        """The frame takes the next place at the stream's rate."""
        frame.pts = self._count
        frame.time_base = self._video.codec_context.time_base
        frame.pict_type = av.video.frame.PictureType.NONE  # the source's key frames are none of ours
        self._count += 1
        self._out.mux(self._video.encode(frame))

    def audio(self, packet: Packet[Any]) -> None:
        """A packet of the kept sound."""
        if self._sound is not None:
            self._sound.take(packet)


def copy_pictures(
    source: InputContainer,
    video: VideoStream,
    sound: AudioStream | None,
    to: Path,
    *,
    start: float = 0.0,
    keep_sound: bool = False,
) -> None:
    """The same pictures in a new MP4, not encoded again; the sound is copied where it is AAC or `keep_sound`.

    `start` is the input's time that becomes 0, such as the one at which a transport stream was begun.
    """
    with av.open(str(to), "w", format="mp4", options=_MP4) as out:
        pictures = out.add_stream_from_template(video)
        copied = out.add_stream_from_template(sound) if sound is not None and keep_sound else None
        encoded = Sound(out, sound, bits=None, start=start) if sound is not None and copied is None else None
        for packet in _fully_stamped(packets_of(source, video, sound), video):
            if packet.stream is not video and encoded is not None:
                encoded.take(packet)
            elif packet.dts is not None:
                shift = round(start / float(packet.time_base))
                packet.dts, packet.pts = packet.dts - shift, None if packet.pts is None else packet.pts - shift
                packet.stream = pictures if packet.stream is video or copied is None else copied
                out.mux(packet)
        if encoded is not None:
            encoded.end()


def _fully_stamped(packets: Iterable[Packet[Any]], video: VideoStream) -> Iterator[Packet[Any]]:
    """The packets, with the decoding times that Matroska leaves out at the beginning of reordered pictures."""
    waiting: list[Packet[Any]] | None = []
    for packet in packets:
        if waiting is None or packet.stream is not video:
            yield packet
            continue
        waiting.append(packet)
        if packet.dts is None and packet.size:
            continue
        gap = packet.duration or round(1 / (float(video.average_rate or 25) * float(packet.time_base)))
        for back, late in enumerate(reversed(waiting)):
            if packet.dts is not None:
                late.dts = packet.dts - back * gap
        yield from waiting
        waiting = None


def is_aac(stream: AudioStream) -> bool:
    """Whether the sound can be copied into an MP4 as it is, and every player plays it."""
    copyable = any(name in _COPIED_FROM for name in stream.container.format.name.split(","))
    return copyable and stream.codec_context.name == "aac"


def _nearest_rate(rate: int) -> int:
    """The encoder knows these rates alone."""
    return next((known for known in _AAC_RATES if known >= rate), _AAC_RATES[-1])
