"""A picture's colours as a browser shows them: in sRGB, of eight bits, over white."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

_BACKDROP = (255, 255, 255)
_BITS, _MOST_SAMPLE = 258, 281
"""TIFF's notes of how many bits a sample has, and which is the highest."""


def in_srgb(picture: Image.Image) -> Image.Image:
    """In the colours that a browser would show, where the picture names its own colour space."""
    profile = picture.info.get("icc_profile")
    if not profile:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        colours = _of_that_space(picture, source.profile.xcolor_space.strip())
        if colours is None:
            return picture
        alpha = _alpha_of(picture)
        converted = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):  # a profile that lies is left out, as browsers do
        return picture
    if converted is None:
        return picture
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


def _of_that_space(picture: Image.Image, space: str) -> Image.Image | None:
    """The colours without transparency in the mode that a profile of that space describes; None where they can't be."""
    if _is_deep(picture):
        picture = _eight_bits(picture)
    match space:
        case "RGB" if picture.mode != "CMYK":
            return picture.convert("RGBA").convert("RGB") if picture.mode == "PA" else picture.convert("RGB")
        case "GRAY" if picture.mode in {"1", "L", "LA", "La"}:
            return picture.convert("L")
        case "CMYK" if picture.mode == "CMYK":
            return picture
    return None


def _alpha_of(picture: Image.Image) -> Image.Image | None:
    return picture.convert("RGBA").getchannel("A") if _is_see_through(picture) else None


def _is_see_through(picture: Image.Image) -> bool:
    return picture.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in picture.info


def _is_deep(picture: Image.Image) -> bool:
    """Whether it has 16 bits and more a channel."""
    return picture.mode.startswith("I") or picture.mode == "F"


def opaque(picture: Image.Image) -> Image.Image:
    """In RGB, over white where it was transparent."""
    if _is_deep(picture):
        return _eight_bits(picture).convert("RGB")
    if _is_see_through(picture):
        seen = picture.convert("RGBA")
        backdrop = Image.new("RGBA", seen.size, (*_BACKDROP, 255))
        return Image.alpha_composite(backdrop, seen).convert("RGB")
    return picture.convert("RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey of more bits, by the most that its samples can be; Pillow clips it instead."""
    scale = 255 / _most_of(picture)
    return picture.convert("F").point(lambda value: value * scale).convert("L")


def _most_of(picture: Image.Image) -> float:
    """The sample that is white: of whole numbers as many as the file declares bits, 16 where it holds them in 32. Light
    as fractions has no such number: it counts from 0 to 1, and to 255 or 65,535 where it is brighter than that."""
    if picture.mode == "F":
        brightest = picture.getextrema()[1]
        most = brightest if isinstance(brightest, float | int) else 1.0
        return 1.0 if most <= 1 else 255.0 if most <= 255 else 65_535.0
    tags = getattr(picture, "tag_v2", {})
    stated = tags.get(_MOST_SAMPLE)
    if stated:
        return float(stated[0] if isinstance(stated, tuple) else stated)
    bits = tags.get(_BITS, 16)
    depth = bits[0] if isinstance(bits, tuple) else bits
    return float((1 << min(depth, 16)) - 1)
