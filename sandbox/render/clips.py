"""Reading an uploaded video as frames at a steady rate, and writing H.264 with the sound of another file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from numpy.typing import NDArray

from sandbox.service.sniff import container_of, open_container

Frame = NDArray[np.uint8]
"""Height x width x 3, RGB."""
AUDIO_RATE = 44_100


class Unreadable(Exception):
    """An input can't be decoded: the job fails with this."""


def open_clip(path: Path) -> InputContainer:
    """The video at `path`, with the container's format forced from its first bytes."""
    if container_of(path) is None:
        raise Unreadable("The input video could not be decoded")
    return open_container(path)


def shape_of(path: Path) -> tuple[int, int, float]:
    """Width and height as shown (turned as a phone's metadata says) and the length in seconds (0: unknown)."""
    with open_clip(path) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream), None)
        if frame is None:
            raise Unreadable("The input video has no frames")
        size = (frame.height, frame.width) if frame.rotation % 180 else (frame.width, frame.height)
        if stream.duration is not None and stream.time_base is not None:
            return *size, float(stream.duration * stream.time_base)
        return *size, (container.duration or 0) / av.time_base


def read_clip(path: Path, width: int, height: int, fps: int, seconds: float) -> Iterator[Frame]:
    """Frames that fill width x height, cut at the sides that stick out, `fps` a second; the last is held to the end."""
    wanted, count, held = round(seconds * fps), 0, None
    with open_clip(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        start: float | None = None
        for frame in container.decode(stream):
            at = frame.time or 0.0
            start = at if start is None else start
            while held is not None and count < wanted and count / fps < at - start - 1e-6:
                yield fill(held, width, height)
                count += 1
            if count >= wanted:
                return
            held = frame
    if held is None:
        raise Unreadable("The input video has no frames")
    last = fill(held, width, height)
    for _ in range(wanted - count):
        yield last


def fill(frame: av.VideoFrame, width: int, height: int) -> Frame:
    """The frame upright, scaled to cover width x height, its middle."""
    turned = frame.rotation % 360
    box = (height, width) if turned % 180 else (width, height)
    scale = max(box[0] / frame.width, box[1] / frame.height)
    size = max(box[0], round(frame.width * scale)), max(box[1], round(frame.height * scale))
    pixels = frame.reformat(width=size[0], height=size[1], format="rgb24").to_ndarray()
    left, top = (size[0] - box[0]) // 2, (size[1] - box[1]) // 2
    pixels = pixels[top : top + box[1], left : left + box[0]]
    return np.ascontiguousarray(np.rot90(pixels, turned // 90), dtype=np.uint8)


def write_clip(
    out: Path, frames: Iterable[Frame], width: int, height: int, fps: int, *, sound: Path | None, bit_rate: int = 0
) -> None:
    """An MP4 at `out`: H.264, yuv420p, index first, with the sound of `sound` (if it has any) as AAC.

    `bit_rate` in bits a second; 0 lets the quality decide.
    """
    with av.open(out, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, fps)
        stream.options = {"preset": "veryfast", "crf": "23", "threads": "1", "g": str(fps * 2)}
        if bit_rate:
            stream.bit_rate = bit_rate
            stream.options = {"preset": "ultrafast", "threads": "1", "qmin": "0"}
        source = open_clip(sound) if sound is not None else None
        try:
            audio = _sound_stream(container, source)
            count = 0
            for count, pixels in enumerate(frames, 1):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = count - 1, Fraction(1, fps)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
            if audio is not None and source is not None:
                _copy_sound(source, container, audio, count / fps)
        finally:
            if source is not None:
                source.close()


def _sound_stream(container: OutputContainer, source: InputContainer | None) -> av.AudioStream | None:
    """A track for the source's sound, if it has any. Mono stays mono: made stereo it would be 3 dB quieter."""
    if source is None or not source.streams.audio:
        return None
    layout = "mono" if source.streams.audio[0].layout.nb_channels == 1 else "stereo"
    return container.add_stream("aac", rate=AUDIO_RATE, layout=layout)


def _copy_sound(source: InputContainer, container: OutputContainer, audio: av.AudioStream, seconds: float) -> None:
    """At most `seconds` of the source's first sound track, encoded anew."""
    resampler = av.AudioResampler(format="fltp", layout=audio.layout, rate=AUDIO_RATE)
    done, most = 0, round(seconds * AUDIO_RATE)
    for frame in source.decode(source.streams.audio[0]):
        for piece in resampler.resample(frame):
            piece.pts, piece.time_base = done, Fraction(1, AUDIO_RATE)
            done += piece.samples
            container.mux(audio.encode(piece))
        if done >= most:
            break
    container.mux(audio.encode(None))


def pad(path: Path, size_bytes: int) -> None:
    """Make the file that long with a `free` box at its end, which players skip."""
    missing = size_bytes - path.stat().st_size
    if missing < 8:
        return
    with path.open("r+b") as file:
        file.seek(0, 2)
        if missing < 1 << 32:
            file.write(missing.to_bytes(4, "big") + b"free")
        else:
            file.write((1).to_bytes(4, "big") + b"free" + missing.to_bytes(8, "big"))
        file.truncate(size_bytes)
