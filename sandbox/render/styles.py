"""What an edit or a restyle does to a frame: chosen by the prompt's words, by a reference's colours or by the seed."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageColor, ImageFilter

from sandbox.render.clips import Frame
from sandbox.render.drawing import Colour, pixels_of, seeded_palette

Style = Callable[[Frame, float], Frame]
"""A frame and its share of the clip (0..1) to the frame in that style."""
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _luma(frame: Frame) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    light: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = frame.astype(np.float32) @ _LUMA
    return light


def mono(frame: Frame, at: float) -> Frame:
    return np.repeat(_luma(frame).astype(np.uint8)[..., None], 3, axis=2)


def negative(frame: Frame, at: float) -> Frame:
    return 255 - frame


def cartoon(frame: Frame, at: float) -> Frame:
    """Few colours with dark outlines."""
    flat = (frame // 48) * 48 + 24
    flat[_edges(frame) > 40] //= 5
    return flat


def neon(frame: Frame, at: float) -> Frame:
    """Outlines that glow on a dark ground."""
    wide = Image.fromarray(_edges(frame)).filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.BoxBlur(1))
    glow = np.minimum(np.asarray(wide, dtype=np.float32) * 4, 255)[..., None] / 255
    colours = np.array([[80, 255, 220], [255, 60, 220]], dtype=np.float32)
    mixed = colours[0] * (1 - at) + colours[1] * at
    out: Frame = (frame * np.float32(0.4) * (1 - glow) + glow * mixed).astype(np.uint8)
    return out


def pixels(frame: Frame, at: float) -> Frame:
    height, width = frame.shape[:2]
    small = Image.fromarray(frame).resize((max(8, width // 10), max(8, height // 10)), Image.Resampling.BOX)
    return pixels_of(small.resize((width, height), Image.Resampling.NEAREST))


def painted(frame: Frame, at: float) -> Frame:
    """Broad strokes: every spot takes the middle colour around it, with a soft edge, on pale paper."""
    height, width = frame.shape[:2]
    small = Image.fromarray(frame).resize((max(8, width // 3), max(8, height // 3)), Image.Resampling.BOX)
    broad = small.filter(ImageFilter.MedianFilter(5)).resize((width, height), Image.Resampling.BICUBIC)
    wet = np.minimum(pixels_of(broad).astype(np.uint16) * 205 // 255 + 50, 255).astype(np.uint8)
    wet[_edges(wet) > 24] //= 2
    return wet


def drawn_in_pencil(frame: Frame, at: float) -> Frame:
    """Dark lines on white paper."""
    lines = np.minimum(_edges(frame).astype(np.uint16) * 4, 225).astype(np.uint8)
    return np.repeat((250 - lines)[..., None], 3, axis=2)


def night(frame: Frame, at: float) -> Frame:
    out: Frame = (_luma(frame)[..., None] * np.array([0.25, 0.35, 0.7], dtype=np.float32)).astype(np.uint8)
    return out


def duotone(dark: Colour, bright: Colour, share: float = 0.75) -> Style:
    """Shadows in one colour, lights in the other, mixed with `share` over the frame's own."""
    ends = np.array([dark, bright], dtype=np.float32)

    def paint(frame: Frame, at: float) -> Frame:
        light = _luma(frame)[..., None] / 255
        painted = ends[0] * (1 - light) + ends[1] * light
        mixed: Frame = (frame * np.float32(1 - share) + painted * share).astype(np.uint8)
        return mixed

    return paint


def snow(frame: Frame, at: float) -> Frame:
    """Flakes that fall; the frame a little paler."""
    height, width = frame.shape[:2]
    rng = np.random.default_rng(7)
    flakes = rng.random((160, 3))
    out = (frame * np.float32(0.8) + 44).astype(np.uint8)
    size = max(1, height // 120)
    xs = ((flakes[:, 0] + 0.02 * np.sin(9 * at + 6 * flakes[:, 2])) * width).astype(int)
    ys = ((flakes[:, 1] + at * (0.6 + flakes[:, 2])) % 1 * height).astype(int)
    for x, y, big in zip(xs, ys, flakes[:, 2], strict=True):
        reach = size + int(big * 2 * size)
        out[y : y + reach, max(0, x) : max(0, x) + reach] = 255
    return out


def like(reference: Image.Image) -> Style:
    """The reference's mean and spread of each colour, given to every frame."""
    sample = pixels_of(reference.convert("RGB").resize((64, 64))).reshape(-1, 3).astype(np.float32)
    mean, spread = sample.mean(axis=0), sample.std(axis=0) + 12

    def paint(frame: Frame, at: float) -> Frame:
        own = frame[::4, ::4].reshape(-1, 3).astype(np.float32)
        gain, middle = spread / (own.std(axis=0) + 12), own.mean(axis=0)
        # One look-up table a colour: the same sum for each of 256 values, not for each pixel.
        table = np.clip((np.arange(256)[:, None] - middle) * gain + mean, 0, 255).astype(np.uint8)
        return np.stack([table[frame[..., band], band] for band in range(3)], axis=-1)

    return paint


def _edges(frame: Frame) -> Frame:
    found = np.array(Image.fromarray(frame).convert("L").filter(ImageFilter.FIND_EDGES), dtype=np.uint8)
    found[:2], found[-2:], found[:, :2], found[:, -2:] = 0, 0, 0, 0
    return found


_BY_WORD: dict[str, Style] = {
    "snow": snow, "winter": snow, "black and white": mono, "noir": mono, "grey": mono, "gray": mono,
    "negative": negative, "invert": negative, "x-ray": negative, "cartoon": cartoon, "anime": cartoon,
    "comic": cartoon, "lego": pixels, "pixel": pixels, "8-bit": pixels, "neon": neon, "cyberpunk": neon,
    "night": night, "moon": night, "sepia": duotone((30, 16, 6), (255, 226, 178)),
    "sunset": duotone((40, 8, 40), (255, 180, 90)),
    "watercolo": painted, "aquarell": painted, "paint": painted, "gemälde": painted,
    "pencil": drawn_in_pencil, "sketch": drawn_in_pencil, "drawing": drawn_in_pencil, "bleistift": drawn_in_pencil,
    "schnee": snow, "schnei": snow, "nacht": night, "schwarz-weiß": mono,
}  # fmt: skip
_COLOURS = (
    "red",
    "green",
    "blue",
    "pink",
    "gold",
    "orange",
    "purple",
    "yellow",
    "cyan",
    "violet",
    "turquoise",
    "brown",
)


def named_colour(prompt: str) -> Colour | None:
    """The first colour that the prompt names."""
    words = prompt.lower().replace(",", " ").replace(".", " ").split()
    for word in words:
        if word in _COLOURS:
            red, green, blue, *_ = ImageColor.getrgb(word)
            return red, green, blue
    return None


def from_prompt(prompt: str, seed: int) -> Style:
    """The style that the prompt's words name; a two-colour one from the seed where they name none."""
    said = prompt.lower()
    for word, style in _BY_WORD.items():
        if word in said:
            return style
    colour = named_colour(prompt)
    if colour is not None:
        return duotone(tint(colour, 0.15), tint(colour, 1.2), 0.7)
    palette = seeded_palette(random.Random(f"{seed}:{prompt}").randrange(1 << 16), prompt)
    return duotone(tint(palette[0], 0.5), tint(palette[2], 1.15))


def tint(colour: Colour, share: float) -> Colour:
    """The colour made darker (share < 1) or brighter."""
    red, green, blue = (min(255, round(part * share + (30 if share > 1 else 0))) for part in colour)
    return red, green, blue
