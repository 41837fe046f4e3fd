"""Pictures, in the child: read to the end, turned upright, made opaque, brought within the model's frame."""

from __future__ import annotations

import contextlib
import itertools
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from bot.errors import FileBroken, FileUnsupported, InputRejected, PictureTooLarge, PictureTooSmall
from bot.media.budget import shown_seconds
from bot.media.colours import in_srgb, opaque
from bot.media.damage import PROFILE_MAX_BYTES, is_complete_jpeg, may_be_short, without_damage
from bot.media.framing import cut_to_shape, overhangs
from bot.rules.bounds import LEAST_SIDE, PICTURE_MAX_PIXELS

JPEG_QUALITY = 92
MENDED = "mended"
UNTOUCHED = {"JPEG": {"RGB", "L"}, "PNG": {"RGB", "L"}, "WEBP": {"RGB"}}
"""Formats and modes that the service takes as they are."""

_DECODERS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "BMP", "DIB", "TIFF")
_ORIENTATION = 0x0112
_DNG, _SUBFILE, _PREVIEW = 50706, 254, 1
"""TIFF's tags of what cameras call raw: the version of its form, and what the first picture is to the others."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By EXIF's orientation: the metadata of strangers is read here, and never by code that writes it back."""
_BROKEN = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError),
    *(RuntimeError, struct.error),
)
"""What Pillow's decoders raise for bytes that lie, besides the two that are named for it."""

Image.MAX_IMAGE_PIXELS = PICTURE_MAX_PIXELS
ImageFile.LOAD_TRUNCATED_IMAGES = False


@contextlib.contextmanager
def opened(path: Path, decoder: str) -> Iterator[Image.Image]:
    """The picture, its header read and its size allowed; raises `FileBroken`, `PictureTooLarge`, `FileUnsupported`."""
    if decoder in {"HEIC", "HEIF"}:
        import pillow_heif  # noqa: PLC0415  # loads a decoder that only these files need

        pillow_heif.register_heif_opener(thumbnails=False)
        decoder = "HEIF"
    if decoder not in _DECODERS:
        raise FileUnsupported(found=decoder, wanted="picture")
    formats = [decoder, "DIB"] if decoder == "BMP" else [decoder]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd metadata is no reason to refuse; the bomb check is made below by number
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with _loaded(path, decoder, formats) as picture:
                yield picture
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise _too_many_pixels(path, formats) from None
        except UnidentifiedImageError:
            raise FileBroken(found=decoder) from None
        except _BROKEN as exc:
            raise FileBroken(found=decoder) from exc


def _loaded(path: Path, decoder: str, formats: list[str]) -> Image.Image:
    """The picture, read to the end of its first frame: a truncated file must not pass. Where its pixels are whole and
    something round them is not, it has `MENDED` in its `info`."""
    picture: Image.Image | None = None
    try:
        picture = _checked(Image.open(path, formats=formats))
        picture.load()
    except (*_BROKEN, UnidentifiedImageError) as exc:
        if picture is not None:
            picture.close()
        whole = without_damage(path, decoder)
        if whole is None:
            raise
        with _large_profiles():
            try:
                picture = _checked(Image.open(whole, formats=formats))
                picture.load()
            except (*_BROKEN, UnidentifiedImageError):
                raise exc from None
        picture.info[MENDED] = True
        return picture
    if picture.format == "JPEG" and may_be_short(picture, path) and not is_complete_jpeg(path.read_bytes()):
        raise OSError("some of its pixels are missing")
    return picture


def _checked(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    if width * height > PICTURE_MAX_PIXELS:
        raise PictureTooLarge(width=width, height=height, limit_pixels=PICTURE_MAX_PIXELS)
    tags = getattr(picture, "tag_v2", {})
    if _DNG in tags or tags.get(_SUBFILE, 0) == _PREVIEW:  # a thumbnail would be taken for the picture
        raise FileUnsupported(found="raw picture of a camera", wanted="picture")
    return picture


@contextlib.contextmanager
def _large_profiles() -> Iterator[None]:
    """Pillow takes a profile of more than a megabyte for a bomb; what is read here was measured before."""
    usual = PngImagePlugin.MAX_TEXT_CHUNK
    PngImagePlugin.MAX_TEXT_CHUNK = PROFILE_MAX_BYTES
    try:
        yield
    finally:
        PngImagePlugin.MAX_TEXT_CHUNK = usual


def normalise(path: Path, to: Path, *, decoder: str, frame: list[int], cut: bool = False) -> dict[str, Any]:
    """Write what the model can take to `to`, or say that `path` is fine as it is.

    `frame` is (width, height) of the model's landscape frame; an upright picture is held to the same frame, upright.
    With `cut` it gets the frame's own shape instead, so that places of the frame are places of the picture.
    Answers {"changed", "content_type", "size", "done"}; `done` lists what was done, for the table of inputs.
    """
    with opened(path, decoder) as picture:
        form, moving = picture.format or decoder, bool(getattr(picture, "is_animated", False))
        turn = _turn_of(picture)
        fit_for_a_model(picture.size, frame)
        fits = _fits(picture.size, frame)
        whole = not (cut and overhangs(picture.size, frame))
        if _is_plain(picture, path) and fits and whole and turn is None and not moving:
            return {"changed": False, "content_type": Image.MIME[form], "size": list(picture.size), "done": []}
        reasons = (
            ("first frame", moving),
            ("turned", turn is not None),
            ("resized", not fits),
            ("mended", MENDED in picture.info),
            ("converted", True),
        )
        flat = flat_picture(picture)
    cutting = cut and overhangs(flat.size, frame)
    if cutting:
        flat = cut_to_shape(flat, frame)
    width, height = box_for(flat.size, frame)
    if (width, height) != flat.size:
        flat = flat.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    flat.save(to, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    done = [name for name, true in (*reasons, ("cut", cutting)) if true]
    return {"changed": True, "content_type": "image/jpeg", "size": [width, height], "done": done}


def flat_picture(picture: Image.Image) -> Image.Image:
    """Upright, in sRGB, without transparency."""
    turn = _turn_of(picture)
    flat = opaque(in_srgb(picture))
    return flat if turn is None else flat.transpose(turn)


def _is_plain(picture: Image.Image, path: Path) -> bool:
    """Whether the service takes the picture's own bytes: eight bits a channel, nothing see-through."""
    if picture.mode not in UNTOUCHED.get(picture.format or "", frozenset()) or "transparency" in picture.info:
        return False
    if MENDED in picture.info:
        return False
    if picture.format != "PNG":
        return True
    with path.open("rb") as file:  # Pillow narrows 16 bits of colour without a word
        file.seek(24)
        return file.read(1) <= b"\x08"


def _turn_of(picture: Image.Image) -> Image.Transpose | None:
    """What turns the picture upright; None where it is so, or where its metadata can't be read."""
    try:
        return _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    except (*_BROKEN, AttributeError):
        return None


def box_for(size: tuple[int, int], frame: list[int]) -> tuple[int, int]:
    """The largest size of the same shape within the frame, laid or upright as the picture is; never enlarged."""
    width, height = size
    most_wide, most_high = sorted(frame, reverse=width >= height)
    scale = min(1.0, most_wide / width, most_high / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def fit_for_a_model(size: tuple[int, int], frame: list[int]) -> tuple[int, int]:
    """`box_for`, or `PictureTooSmall` where nothing could be seen in it."""
    box = box_for(size, frame)
    if min(box) < LEAST_SIDE:
        width, height = size
        raise PictureTooSmall(width=width, height=height, box_width=box[0], box_height=box[1], limit=LEAST_SIDE)
    return box


def frames_of(path: Path, decoder: str) -> Iterator[tuple[float, Image.Image | None]]:
    """(seconds from the start, the opaque picture) of each frame of an animation, and (its length, None) at the end.

    Frames are read as they are asked for: a file may hold millions.
    """
    with opened(path, decoder) as animation:
        at = 0.0
        for number in itertools.count():
            try:
                animation.seek(number)
            except EOFError:
                break
            animation.load()
            yield at, opaque(animation.copy())
            at += shown_seconds(animation.info.get("duration", 100))
        yield at, None


def _fits(size: tuple[int, int], frame: list[int]) -> bool:
    return max(size) <= max(frame) and min(size) <= min(frame)


def _too_many_pixels(path: Path, formats: list[str]) -> InputRejected:
    """With the numbers, which Pillow's own error keeps to itself; nothing is decoded for them. A file that can't even
    be opened for them is broken besides."""
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(path, formats=formats) as picture:
            width, height = picture.size
    except (*_BROKEN, UnidentifiedImageError):
        return FileBroken(found=formats[0])
    finally:
        Image.MAX_IMAGE_PIXELS = PICTURE_MAX_PIXELS
    return PictureTooLarge(width=width, height=height, limit_pixels=PICTURE_MAX_PIXELS)
