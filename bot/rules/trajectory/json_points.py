"""A path as the Queue API takes it, in JSON: `[{"frame": 0, "x": 100, "y": 352}, {"frame": 50, "x": 900, "y": 352}]`.

The points may also stand under the key `trajectory`. Their `x` and `y` are as in a written path: fractions of the frame
if none is above 1, else pixels. Without `frame` they share the clip's time as written points do.
"""

from __future__ import annotations

import json
import math
from typing import Any, TypeGuard

from bot.rules.trajectory.words import Token, refuse


def looks_like_json(text: str) -> bool:
    """Whether it is meant as the API's own JSON, and not as words or as points in brackets."""
    return text.lstrip().startswith(("[{", "{", "[ {", "[\n"))


def json_points(text: str) -> list[tuple[float, float, int | None]]:
    """`x`, `y` and, where it is said, `frame` of each point. Raises `TrajectoryInvalid`."""
    try:
        found: Any = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as exc:
        at = min(exc.pos, len(text) - 1) if isinstance(exc, json.JSONDecodeError) else 0
        refuse("not_json", Token("other", text[at : at + 20], at))
    if isinstance(found, dict):
        found = found.get("trajectory")
    if not isinstance(found, list):
        refuse("not_json", Token("other", text.strip()[:20], 0))
    return [_point(one) for one in found]


def _point(one: Any) -> tuple[float, float, int | None]:
    where = Token("other", json.dumps(one, ensure_ascii=False), 0)
    if not isinstance(one, dict):
        refuse("json_point", where)
    x, y, frame = (one.get(name) for name in ("x", "y", "frame"))
    if not (_is_number(x) and _is_number(y)) or not (frame is None or (_is_number(frame) and frame == int(frame))):
        refuse("json_point", where)
    if frame is not None and not 0 <= frame < 10**6:
        refuse("json_point", where)
    return float(x), float(y), None if frame is None else int(frame)


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
