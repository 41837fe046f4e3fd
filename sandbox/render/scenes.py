"""The clips, frame by frame: one scene for each operation that starts from words or pictures."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sandbox.render import styles
from sandbox.render.clips import Frame
from sandbox.render.drawing import (
    caption_layer,
    covering,
    fit_text,
    line_layer,
    open_picture,
    pixels_of,
    seeded_palette,
)
from sandbox.render.task import Task


def count_of(task: Task) -> int:
    return round(task.seconds * task.fps)


def foot(frame: Image.Image, strip: Image.Image) -> Image.Image:
    """The frame with the strip at its foot."""
    frame.paste(strip, (0, frame.height - strip.height), strip)
    return frame


def label_of(task: Task) -> str:
    """The small words that say what this clip was made from."""
    said = f'"{task.prompt}"' if task.prompt else "no prompt"
    return f"{said}{' (enhanced)' if task.enhance else ''} · {task.model}"


def text_scene(task: Task) -> Iterator[Frame]:
    """The prompt in large letters that drift over moving colours; the seed changes both."""
    rng = random.Random(f"{task.seed}:{task.prompt}:motion")
    palette = seeded_palette(task.seed, task.prompt)
    lines, size = fit_text(task.prompt, int(task.width * 0.86), int(task.height * 0.68))
    layers = [line_layer(line, size, (255, 255, 255), styles.tint(palette[0], 0.35)) for line in lines]
    strip = caption_layer(
        f"seed {task.seed} · {task.model}{' · enhanced' if task.enhance else ''}", task.width, task.height
    )
    sway, drop, turns = task.width * 0.035, task.height * 0.03, rng.choice((1, 2))
    phases = [rng.random() * math.tau] * len(layers) if rng.random() < 0.5 else [0.7 * i for i in range(len(layers))]
    ground, count = _Ground(task, palette, rng), count_of(task)
    top = task.height * 0.46 - len(lines) * size * 1.25 / 2
    for index in range(count):
        at = math.tau * index / count
        image = ground.draw(at)
        for row, (layer, phase) in enumerate(zip(layers, phases, strict=True)):
            left = (task.width - layer.width) / 2 + sway * math.sin(turns * at + phase)
            above = top + row * size * 1.25 + drop * math.cos(at)
            image.paste(layer, (round(left), round(above)), layer)
        yield pixels_of(foot(image, strip))


class _Ground:
    """Moving colours: drawn at a fourth of the size, since nobody sees the difference, and a lamp that wanders."""

    def __init__(self, task: Task, palette: list[tuple[int, int, int]], rng: random.Random) -> None:
        self._size = task.width, task.height
        rows, columns = max(8, task.height // 4), max(8, task.width // 4)
        self._y, self._x = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j].astype(np.float32)
        self._palette = np.array(palette, dtype=np.float32)
        self._turn, self._wave = rng.choice((-1, 1)), 2 + 5 * rng.random()
        self._across, self._lamp = rng.random() * math.tau, rng.random() * math.tau

    def draw(self, at: float) -> Image.Image:
        slope = math.cos(self._across) * self._x + math.sin(self._across) * self._y
        low = 0.5 + 0.5 * np.sin(self._wave * slope + self._turn * at)
        high = (0.5 + 0.5 * np.sin(1.7 * self._wave * self._y - self._turn * at + 2 * self._x)) * 0.6
        dark, middle, bright = self._palette
        colours = dark * (1 - low[..., None]) + middle * low[..., None]
        x, y = 0.5 + 0.38 * math.cos(at + self._lamp), 0.5 + 0.35 * math.sin(2 * at + self._lamp)
        lamp = np.exp(-((self._x - x) ** 2 + (self._y - y) ** 2) * 40)[..., None]
        colours = colours * (1 - 0.5 * high[..., None]) + bright * 0.5 * high[..., None] + lamp * 110
        small = Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))
        return small.resize(self._size, Image.Resampling.BILINEAR)


def image_scene(task: Task) -> Iterator[Frame]:
    """A slow pan and zoom over the picture, its way drawn from the seed, in the style that the prompt names."""
    rng = random.Random(f"{task.seed}:{task.prompt}")
    big = covering(open_picture(task.files["data"]), task.width * 3 // 2, task.height * 3 // 2)
    strip = caption_layer(label_of(task), task.width, task.height)
    style = _weather(task.prompt)
    near, far = 0.72, 1.0
    start, end = (far, near) if rng.random() < 0.7 else (near, far)
    aim_x, aim_y = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9)
    count = count_of(task)
    for index in range(count):
        share = smooth(index / max(1, count - 1))
        scale = start + (end - start) * share
        width, height = big.width * scale, big.height * scale
        left, top = (big.width - width) * aim_x, (big.height - height) * aim_y
        box = (left, top, left + width, top + height)
        frame = big.resize((task.width, task.height), Image.Resampling.BILINEAR, box=box)
        if style is not None:
            frame = Image.fromarray(style(pixels_of(frame), index / count))
        yield pixels_of(foot(frame, strip))


def _weather(prompt: str) -> styles.Style | None:
    """A picture keeps its own colours unless the prompt plainly asks for others."""
    said = prompt.lower()
    if any(word in said for word in ("snow", "winter", "schnee", "schnei")):
        return styles.snow
    return styles.night if any(word in said for word in ("night", "nacht")) else None


def first_last_scene(task: Task) -> Iterator[Frame]:
    """From the first picture to the last: both swell while the one shines through the other."""
    first = covering(open_picture(task.files["start"]), task.width, task.height)
    last = covering(open_picture(task.files["end"]), task.width, task.height)
    strip = caption_layer(label_of(task), task.width, task.height)
    count = count_of(task)
    for index in range(count):
        at = index / max(1, count - 1)
        # A still moment at each end, so that the first and the last frame are the pictures themselves.
        share = smooth(min(1.0, max(0.0, (at - 0.1) / 0.8)))
        mixed = Image.blend(_swollen(first, 0.25 * share), _swollen(last, 0.25 * (1 - share)), share)
        yield pixels_of(foot(mixed, strip))


def _swollen(image: Image.Image, by: float) -> Image.Image:
    """The image's middle, larger by that share."""
    if by <= 0:
        return image
    width, height = image.width / (1 + by), image.height / (1 + by)
    left, top = (image.width - width) / 2, (image.height - height) / 2
    return image.resize(image.size, Image.Resampling.BILINEAR, box=(left, top, left + width, top + height))


def motion_scene(task: Task) -> Iterator[Frame]:
    """The piece of the picture at the first point travels along the points over the rest, which is dimmed."""
    picture = covering(open_picture(task.files["data"]), task.width, task.height)
    path = [(x * task.width, y * task.height) for _, x, y in task.points]
    reach = max(6, task.height // 6)
    piece = _piece(picture, path[0], reach)
    ground = picture.filter(ImageFilter.GaussianBlur(task.height / 90)).point(lambda value: value * 0.55)
    strip = caption_layer(f"{len(path)} points · seed {task.seed} · {task.model}", task.width, task.height)
    last, count = task.points[-1][0], count_of(task)
    for index in range(count):
        # A path that is longer or shorter than the clip is walked in the clip's time.
        x, y, done = position(task, last * index / max(1, count - 1))
        frame = ground.copy()
        draw = ImageDraw.Draw(frame)
        draw.line(path, fill=(255, 255, 255), width=1)
        draw.line([*path[:done], (x, y)], fill=(255, 196, 0), width=max(2, task.height // 90), joint="curve")
        frame.paste(piece, (round(x - reach), round(y - reach)), piece)
        yield pixels_of(foot(frame, strip))


def position(task: Task, frame: float) -> tuple[float, float, int]:
    """Where the trajectory is at `frame`, in pixels of the clip, and how many of its points lie behind."""
    points = task.points
    done = max(1, sum(number <= frame for number, _, _ in points))
    before, after = points[done - 1], points[min(done, len(points) - 1)]
    span = after[0] - before[0]
    share = min(1.0, max(0.0, (frame - before[0]) / span)) if span else 0.0
    x, y = (before[i] + (after[i] - before[i]) * share for i in (1, 2))
    return x * task.width, y * task.height, done


def _piece(picture: Image.Image, middle: tuple[float, float], reach: int) -> Image.Image:
    """A round piece of the picture with a ring."""
    x, y = middle
    piece = picture.crop((round(x) - reach, round(y) - reach, round(x) + reach, round(y) + reach)).convert("RGBA")
    mask = Image.new("L", piece.size, 0)
    ImageDraw.Draw(mask).ellipse((0, 0, 2 * reach - 1, 2 * reach - 1), fill=255)
    piece.putalpha(mask)
    ring = max(2, reach // 8)
    ImageDraw.Draw(piece).ellipse((0, 0, 2 * reach - 1, 2 * reach - 1), outline=(255, 196, 0, 255), width=ring)
    return piece


def noise_scene(task: Task) -> Iterator[Frame]:
    """Nothing that can be compressed, for results that are large in earnest."""
    rng = np.random.default_rng(task.seed)
    for _ in range(count_of(task)):
        yield rng.integers(0, 256, (task.height, task.width, 3), dtype=np.uint8)


def smooth(share: float) -> float:
    """0..1 to 0..1, slow at both ends."""
    return share * share * (3 - 2 * share)
