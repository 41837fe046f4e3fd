"""Clips as members attach them, good, odd and hostile: the colours of the corners, and white, with a tone, for
`FLASH_SECONDS` from `FLASH_AT`, so that picture and sound can be held together."""

from __future__ import annotations

import contextlib
import io
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

from tests.corpus.pictures import picture

FLASH_AT, FLASH_SECONDS = 1.0, 0.3
TONE_HZ, TONE_LEVEL = 440, 0.25

Pixels = NDArray[np.uint8]
Paint = Callable[[float], Image.Image]


def corners_and_flash(size: tuple[int, int]) -> Paint:
    """What clips show: the corners, and white for a moment."""
    plain, white = picture(size), Image.new("RGB", size, (255, 255, 255))
    return lambda at: white if FLASH_AT <= at < FLASH_AT + FLASH_SECONDS else plain


def still(size: tuple[int, int]) -> Paint:
    """The corners alone."""
    plain = picture(size)
    return lambda at: plain


def noise(size: tuple[int, int], seed: int = 1) -> Paint:
    """What no codec can make small."""
    rng = np.random.default_rng(seed)
    return lambda at: Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def clip(
    path: Path,
    *,
    form: str = "mp4",
    codec: str = "libx264",
    pixels: str = "yuv420p",
    size: tuple[int, int] = (160, 90),
    rate: Fraction = Fraction(25),
    seconds: float = 2.0,
    times: Iterable[float] | None = None,
    start: float = 0.0,
    stretch: Fraction | None = None,
    sound: str | None = "aac",
    channels: int = 2,
    sound_rate: int = 48_000,
    sound_start: float = 0.0,
    sound_seconds: float | None = None,
    paint: Paint | None = None,
    options: dict[str, str] | None = None,
    tags: dict[str, int] | None = None,
    faststart: bool = True,
    movflags: str = "+faststart",
) -> Path:
    """A clip; `times` are its frames' own (uneven) times, `start` moves pictures and sound together.

    `sound_start` moves the sound's first sample, not the tone in it: that keeps to the flash.
    """
    paint = paint or corners_and_flash(size)
    when = list(times) if times is not None else [n / float(rate) for n in range(max(1, round(seconds * rate)))]
    flags = {"movflags": movflags} if faststart and form in {"mp4", "mov"} else {}
    with _as_urgent_as_before(), av.open(str(path), "w", format=form, options=flags) as out:
        video: Any = out.add_stream(codec, rate=rate, options=options if options is not None else _quick(codec))
        video.width, video.height = size
        video.pix_fmt = pixels
        fine = Fraction(1, 90_000) if form in {"mp4", "mov"} and times is not None else 1 / rate
        video.codec_context.time_base = fine
        if stretch is not None:
            video.codec_context.sample_aspect_ratio = stretch
        for name, value in (tags or {}).items():
            setattr(video.codec_context, name, value)
        audio: Any = None
        if sound is not None:
            audio = out.add_stream(sound, rate=sound_rate)
            audio.codec_context.layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
        last = when[-1] + 1 / float(rate)
        pending = _tone(audio, sound_rate, channels, sound_start, sound_seconds or last) if audio is not None else []
        for at in when:
            while pending and (pending[0].time or 0.0) <= at:
                out.mux(audio.encode(_moved(pending.pop(0), start)))
            frame: Any = VideoFrame.from_image(paint(at)).reformat(format=pixels)  # type: ignore[no-untyped-call]
            frame.pts, frame.time_base = round((at + start) / fine), fine
            out.mux(video.encode(frame))
        for block in pending:
            out.mux(audio.encode(_moved(block, start)))
        for stream in (video, audio):
            if stream is not None:
                out.mux(stream.encode(None))
    return path


@contextlib.contextmanager
def _as_urgent_as_before() -> Iterator[None]:
    """libsvtav1 gives the thread of a root user the highest real-time priority for good, and all that it starts later
    with it: a browser, say, which then starves the machine."""
    if not hasattr(os, "sched_getscheduler"):  # Linux alone
        yield
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        if os.sched_getscheduler(0) != policy:
            os.sched_setscheduler(0, policy, priority)


def _quick(codec: str) -> dict[str, str]:
    return {
        "libx264": {"preset": "ultrafast", "crf": "12", "tune": "zerolatency"},
        "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
        "libvpx": {"deadline": "realtime", "cpu-used": "8"},
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
        # At quicker presets the encoder of the oldest Python's PyAV writes small pictures that nothing decodes.
        "libsvtav1": {"preset": "8"},
    }.get(codec, {})


def _tone(audio: Any, rate: int, channels: int, begin: float, end: float) -> list[AudioFrame]:
    """Silence with the tone while the picture is white, in blocks of 20 ms."""
    count = round((end - begin) * rate)
    at = begin + np.arange(count) / rate
    on = (at >= FLASH_AT) & (at < FLASH_AT + FLASH_SECONDS)
    wave = (np.sin(2 * np.pi * TONE_HZ * at) * on * TONE_LEVEL).astype(np.float32)
    step, blocks = rate // 50, []
    form, layout = audio.codec_context.format.name, audio.codec_context.layout.name
    for first in range(0, count, step):
        piece = wave[first : first + step]
        planes = np.ascontiguousarray(np.tile(piece, (channels, 1)))
        frame = AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, round(begin * rate) + first, Fraction(1, rate)
        if form != "fltp":
            (frame,) = av.AudioResampler(format=form, layout=layout, rate=rate).resample(frame)
        blocks.append(frame)
    return blocks


def _moved(block: AudioFrame, start: float) -> AudioFrame:
    assert block.pts is not None
    block.pts += round(start / float(block.time_base))
    return block


TURNED = {
    0: (1, 0, 0, 1),
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
    "mirrored": (-1, 0, 0, 1),
    "turned and mirrored": (0, 1, 1, 0),
}
"""What a phone notes in a track's head: how the player must turn (clockwise) or mirror the picture."""


def with_matrix(path: Path, turn: int | str) -> Path:
    """Write the note into an MP4's or MOV's first track, by hand."""
    data = bytearray(path.read_bytes())
    head = data.index(b"tkhd") + 4
    a, b, c, d = (part * 0x10000 for part in TURNED[turn])
    assert data[head] == 0, "a version with longer times"
    struct.pack_into(">9i", data, head + 40, a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(data)
    return path


def flashing_noise(size: tuple[int, int]) -> Paint:
    """Noise, and white for a moment."""
    grain, flash = noise(size), corners_and_flash(size)
    return lambda at: flash(at) if FLASH_AT <= at < FLASH_AT + FLASH_SECONDS else grain(at)


def changing_size(path: Path, sizes: Sequence[tuple[int, int]]) -> Path:
    """A Matroska file of Motion JPEG whose pictures change their size, as recorded calls do."""
    with av.open(str(path), "w", format="matroska") as out:
        video: Any = out.add_stream("mjpeg", rate=25)
        video.width, video.height, video.pix_fmt = *sizes[0], "yuvj420p"
        for number in range(10 * len(sizes)):
            packed = io.BytesIO()
            picture(sizes[number // 10]).save(packed, "JPEG", quality=95)
            packet: Any = av.Packet(packed.getvalue())
            packet.stream, packet.pts, packet.dts, packet.time_base = video, number, number, Fraction(1, 25)
            packet.is_keyframe = True
            out.mux(packet)
    return path


def sound_only(path: Path) -> Path:
    """An MP4 without pictures."""
    with av.open(str(path), "w", format="mp4") as out:
        audio: Any = out.add_stream("aac", rate=48_000)
        audio.codec_context.layout = "stereo"
        for block in _tone(audio, 48_000, 2, 0.0, 1.0):
            out.mux(audio.encode(block))
        out.mux(audio.encode(None))
    return path


def without_length(path: Path) -> Path:
    """A Matroska file as live recorders leave it: its great element open, its length unsaid."""
    data = bytearray(path.read_bytes())
    segment = data.index(b"\x18\x53\x80\x67") + 4
    data[segment : segment + 8] = b"\x01" + b"\xff" * 7
    info = data.index(b"\x44\x89")  # the element Duration becomes one that means nothing
    data[info : info + 2] = b"\x44\x8a"
    path.write_bytes(data)
    return path


def referring(secret: Path, to: Path) -> Path:
    """A QuickTime file whose pictures are said to lie in another file."""
    data = bytearray(secret.read_bytes())
    at = data.index(b"url \x00\x00\x00\x01")
    data[at : at + 8] = b"url \x00\x00\x00\x00"
    begin = data.index(b"mdat")
    data[begin + 4 : begin + 4000] = bytes(min(3996, len(data) - begin - 4))
    to.write_bytes(data)
    return to
