"""Pictures that no usual program writes, made from their bytes."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.corpus.pictures import picture, png_chunk

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7's: the first column and row of each pass, and the steps to the next."""
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""By the number of channels."""

P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))


def png_of(path: Path, samples: NDArray[Any], *, interlaced: bool = False) -> Path:
    """A PNG of (height, width, channels) samples of 8 or 16 bits."""
    height, width, channels = samples.shape
    big = samples.astype(samples.dtype.newbyteorder(">"))
    parts = [big[y::dy, x::dx] for x, y, dx, dy in _PASSES] if interlaced else [big]
    rows = b"".join(b"\x00" + row.tobytes() for part in parts if part.size for row in part)
    depth, kind = samples.dtype.itemsize * 8, _COLOUR_TYPES[channels]
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    path.write_bytes(_SIGNATURE + b"".join(png_chunk(name, body) for name, body in chunks))
    return path


def deep(mode: str = "RGB", size: tuple[int, int] = (96, 64)) -> NDArray[np.uint16]:
    """The corners in 16 bits a channel."""
    return np.asarray(picture(size, mode), dtype=np.uint16).reshape(size[1], size[0], -1) * 257


def with_chunk(path: Path, kind: bytes, body: bytes, *, before: bytes = b"IDAT", sound: bool = True) -> Path:
    """Put a chunk into a PNG; not `sound`: with a checksum that does not hold."""
    data = path.read_bytes()
    at = data.index(before) - 4
    chunk = png_chunk(kind, body)
    chunk = chunk if sound else chunk[:-4] + bytes(4)
    path.write_bytes(data[:at] + chunk + data[at:])
    return path


def profile_chunk(profile: bytes) -> bytes:
    """The content of an iCCP chunk."""
    return b"a profile\x00\x00" + zlib.compress(profile)


def profile(colours: tuple[tuple[float, ...], ...] = P3, *, gamma: float = 2.2, grey: bool = False) -> bytes:
    """An ICC profile: screen colours by their primaries (XYZ, adapted to D50), or grey."""
    curve = b"curv" + bytes(4) + struct.pack(">IHxx", 1, round(gamma * 256))
    tags: dict[bytes, bytes] = {b"wtpt": _xyz((0.9642, 1.0, 0.8249)), b"desc": _text(b"desc"), b"cprt": _text(b"text")}
    if grey:
        tags[b"kTRC"] = curve
    else:
        tags |= {b"rXYZ": _xyz(colours[0]), b"gXYZ": _xyz(colours[1]), b"bXYZ": _xyz(colours[2])}
        tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    return _icc(b"GRAY" if grey else b"RGB ", tags)


def _icc(space: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    at, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", at + len(body), len(content))
        body += padded
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"mntr", space, b"XYZ ") + bytes(12) + b"acsp"
    head = head + bytes(28) + struct.pack(">iii", 0xF6D6, 0x10000, 0xD32D)
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + table + body


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">iii", *(round(value * 65536) for value in values))


def _text(kind: bytes) -> bytes:
    if kind == b"text":
        return b"text" + bytes(4) + b"none\x00"
    return b"desc" + bytes(4) + struct.pack(">I", 5) + b"none\x00" + bytes(78)


def jpeg(image: Image.Image | None = None, **options: Any) -> bytes:
    """The bytes of a JPEG."""
    packed = io.BytesIO()
    (image or picture((96, 64))).save(packed, "JPEG", **{"quality": 92} | options)
    return packed.getvalue()


def busy() -> Image.Image:
    """The corners with grain, so that no block of a JPEG is of one colour."""
    rng = np.random.default_rng(5)
    grain = rng.integers(-12, 12, (64, 96, 3))
    return Image.fromarray(np.clip(np.asarray(picture((96, 64)), dtype=int) + grain, 0, 255).astype(np.uint8))
