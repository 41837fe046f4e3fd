"""Decoded frames on their way to the encoder: upright, square pixels, the right size, evenly spaced in time."""

from __future__ import annotations

import contextlib
import struct
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.filter import Graph
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from PIL import Image

from bot.media import tone

PIXELS = "yuv420p"
_BT709, _BT2020 = 1, (9, 10)
_WIDE_PRIMARIES = 9
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""The scaler's names of the matrices that frames are numbered by."""
_TURNS: dict[tuple[int, ...], tuple[tuple[str, str | None], ...]] = {
    (1, 0, 0, 1): (),
    (-1, 0, 0, 1): (("hflip", None),),
    (1, 0, 0, -1): (("vflip", None),),
    (-1, 0, 0, -1): (("hflip", None), ("vflip", None)),
    (0, 1, -1, 0): (("transpose", "clock"),),
    (0, -1, 1, 0): (("transpose", "cclock"),),
    (0, 1, 1, 0): (("transpose", "cclock_flip"),),
    (0, -1, -1, 0): (("transpose", "clock_flip"),),
}
"""By the signs of a display matrix's four turning parts: what brings the picture upright."""


def turn_of(frame: VideoFrame) -> tuple[int, ...]:
    """The four turning parts of the frame's display matrix, as signs; other angles count as the nearest right one."""
    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return (1, 0, 0, 1)
    a, b, _, c, d = struct.unpack("=9i", bytes(matrix))[:5]
    lies = abs(a) + abs(d) < abs(b) + abs(c)
    signs = (0, _sign(b), _sign(c), 0) if lies else (_sign(a), 0, 0, _sign(d))
    return signs if signs in _TURNS else (1, 0, 0, 1)


def is_upright(frame: VideoFrame) -> bool:
    return not _TURNS[turn_of(frame)]


def lies_on_its_side(frame: VideoFrame) -> bool:
    """Whether width and height change places when the frame is shown."""
    return turn_of(frame)[0] == 0


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


class Shaper:
    """Makes frames of any size, turn and pixel format into upright 8-bit 4:2:0 ones of `size`.

    Colours keep the matrix that they came with, which the output must be tagged with (`tags_of`). Only RGB is brought
    to that of HD video, and wide gamuts and HDR to all of HD video's colours (`bot.media.tone`). What is see-through is
    laid over white.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._graph: Graph | None = None
        self._made_for: tuple[Any, ...] = ()
        self._backed = Backed()

    def shape(self, frame: VideoFrame) -> VideoFrame:
        turn = turn_of(frame)
        if is_see_through(frame):
            frame = self._backed.shape(frame)
        colours = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
        form = (frame.width, frame.height, frame.format.name, colours, turn)
        if self._graph is None or form != self._made_for:
            self._graph, self._made_for = self._make(frame, turn), form
        frame.pts = 0  # time is kept outside; a graph that is fed repeated times may hold frames back
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _make(self, frame: VideoFrame, turn: tuple[int, ...]) -> Graph:
        graph = Graph()
        nodes = [
            graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format.name, time_base=Fraction(1, 1000)
            )
        ]
        with contextlib.ExitStack() as held:
            name = held.enter_context(_table(frame.color_trc)) if is_wide(frame) else None
            steps = (*_TURNS[turn], *self._scales(frame, name), ("format", PIXELS), ("buffersink", None))
            nodes += [graph.add(step, argument) for step, argument in steps]
            graph.link_nodes(*nodes).configure()
        return graph

    def _scales(self, frame: VideoFrame, table: str | None) -> Iterator[tuple[str, str]]:
        size = f"{self._size[0]}:{self._size[1]}:flags=bicubic"
        matrix = _MATRICES.get(frame.colorspace)
        known = "" if matrix is None else f":in_color_matrix={matrix}"  # left to itself the filter takes it for SD
        if table is not None:
            yield "scale", size + known
            yield "format", "gbrp12"
            yield "lut3d", f"file={table}"
            yield "scale", "out_range=tv:out_color_matrix=bt709"
        elif frame.format.is_rgb:
            yield "scale", f"{size}:out_range=tv{known}:out_color_matrix=bt709"
        else:
            yield "scale", f"{size}:out_range=tv{known}" + ("" if matrix is None else f":out_color_matrix={matrix}")


class Backed:
    """Lays frames that are see-through over white, in the colours of HD video or their own wide ones."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._made_for: tuple[Any, ...] = ()

    def shape(self, frame: VideoFrame) -> VideoFrame:
        form = (frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range)
        if self._graph is None or form != self._made_for:
            self._graph, self._made_for = self._make(frame), form
        frame.pts = 0
        self._graph.vpush(frame)
        shown = self._graph.vpull()
        plane = shown.planes[0]
        seen = Image.frombuffer("RGBA", (shown.width, shown.height), bytes(plane), "raw", "RGBA", plane.line_size, 1)
        white = Image.new("RGBA", seen.size, (255, 255, 255, 255))
        opaque = Image.alpha_composite(white, seen).convert("RGB")
        backed: VideoFrame = VideoFrame.from_image(opaque)  # type: ignore[no-untyped-call]  # PyAV's stub
        for name in ("color_primaries", "color_trc"):
            setattr(backed, name, getattr(frame, name))
        return backed

    def _make(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        matrix = _MATRICES.get(frame.colorspace)
        known = "" if matrix is None or frame.format.is_rgb else f":in_color_matrix={matrix}"
        steps = (("scale", f"flags=bicubic:out_range=pc{known}"), ("format", "rgba"), ("buffersink", None))
        graph.link_nodes(
            graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format.name, time_base=Fraction(1, 1000)
            ),
            *(graph.add(step, argument) for step, argument in steps),
        ).configure()
        return graph


@contextlib.contextmanager
def _table(curve: int) -> Iterator[str]:
    """The table of colours as a file in the working folder, by its bare name: the filter would take signs in a folder's
    name for its own."""
    with tempfile.NamedTemporaryFile("w", dir=".", suffix=".cube") as file:
        file.write(tone.table(curve))
        file.flush()
        yield Path(file.name).name


def is_see_through(frame: VideoFrame) -> bool:
    """Whether its format has room for transparency, whatever the frame makes of it."""
    return frame.format.has_palette or any(part.is_alpha for part in frame.format.components)


def is_wide(frame: VideoFrame) -> bool:
    """Whether its colours, or its brightness, are more than ordinary video has (BT.2020, PQ, HLG)."""
    bright = frame.color_trc in {tone.PQ, tone.HLG}
    return bright or frame.color_primaries == _WIDE_PRIMARIES or frame.colorspace in _BT2020


def tags_of(frame: VideoFrame) -> dict[str, int]:
    """What the encoder of shaped frames must call its colours: `colorspace`, `color_primaries`, `color_trc`."""
    if is_wide(frame) or frame.format.is_rgb or is_see_through(frame):
        return {"colorspace": _BT709, "color_primaries": _BT709, "color_trc": _BT709}
    return {
        "colorspace": frame.colorspace,
        "color_primaries": frame.color_primaries,
        "color_trc": frame.color_trc,
    }


class EvenRate:
    """Spaces frames evenly: every slot of the rate shows the newest frame that there was at its time.

    `start` is the time in seconds of the first slot; a first frame that comes later is shown from the start all the
    same, so that the sound stays where it was.
    """

    def __init__(self, rate: Fraction, start: float = 0.0) -> None:
        self._rate, self._start = rate, start
        self._filled = 0
        self._held: VideoFrame | None = None

    def take(self, at: float, frame: VideoFrame) -> Iterator[VideoFrame]:
        """The frames that are due now that the one of time `at` has come: the one before it, any number of times."""
        slot = round((at - self._start) * float(self._rate))
        if self._held is not None:
            yield from self._fill(slot)
        self._held = frame

    def end(self, at: float) -> Iterator[VideoFrame]:
        """The last frame until the time `at`; something is shown at least."""
        yield from self._fill(max(round((at - self._start) * float(self._rate)), 1))

    def _fill(self, until: int) -> Iterator[VideoFrame]:
        held = self._held
        while held is not None and self._filled < until:
            self._filled += 1
            yield held
