"""Pictures as members attach them, good, odd and hostile: a colour in each corner (`CORNERS`), so that a test can see
which way round they came out."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

CORNERS = {
    "top left": (220, 30, 30),
    "top right": (30, 180, 40),
    "bottom left": (30, 60, 220),
    "bottom right": (230, 210, 40),
}


def picture(size: tuple[int, int] = (320, 180), mode: str = "RGB") -> Image.Image:
    """A colour in each corner over grey."""
    width, height = size
    image = Image.new("RGB", size, (128, 128, 128))
    draw = ImageDraw.Draw(image)
    reach = (max(1, width // 3), max(1, height // 3))
    for name, colour in CORNERS.items():
        x = 0 if "left" in name else width - reach[0]
        y = 0 if "top" in name else height - reach[1]
        draw.rectangle((x, y, x + reach[0] - 1, y + reach[1] - 1), fill=colour)
    return image if mode == "RGB" else image.convert(mode)


def corner_names(image: Image.Image, *, apart: int = 60) -> dict[str, str]:
    """Which of the four colours each corner of the picture shows now, by its place."""
    rgb = image.convert("RGB")
    width, height = rgb.size
    found = {}
    for place in CORNERS:
        x = width // 8 if "left" in place else width - 1 - width // 8
        y = height // 8 if "top" in place else height - 1 - height // 8
        seen = rgb.getpixel((x, y))
        assert isinstance(seen, tuple)
        distance, name = min((sum(abs(a - b) for a, b in zip(seen, c, strict=True)), n) for n, c in CORNERS.items())
        assert distance < apart, f"{place} shows {seen}"
        found[place] = name
    return found


UPRIGHT = {name: name for name in CORNERS}


def oriented(path: Path, orientation: int, form: str = "JPEG", **options: Any) -> Path:
    """`picture` stored turned away, with the EXIF note that turns it back."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = picture()
    if orientation in undo:
        image = image.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, form, exif=exif, **options)
    return path


def saved(path: Path, form: str, image: Image.Image | None = None, **options: Any) -> Path:
    """A picture in Pillow's format `form`; HEIF by its plug-in."""
    if form == "HEIF":
        import pillow_heif  # noqa: PLC0415  # slow to load, and two tests need it

        pillow_heif.register_heif_opener()
    (image or picture()).save(path, form, **options)
    return path


def animation(
    path: Path, form: str = "GIF", *, frames: int = 20, milliseconds: int = 100, size: tuple[int, int] = (96, 54)
) -> Path:
    """A GIF or animated WebP in which a white block moves over the four corners, transparent in the middle."""
    painted = []
    for number in range(frames):
        image = picture(size).convert("RGBA")
        image.paste((0, 0, 0, 0), (size[0] // 2 - 4, size[1] // 2 - 4, size[0] // 2 + 4, size[1] // 2 + 4))
        at = number * (size[0] - 8) // max(1, frames - 1)
        image.paste((255, 255, 255, 255), (at, size[1] // 2 - 3, at + 8, size[1] // 2 + 3))
        painted.append(image)
    painted[0].save(path, form, save_all=True, append_images=painted[1:], duration=milliseconds, loop=0, disposal=2)
    return path


def endless_gif(path: Path, frames: int) -> Path:
    """Thousands of one-pixel frames, by hand: 21 bytes each, shown for a hundredth of a second."""
    head = b"GIF89a" + struct.pack("<HHBBB", 16, 16, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    one = b"\x21\xf9\x04\x00\x02\x00\x00\x00" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    path.write_bytes(head + one * frames + b"\x3b")
    return path


def png_bomb(path: Path, side: int = 20_000) -> Path:
    """A PNG of `side` by `side` pixels, one bit each, that fits into a few kilobytes."""
    packer = zlib.compressobj(9)
    row = b"\x00" + bytes((side + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(kind, body)
        for kind, body in (
            (b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)),
            (b"IDAT", data),
            (b"IEND", b""),
        )
    ))  # fmt: skip
    return path


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One piece of a PNG, with its sum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def cut(path: Path, to: Path, share: float) -> Path:
    """The first part of a file."""
    data = path.read_bytes()
    to.write_bytes(data[: int(len(data) * share)])
    return to


def playlist(path: Path) -> Path:
    """An HLS playlist: a reader that guesses would fetch what it names."""
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")
    return path
