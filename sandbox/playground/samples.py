"""Pictures and clips to try the bot with, drawn here: nothing is downloaded, nobody else has rights in them."""

from __future__ import annotations

import asyncio
import functools
import io
import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, cast

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1280, 704
CLIP_WIDTH, CLIP_HEIGHT, FPS, CLIP_SECONDS = 640, 352, 25, 3
SOUND_RATE = 48_000

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """`draw` gives a picture's one image, or a clip's frame at a moment from 0 to 1."""

    name: str
    kind: Literal["image", "video"]
    description: str
    draw: Callable[[float], Image.Image]

    @property
    def content_type(self) -> str:
        return {"png": "image/png", "jpg": "image/jpeg", "mp4": "video/mp4"}[self.name.rsplit(".", 1)[1]]

    def json(self) -> dict[str, str]:
        """As the page lists it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "description": self.description,
            "content_type": self.content_type,
            "url": f"/_playground/samples/{self.name}",
        }

    def render(self) -> bytes:
        """The file's bytes, drawn once in this process. Slow the first time: keep it off the event loop."""
        return _render(self)


@functools.cache
def _render(sample: Sample) -> bytes:
    if sample.kind == "video":
        return _film(sample.draw(moment / (FPS * CLIP_SECONDS)) for moment in range(FPS * CLIP_SECONDS))
    out = io.BytesIO()
    sample.draw(0.0).save(out, "PNG" if sample.name.endswith(".png") else "JPEG", quality=90)
    return out.getvalue()


class SampleRenderer:
    """Renders samples off the event loop, one at a time."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def make(self, sample: Sample) -> bytes:
        """The file's bytes."""
        async with self._lock:
            return await asyncio.to_thread(sample.render)


def _film(frames: Iterator[Image.Image]) -> bytes:
    """H.264 with a quiet tone, the index first."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sample.mp4")  # a real file, for FFmpeg moves the index to the front by reading it again
        _encode(path, frames)
        return path.read_bytes()


def _encode(path: Path, frames: Iterator[Image.Image]) -> None:
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container:
        picture = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23"})
        picture.width, picture.height, picture.pix_fmt = CLIP_WIDTH, CLIP_HEIGHT, "yuv420p"
        sound = container.add_stream("aac", rate=SOUND_RATE, layout="mono")
        for image in frames:
            container.mux(picture.encode(av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")))
        container.mux(picture.encode(None))
        for part in _tone():
            container.mux(sound.encode(part))
        container.mux(sound.encode(None))


def _tone() -> Iterator[av.AudioFrame]:
    step = 1024
    for start in range(0, SOUND_RATE * CLIP_SECONDS, step):
        times = (np.arange(start, start + step) / SOUND_RATE).astype(np.float32)
        pitch = 220.0 * 2 ** (np.floor(times * 4) % 5 / 5)
        wave = (0.08 * np.sin(2 * math.pi * pitch * times)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
        yield frame


def _sky(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """A vertical gradient."""
    column = np.linspace(0, 1, size[1])[:, None, None]
    shade = np.array(top) * (1 - column) + np.array(bottom) * column
    return Image.fromarray(np.broadcast_to(shade, (size[1], size[0], 3)).astype(np.uint8).copy())


def _pen(image: Image.Image) -> Any:
    return cast("Any", ImageDraw.Draw(image, "RGBA"))


def _harbour(*, night: bool) -> Image.Image:
    tones: tuple[Colour, Colour] = ((18, 22, 58), (66, 58, 110)) if night else ((106, 178, 226), (252, 214, 170))
    image = _sky((WIDTH, HEIGHT), *tones)
    pen = _pen(image)
    pen.ellipse((930, 90, 1060, 220), fill=(246, 240, 214) if night else (255, 226, 120))
    if night:
        for n in range(70):
            x, y = (n * 271) % WIDTH, (n * 149) % 330
            pen.ellipse((x, y, x + 3, y + 3), fill=(255, 255, 240, 200))
    hill = (24, 30, 52) if night else (94, 132, 104)
    pen.polygon([(0, 430), (220, 310), (420, 420), (640, 330), (900, 430), (0, 430)], fill=hill)
    pen.rectangle((0, 420, WIDTH, HEIGHT), fill=(22, 36, 76) if night else (52, 122, 158))
    for row in range(24):
        y, x = 432 + row * 11, (row * 173) % 200 - 100
        for n in range(9):
            pen.line(
                (x + n * 160, y, x + n * 160 + 56 + row * 2, y), fill=(255, 255, 255, 40 if night else 70), width=3
            )
    pen.polygon([(470, 520), (810, 520), (760, 590), (520, 590)], fill=(150, 58, 44) if not night else (84, 40, 48))
    pen.polygon([(640, 170), (640, 500), (800, 500)], fill=(250, 244, 230) if not night else (170, 168, 190))
    pen.polygon([(625, 230), (625, 500), (510, 500)], fill=(232, 220, 200) if not night else (140, 140, 168))
    pen.line((632, 150, 632, 522), fill=(70, 48, 36), width=10)
    if night:
        pen.ellipse((742, 480, 772, 510), fill=(255, 214, 120))
        image = Image.blend(image, image.filter(ImageFilter.GaussianBlur(8)), 0.25)
    return image


def _cat() -> Image.Image:
    image = _sky((WIDTH, HEIGHT), (236, 200, 150), (196, 128, 92))
    pen = _pen(image)
    pen.rectangle((0, 560, WIDTH, HEIGHT), fill=(116, 70, 52))
    pen.rounded_rectangle((90, 60, 470, 420), 24, fill=(120, 190, 226))
    pen.rectangle((272, 60, 288, 420), fill=(250, 240, 224))
    pen.rectangle((90, 232, 470, 248), fill=(250, 240, 224))
    fur, dark = (232, 140, 66), (190, 98, 38)
    pen.arc((820, 380, 1080, 640), 250, 80, fill=fur, width=46)
    pen.ellipse((560, 330, 920, 640), fill=fur)
    pen.polygon([(590, 250), (600, 100), (700, 190)], fill=fur)
    pen.polygon([(790, 190), (880, 100), (890, 250)], fill=fur)
    pen.ellipse((570, 150, 910, 430), fill=fur)
    for n in range(3):
        pen.polygon([(705 + n * 30, 158), (725 + n * 30, 158), (715 + n * 30, 220)], fill=dark)
        pen.rounded_rectangle((850, 430 + n * 52, 914, 450 + n * 52), 10, fill=dark)
    for x in (650, 790):
        pen.ellipse((x, 250, x + 52, 314), fill=(250, 250, 240))
        pen.ellipse((x + 16, 256, x + 40, 310), fill=(40, 60, 44))
    pen.polygon([(724, 326), (768, 326), (746, 350)], fill=(150, 60, 70))
    pen.arc((700, 330, 748, 378), 10, 160, fill=dark, width=6)
    pen.arc((744, 330, 792, 378), 20, 170, fill=dark, width=6)
    for side in (-1, 1):
        for n in range(3):
            pen.line((746 + side * 60, 346 + n * 10, 746 + side * 190, 326 + n * 26), fill=(255, 246, 230), width=4)
    pen.ellipse((610, 560, 720, 640), fill=fur)
    pen.ellipse((760, 560, 870, 640), fill=fur)
    return image


def _jacket() -> Image.Image:
    image = Image.new("RGB", (900, 1000), (244, 241, 235))
    pen = _pen(image)
    red, deep = (196, 48, 52), (150, 30, 40)
    pen.polygon([(300, 160), (120, 300), (60, 760), (190, 790), (260, 430)], fill=deep)
    pen.polygon([(600, 160), (780, 300), (840, 760), (710, 790), (640, 430)], fill=deep)
    pen.polygon([(300, 150), (600, 150), (680, 300), (660, 880), (240, 880), (220, 300)], fill=red)
    pen.polygon([(370, 140), (530, 140), (450, 300)], fill=(60, 26, 30))
    pen.line((450, 300, 450, 880), fill=(236, 214, 170), width=10)
    for n in range(5):
        pen.ellipse((470, 360 + n * 100, 498, 388 + n * 100), fill=(236, 214, 170))
    return image


def _painting() -> Image.Image:
    image = _sky((900, 900), (20, 40, 96), (222, 170, 70))
    pen = _pen(image)
    palette = [(240, 200, 90), (60, 110, 180), (230, 120, 60), (30, 60, 120), (250, 236, 190)]
    for n in range(46):
        radius = 470 - n * 10
        x, y = 450 + 60 * math.sin(n / 3), 430 + 50 * math.cos(n / 4)
        pen.arc(
            (x - radius, y - radius, x + radius, y + radius),
            n * 29 % 360,
            n * 29 % 360 + 210,
            fill=palette[n % 5],
            width=14,
        )
    return image


def _ball(moment: float) -> Image.Image:
    image = _sky((CLIP_WIDTH, CLIP_HEIGHT), (120, 190, 232), (250, 232, 204))
    pen = _pen(image)
    for n, green in enumerate(((126, 176, 112), (96, 150, 92), (70, 122, 74))):
        shift = moment * 160 * (n + 1)
        hills = [(x, 236 + n * 34 + 22 * math.sin((x + shift) / (70 - n * 12))) for x in range(0, CLIP_WIDTH + 8, 8)]
        pen.polygon([*hills, (CLIP_WIDTH, CLIP_HEIGHT), (0, CLIP_HEIGHT)], fill=green)
    bounce = abs(math.sin(moment * math.pi * 4))
    x, y = 60 + moment * 520, 282 - bounce * 190
    squash = 10 if bounce < 0.15 else 0
    pen.ellipse((x - 38, 318, x + 38, 332), fill=(0, 0, 0, 60))
    pen.ellipse((x - 34 - squash, y - 34 + squash, x + 34 + squash, y + 34), fill=(226, 74, 52))
    turn = moment * 900
    pen.pieslice((x - 34 - squash, y - 34 + squash, x + 34 + squash, y + 34), turn, turn + 90, fill=(250, 236, 210))
    return image


def _dancer(moment: float) -> Image.Image:
    image = _sky((CLIP_WIDTH, CLIP_HEIGHT), (84, 72, 122), (214, 150, 150))
    pen = _pen(image)
    pen.rectangle((0, 296, CLIP_WIDTH, CLIP_HEIGHT), fill=(74, 56, 76))
    pen.ellipse((190, 300, 450, 340), fill=(255, 240, 200, 60))
    beat = math.sin(moment * math.pi * 8)
    x = 320 + 40 * math.sin(moment * math.pi * 4)
    skin, shirt, trousers = (238, 196, 160), (240, 236, 226), (54, 64, 104)
    pen.line((x - 16, 214, x - 30 - 14 * beat, 310), fill=trousers, width=22)
    pen.line((x + 16, 214, x + 30 - 14 * beat, 310), fill=trousers, width=22)
    pen.line((x - 30, 128, x - 92, 128 - 56 * beat), fill=skin, width=16)
    pen.line((x + 30, 128, x + 92, 128 + 56 * beat), fill=skin, width=16)
    pen.rounded_rectangle((x - 38, 112, x + 38, 224), 20, fill=shirt)
    pen.ellipse((x - 28, 48 + 5 * beat, x + 28, 108 + 5 * beat), fill=skin)
    pen.pieslice((x - 31, 42 + 5 * beat, x + 31, 104 + 5 * beat), 180, 360, fill=(70, 44, 36))
    return image


SAMPLES: tuple[Sample, ...] = (
    Sample("cat.png", "image", "A cat at home.", lambda _: _cat()),
    Sample("harbour.jpg", "image", "A boat by day: a first frame.", lambda _: _harbour(night=False)),
    Sample("harbour-night.jpg", "image", "The same boat by night: a last frame.", lambda _: _harbour(night=True)),
    Sample("painting.png", "image", "Brush strokes: a style to restyle with.", lambda _: _painting()),
    Sample("jacket.png", "image", "A red jacket: a garment to try on.", lambda _: _jacket()),
    Sample("ball.mp4", "video", "A ball over hills, with sound.", _ball),
    Sample("dancer.mp4", "video", "Somebody dancing, to dress or to restyle.", _dancer),
)
"""What the page offers, in this order."""
