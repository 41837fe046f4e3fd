"""HEVC with its transparency in a second layer, as phones and Macs export it: put together here, since no encoder of
PyAV's writes one. Numbers in brackets are sections of H.265."""

from __future__ import annotations

import io
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from PIL import Image

from tests.corpus.case import SMALL
from tests.corpus.pictures import picture

_START = b"\0\0\0\1"
_VPS, _SEI_BEFORE = 32, 39
_SLICES = range(32)
_AUXILIARY = 0x1000
_ALPHA_INFORMATION = 165


_HOLE = (32, 16, 64, 48)
HIDDEN = (255, 0, 255)
"""The colour behind the hole, which a decoder shows that leaves out the second layer."""


def see_through_hevc(path: Path) -> Path:
    """A second of the corners, with a hole in the middle whose hidden colour is not white, as a QuickTime file."""
    colours, opacity = picture(SMALL), Image.new("RGB", SMALL, (255, 255, 255))
    colours.paste(HIDDEN, _HOLE)
    opacity.paste((0, 0, 0), _HOLE)
    return layered_hevc(path, colours=colours, opacity=opacity)


def layered_hevc(path: Path, *, colours: Image.Image, opacity: Image.Image, pictures: int = 25) -> Path:
    """Each picture in the base layer, how opaque it is in another."""
    units, others = (_units(image, pictures) for image in (colours, opacity))
    slices = (unit for unit in others if _kind(unit) in _SLICES)
    stream = bytearray()
    for unit in units:
        if _kind(unit) == _VPS:
            stream += _START + _of_two_layers(unit, colours.size)
        elif _kind(unit) in _SLICES:
            stream += _START + _information() + _START + unit + _START + _in_layer_1(next(slices))
        else:
            stream += _START + unit
    with (
        av.open(io.BytesIO(bytes(stream)), "r", format="hevc", options={"framerate": "25"}) as source,
        av.open(str(path), "w", format="mov") as out,
    ):
        video: Any = out.add_stream_from_template(source.streams.video[0])
        video.time_base = Fraction(1, 12_800)
        for number, packet in enumerate(packet for packet in source.demux() if packet.size):
            packet.pts = packet.dts = round(number / 25 / packet.time_base)
            packet.stream = video
            out.mux(packet)
    return path


def _units(image: Image.Image, pictures: int) -> list[bytes]:
    """Of so many key pictures, encoded alike whatever they show."""
    raw = io.BytesIO()
    options = {"preset": "ultrafast", "x265-params": "keyint=1:bframes=0:info=0:repeat-headers=0:log-level=none"}
    with av.open(raw, "w", format="hevc") as out:
        video: Any = out.add_stream("libx265", rate=25, options=options)
        video.width, video.height, video.pix_fmt = *image.size, "yuv420p"
        frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
        for number in range(pictures):
            frame.pts = number
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return [unit for unit in re.split(rb"\x00\x00\x00?\x01", raw.getvalue()) if unit]


def _kind(unit: bytes) -> int:
    return unit[0] >> 1 & 0x3F


def _in_layer_1(unit: bytes) -> bytes:
    return unit[:1] + bytes([1 << 3 | unit[1] & 7]) + unit[2:]


def _of_two_layers(vps: bytes, size: tuple[int, int]) -> bytes:
    """The video parameter set (7.3.2.1), with the extension that tells what the other layer is for (F.7.3.2.1.1)."""
    profile = vps.replace(b"\0\0\3", b"\0\0")[6:18]
    once = "1"  # how the standard writes a 0 of any length
    bits = f"0000 11 000001 000 1 {'1' * 16}".replace(" ", "")
    bits += f"{int.from_bytes(profile, 'big'):096b}" + once + "00101" + once + once  # five pictures are kept at most
    bits += f"{1:06b}" + "010" + "11" + "0" + "1"  # a set of both layers; no times; the extension
    bits += "1" * (-len(bits) % 8) + f"{profile[-1]:08b}"
    bits += f"0{_AUXILIARY:016b}" + "000" + "0" + "1" + "0000" + "0" + once  # auxiliary, of kind 1, which is alpha
    bits += "000" + once + once + "00" + once + f"{size[0]:016b}{size[1]:016b}" + "1" + "01" + "0000" + "0000" + "0"
    bits += "001" + "0" + "00101" * 2 + once * 2 + once + "0" + once + "0" + "1"
    bits += "0" * (-len(bits) % 8)
    return vps[:2] + _guarded(int(bits, 2).to_bytes(len(bits) // 8, "big"))


def _information() -> bytes:
    """What the opacity means (F.14.2.8): not multiplied into the colours, of 8 bits, from 0 to 255."""
    bits = "0" + "000" + "000" + f"{0:09b}{255:09b}" + "0" + "1"
    bits += "0" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes([_SEI_BEFORE << 1, 1, _ALPHA_INFORMATION, len(body)]) + _guarded(body) + b"\x80"


def _guarded(body: bytes) -> bytes:
    """So that nothing in it looks like the beginning of a unit (7.4.1.1)."""
    return re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\0\0\3", body)
