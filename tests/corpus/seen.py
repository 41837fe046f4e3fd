"""What a clip shows and sounds like when it is played."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.media.tracks import ANY_TEXT
from tests.corpus.clips import TONE_LEVEL


class Seen:
    """What a clip shows when it is played: `times` and `frames` (RGB), `sound` (mono, from time 0 on) at 48 kHz."""

    def __init__(self, path: Path) -> None:
        self.times: list[float] = []
        self.frames: list[Image.Image] = []
        heard: list[tuple[float, NDArray[np.float32]]] = []
        with av.open(str(path), **ANY_TEXT) as source:
            video: Any = source.streams.video[0]
            self.codec, self.rate = video.codec_context.name, Fraction(*_parts(video.average_rate))
            self.stretch, self.colorspace = video.sample_aspect_ratio, video.codec_context.colorspace
            self.pixels, self.size = video.codec_context.pix_fmt, (video.width, video.height)
            self.sounds = [stream.codec_context.name for stream in source.streams.audio]
            self.channels = source.streams.audio[0].codec_context.channels if self.sounds else 0
            for shown in source.decode(video):
                self.times.append(shown.time)
                self.frames.append(shown.to_image())
        if self.sounds:
            with av.open(str(path), **ANY_TEXT) as source:
                resampler = av.AudioResampler(format="fltp", layout="mono", rate=48_000)
                for block in source.decode(source.streams.audio[0]):
                    heard += [(part.time or 0.0, part.to_ndarray()[0]) for part in resampler.resample(block)]
        self.sound = _laid_out(heard)

    @property
    def flash_at(self) -> float:
        """When the picture turns white."""
        return next(at for at, image in zip(self.times, self.frames, strict=True) if np.asarray(image).mean() > 230)

    @property
    def tone_at(self) -> float:
        """When the tone sets in."""
        loud = np.abs(self.sound) > TONE_LEVEL / 4
        return float(np.argmax(loud)) / 48_000 if loud.any() else -1.0

    @property
    def loudness(self) -> float:
        """Root mean square of the tone's middle: 0.177 for a sine of 0.25."""
        middle = self.sound[round((self.tone_at + 0.1) * 48_000) : round((self.tone_at + 0.2) * 48_000)]
        return float(np.sqrt(np.mean(middle**2)))


def _parts(rate: Any) -> tuple[int, int]:
    return rate.numerator, rate.denominator


def _laid_out(heard: list[tuple[float, NDArray[np.float32]]]) -> NDArray[np.float32]:
    end = max((round(at * 48_000) + len(part) for at, part in heard), default=0)
    line = np.zeros(max(0, end), dtype=np.float32)
    for at, part in heard:
        begin = round(at * 48_000)
        line[max(0, begin) : begin + len(part)] = part[max(0, -begin) :]
    return line


def differ(one: Image.Image, other: Image.Image) -> bool:
    """Whether two decoded frames show different things, past what an encoder does to them."""
    change = np.abs(np.asarray(one, dtype=int) - np.asarray(other, dtype=int))
    return bool(change.max() > 60)
