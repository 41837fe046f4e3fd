"""Decoded frames on their way to the encoder: upright, square pixels, the right size, evenly spaced in time."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.filter import Graph
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

PIXELS = "yuv420p"
_BT709, _BT2020 = 1, (9, 10)
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

    Colours keep the matrix that they came with, which the output must be tagged with (`tags_of`); only those of wide
    gamut, and RGB, are brought to that of HD video.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._graph: Graph | None = None
        self._made_for: tuple[Any, ...] = ()

    def shape(self, frame: VideoFrame) -> VideoFrame:
        turn = turn_of(frame)
        form = (frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range, turn)
        if self._graph is None or form != self._made_for:
            self._graph, self._made_for = self._make(frame, turn), form
        frame.pts = 0  # time is kept outside; a graph that is fed repeated times may hold frames back
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _make(self, frame: VideoFrame, turn: tuple[int, ...]) -> Graph:
        graph = Graph()
        width, height = self._size
        scale = f"{width}:{height}:flags=bicubic:out_range=tv"
        matrix = _MATRICES.get(frame.colorspace)
        if matrix is not None:  # both in full: left to itself the filter takes the input for SD video
            scale += f":in_color_matrix={matrix}"
        if matrix is not None or _becomes_hd(frame):
            scale += f":out_color_matrix={'bt709' if _becomes_hd(frame) else matrix}"
        nodes = [
            graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format.name, time_base=Fraction(1, 1000)
            )
        ]
        nodes += [graph.add(name, argument) for name, argument in _TURNS[turn]]
        nodes += [graph.add("scale", scale), graph.add("format", PIXELS), graph.add("buffersink")]
        graph.link_nodes(*nodes).configure()
        return graph


def _becomes_hd(frame: VideoFrame) -> bool:
    return frame.colorspace in _BT2020 or frame.format.is_rgb


def tags_of(frame: VideoFrame) -> dict[str, int]:
    """What the encoder of shaped frames must call its colours: `colorspace`, `color_primaries`, `color_trc`."""
    if _becomes_hd(frame):
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
