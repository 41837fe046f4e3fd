"""Pictures and letters: opening images, filling a frame, wrapping text in Pillow's own font, palettes."""

from __future__ import annotations

import colorsys
import random
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from sandbox.render.clips import Frame, Unreadable
from sandbox.service.sniff import IMAGE_FORMATS

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

WIDE_FONTS = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "PingFang.ttc",
    "msyh.ttc", "Symbola_hint.ttf", "DejaVuSans.ttf",
)  # fmt: skip
"""Looked for in the system's font folders, the widest first."""
NO_LETTER = "\U0010fffe"


def open_picture(path: str | Path, *, most: int = 2560) -> Image.Image:
    """The image upright as RGBA, at most `most` pixels a side."""
    try:
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            image.draft("RGB", (most, most))
            picture = ImageOps.exif_transpose(image).convert("RGBA")
    except (OSError, ValueError, SyntaxError) as exc:
        raise Unreadable("The input image could not be decoded") from exc
    picture.thumbnail((most, most))
    return picture


def on_ground(picture: Image.Image, ground: Colour = (24, 24, 28)) -> Image.Image:
    """The picture as RGB, what is see-through in it laid on a plain ground."""
    sheet = Image.new("RGB", picture.size, ground)
    sheet.paste(picture, mask=picture.getchannel("A"))
    return sheet


def covering(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture as RGB, filling width x height, its middle."""
    return ImageOps.fit(on_ground(picture), (width, height), Image.Resampling.LANCZOS)


def pixels_of(image: Image.Image) -> Frame:
    return np.asarray(image.convert("RGB"), dtype=np.uint8)


def seeded_palette(seed: int, prompt: str, count: int = 3) -> list[Colour]:
    """Dark to bright colours that follow the seed and the prompt."""
    rng = random.Random(f"{seed}:{prompt}")
    hue, step = rng.random(), rng.choice((0.08, 0.17, 0.33, 0.5))
    return [_hsv((hue + step * i) % 1, 0.75 - 0.1 * i, 0.3 + 0.28 * i) for i in range(count)]


def picture_palette(picture: Image.Image, count: int = 5) -> list[Colour]:
    """The picture's most frequent colours, the most frequent first."""
    small = on_ground(picture).resize((64, 64)).quantize(count)
    flat = small.getpalette() or [0, 0, 0]
    seen = sorted(small.getcolors() or [], reverse=True)
    return [_rgb(flat, index) for _, index in seen if isinstance(index, int)]


def _rgb(flat: list[int], index: int) -> Colour:
    return flat[3 * index], flat[3 * index + 1], flat[3 * index + 2]


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


@lru_cache(maxsize=64)
def font(size: int) -> Font:
    """Pillow's own font, so that a machine without fonts draws the same."""
    return ImageFont.load_default(size)


@lru_cache(maxsize=64)
def _wide_font(size: int) -> ImageFont.FreeTypeFont | None:
    """A font of this machine with far more letters than Pillow's, or None."""
    for name in WIDE_FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return None


@lru_cache(maxsize=4096)
def _drawable(letter: str, face: Font | None) -> bool:
    """Whether `face` has the letter: what it lacks it draws as it draws a code that never means anything."""
    if not isinstance(face, ImageFont.FreeTypeFont):
        return False
    return letter.isspace() or bytes(face.getmask(letter)) != bytes(face.getmask(NO_LETTER))


def drawn(text: str, size: int) -> tuple[str, Font]:
    """The text as it can be drawn, and the font for it: another one where ours lacks letters, else without them."""
    ours, wide = font(size), _wide_font(size)
    if all(_drawable(letter, ours) for letter in text):
        return text, ours
    face = wide or ours
    kept = "".join(letter for letter in text if _drawable(letter, face))
    return " ".join(kept.split()) or "…", face


def wrap(text: str, face: Font, width: float) -> list[str]:
    """The text's lines, none wider than `width` pixels; a word that is too long is broken."""
    lines: list[str] = []
    for word in text.split():
        if lines and face.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
            continue
        lines.append("")
        for letter in word:
            if lines[-1] and face.getlength(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return lines


def fit_text(text: str, width: int, height: int) -> tuple[list[str], int]:
    """The lines and the largest letter size at which they fit in width x height."""
    size = max(9, height // 3)
    while True:
        lines = wrap(*drawn(text, size), width)
        if len(lines) * size * 1.25 <= height or size <= 7:
            return lines, size
        size = max(7, int(size * 0.88))


def line_layer(line: str, size: int, ink: Colour, edge: Colour) -> Image.Image:
    """One line of letters with an edge, on nothing."""
    line, face = drawn(line, size)
    stroke = max(1, size // 12)
    layer = Image.new("RGBA", (int(face.getlength(line)) + 2 * stroke + 2, int(size * 1.3) + 2 * stroke))
    ImageDraw.Draw(layer).text(
        (stroke, stroke), line, font=face, fill=(*ink, 255), stroke_width=stroke, stroke_fill=(*edge, 230)
    )
    return layer


def caption_layer(text: str, width: int, height: int) -> Image.Image:
    """A strip with small letters for the foot of a frame; at most two lines."""
    size = max(8, height // 18)
    text, face = drawn(text, size)
    lines = wrap(text, face, width - size)
    shown = lines[:2] if len(lines) <= 2 else [lines[0], lines[1][:-1] + "…"]
    strip = Image.new("RGBA", (width, int(len(shown) * size * 1.3 + size * 0.6)), (0, 0, 0, 140))
    for row, line in enumerate(shown):
        spot = (size // 2, int(size * 0.25 + row * size * 1.3))
        ImageDraw.Draw(strip).text(spot, line, font=face, fill=(255, 255, 255, 255))
    return strip


def inset_layer(picture: Image.Image, height: int) -> Image.Image:
    """A thumbnail of a reference, framed, with its palette beneath."""
    side = max(24, height // 4)
    thumb = ImageOps.contain(on_ground(picture), (side * 3 // 2, side))
    swatch = max(4, side // 8)
    sheet = Image.new("RGBA", (thumb.width + 4, thumb.height + swatch + 4), (255, 255, 255, 255))
    sheet.paste(thumb, (2, 2))
    colours = picture_palette(picture)
    for index, colour in enumerate(colours):
        left, right = (2 + thumb.width * at // len(colours) for at in (index, index + 1))
        sheet.paste((*colour, 255), (left, thumb.height + 2, right, thumb.height + swatch + 2))
    return sheet
