"""Clips with several tracks, pictures that stay, see-through ones, and packets that can't be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.stream import Disposition
from av.video.frame import VideoFrame
from PIL import Image

from tests.corpus.clips import Paint, clip, still
from tests.corpus.pictures import picture

SIZE = (96, 64)
BLUE = Image.new("RGB", SIZE, (0, 0, 255))


def tracks(
    path: Path,
    form: str,
    *,
    pictures: Sequence[tuple[Image.Image, int]],
    default: int = 0,
    sounds: Sequence[float] = (),
    default_sound: int = 0,
    codec: str = "libx264",
) -> Path:
    """One track for each of (what it shows, how many times at 25 a second), and one of a second for each sound's level;
    only the `default` ones are called so, which in MP4 and MOV is to be enabled."""
    with av.open(str(path), "w", format=form) as out:
        streams: list[Any] = []
        for number in range(len(pictures)):
            video: Any = out.add_stream(codec, rate=25, options={"preset": "ultrafast"} if codec == "libx264" else {})
            video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
            video.disposition = Disposition.default if number == default else Disposition(0)
            streams.append(video)
        heard: list[Any] = []
        for number in range(len(sounds)):
            audio: Any = out.add_stream("aac", rate=48_000)
            audio.codec_context.layout = "mono"
            audio.disposition = Disposition.default if number == default_sound else Disposition(0)
            heard.append(audio)
        for video, (image, count) in zip(streams, pictures, strict=True):
            for number in range(count):
                frame: Any = VideoFrame.from_image(image).reformat(format="yuv420p")  # type: ignore[no-untyped-call]
                frame.pts, frame.time_base = number, Fraction(1, 25)
                out.mux(video.encode(frame))
            out.mux(video.encode(None))
        for audio, level in zip(heard, sounds, strict=True):
            for number in range(50):
                wave = level * np.sin(np.arange(960, dtype=np.float32) / 10).reshape(1, -1).astype(np.float32)
                block = AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
                block.sample_rate, block.pts, block.time_base = 48_000, number * 960, Fraction(1, 48_000)
                out.mux(audio.encode(block))
            out.mux(audio.encode(None))
    return path


def slides(
    path: Path, form: str, lengths: Sequence[float], *, codec: str = "libx264", sound_seconds: float | None = None
) -> Path:
    """Pictures that are each shown for so many seconds, as their packets say, with silence where it is asked for."""
    with av.open(str(path), "w", format=form) as out:
        video: Any = out.add_stream(codec, rate=25, options={"preset": "ultrafast", "tune": "zerolatency"})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        audio: Any = None
        if sound_seconds is not None:
            audio = out.add_stream("aac", rate=48_000)
            audio.codec_context.layout = "mono"
        at, due = 0, {}
        for length in lengths:
            due[at] = round(length * 1000)
            frame: Any = VideoFrame.from_image(picture(SIZE)).reformat(format="yuv420p")  # type: ignore[no-untyped-call]
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            at += due[at]
            _mux(out, video.encode(frame), due)
        _mux(out, video.encode(None), due)
        for number in range(round((sound_seconds or 0) * 50)):
            block = AudioFrame.from_ndarray(np.zeros((1, 960), np.float32), format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = 48_000, number * 960, Fraction(1, 48_000)
            out.mux(audio.encode(block))
        if audio is not None:
            out.mux(audio.encode(None))
    return path


def _mux(out: Any, packets: Sequence[Any], due: dict[int, int]) -> None:
    for packet in packets:
        packet.duration = due[packet.pts]
        out.mux(packet)


def see_through(path: Path, form: str, codec: str, pixels: str, hidden: tuple[int, int, int] = (255, 0, 255)) -> Path:
    """The corners, with a hole in the middle whose hidden colour is not white."""
    image = picture(SIZE, "RGBA")
    image.paste((*hidden, 0), (32, 16, 64, 48))
    options = {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "0"} if codec.startswith("libvpx") else {}
    with av.open(str(path), "w", format=form) as out:
        video: Any = out.add_stream(codec, rate=25, options=options)
        video.width, video.height, video.pix_fmt = *SIZE, pixels
        for number in range(25):
            frame: Any = VideoFrame.from_ndarray(np.asarray(image), format="rgba").reformat(format=pixels)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


def damaged(path: Path, kind: str, numbers: range, facts: Mapping[str, Any]) -> Path:
    """A clip whose packets of those numbers, of `kind` ("video" or "audio"), hold nothing but noise."""
    whole, form = path.with_name("whole"), str(facts.get("form", "avi"))
    usual: dict[str, Any] = {"form": form, "size": SIZE, "seconds": 1.0, "paint": still(SIZE)}
    clip(whole, **usual | dict(facts))
    rng, counts = np.random.default_rng(3), dict.fromkeys(("video", "audio"), -1)
    with av.open(str(whole)) as source, av.open(str(path), "w", format=form) as out:
        copies = {stream.index: out.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is None:
                continue
            counts[packet.stream.type] += 1
            sent: Any = packet
            if packet.stream.type == kind and counts[kind] in numbers:
                sent = av.Packet(rng.integers(0, 255, packet.size, dtype=np.uint8).tobytes())
                sent.pts, sent.dts, sent.duration = packet.pts, packet.dts, packet.duration
                sent.time_base, sent.is_keyframe = packet.time_base, packet.is_keyframe
            sent.stream = copies[packet.stream.index]
            out.mux(sent)
    whole.unlink()
    return path


def with_cover(path: Path) -> Path:
    """An MP4 with a cover, as shops sell them: a picture that is no track."""
    whole = clip(path.with_name("whole"), size=SIZE, seconds=1.0, paint=still(SIZE))
    with av.open(str(whole)) as source, av.open(str(path), "w", format="mp4") as out:
        cover: Any = out.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = *SIZE, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        copies = {stream.index: out.add_stream_from_template(stream) for stream in source.streams}
        frame: Any = VideoFrame.from_image(BLUE).reformat(format="yuvj420p")  # type: ignore[no-untyped-call]
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        out.mux(cover.encode(frame))
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    whole.unlink()
    return path


def as_camera_writes_it(path: Path, **facts: Any) -> Path:
    """A transport stream with the time before each packet (.m2ts)."""
    data = clip(path, form="mpegts", **facts).read_bytes()
    path.write_bytes(b"".join(bytes(4) + data[at : at + 188] for at in range(0, len(data), 188)))
    return path


def solid(colour: tuple[int, int, int]) -> Paint:
    """One colour."""
    image = Image.new("RGB", SIZE, colour)
    return lambda at: image
