"""HDR and wide colours as ordinary HD video shows them: a table of colours, in which FFmpeg looks each pixel up.

FFmpeg can make such a table by itself (`scale` with `intent=perceptual`), in ten seconds and more of a core's time.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from functools import cache

PQ, HLG = 16, 18
"""The numbers of HDR's two curves (ITU-T H.273)."""

_STEPS = 33
_WHITE_NITS, _PEAK_NITS = 203.0, 1000.0
"""How bright paper is in HDR (BT.2408), which is 1 from here on, and the brightest that stays apart from the rest."""

_DISPLAY_GAMMA = 2.4
_HLG_WEIGHTS = (0.2627, 0.6780, 0.0593)
_HLG_GAMMA = 1.2
_INTO_HD = (
    (1.660491, -0.587641, -0.072850),
    (-0.124550, 1.132900, -0.008349),
    (-0.018151, -0.100579, 1.118730),
)
"""BT.2020's primaries in those of BT.709 (BT.2087)."""

Colour = tuple[float, float, float]


@cache
def table(curve: int) -> str:
    """A .cube file for BT.2020 colours in that curve; any but PQ and HLG is taken for ordinary video's."""
    return "".join(_lines(curve))


def _lines(curve: int) -> Iterator[str]:
    yield f"LUT_3D_SIZE {_STEPS}\n"
    light = _LIGHT.get(curve, _ordinary)
    steps = [light(number / (_STEPS - 1)) for number in range(_STEPS)]
    for blue, green, red in itertools.product(steps, repeat=3):  # red changes quickest
        shown = (red, green, blue) if curve != HLG else _on_a_screen((red, green, blue))
        red_out, green_out, blue_out = _in_hd(shown, bright=curve in _LIGHT)
        yield f"{red_out:.5f} {green_out:.5f} {blue_out:.5f}\n"


def _pq(value: float) -> float:
    """SMPTE ST 2084, from the stored value to light."""
    root = math.pow(value, 1 / 78.84375)
    share = max(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)
    return 10_000 / _WHITE_NITS * math.pow(share, 1 / 0.1593017578125)


def _hlg(value: float) -> float:
    """BT.2100, from the stored value to the scene's light, of which 1 is the most."""
    if value <= 0.5:
        return value * value / 3
    return (math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12


def _ordinary(value: float) -> float:
    return math.pow(value, _DISPLAY_GAMMA)


_LIGHT: dict[int, Callable[[float], float]] = {PQ: _pq, HLG: _hlg}


def _on_a_screen(scene: Colour) -> Colour:
    """HLG keeps the scene's light; a screen shows it with more contrast."""
    bright = sum(weight * part for weight, part in zip(_HLG_WEIGHTS, scene, strict=True))
    gain = _PEAK_NITS / _WHITE_NITS * math.pow(bright, _HLG_GAMMA - 1)
    red, green, blue = scene
    return red * gain, green * gain, blue * gain


def _in_hd(light: Colour, *, bright: bool) -> Colour:
    """As stored values of BT.709. The strongest part is rolled off, the others by the same share, so that hues stay."""
    parts = [max(0.0, sum(a * b for a, b in zip(row, light, strict=True))) for row in _INTO_HD]
    most = max(parts)
    if bright:
        limit = (_PEAK_NITS / _WHITE_NITS) ** 2
        shown = most * (1 + most / limit) / (1 + most)
    else:
        shown = most
    gain = min(1.0, shown) / most if most else 0.0
    red, green, blue = (math.pow(part * gain, 1 / _DISPLAY_GAMMA) for part in parts)
    return red, green, blue
