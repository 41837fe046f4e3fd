"""A motion path: from a member's words to points in a model's frames.

`bot.rules.trajectory.grammar` has the grammar; `PRESETS` are examples of it to offer while somebody types.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.rules.catalog import Model
from bot.rules.requests import Point
from bot.rules.trajectory.geometry import CIRCLE, PRESETS, Place, Preset
from bot.rules.trajectory.grammar import Number, Plan, Waypoint, read_plan
from bot.rules.trajectory.timeline import Mark, Timeline, TooSoon
from bot.rules.trajectory.words import REASONS, TEXT_MAX_CHARS, Token, refuse

__all__ = ["PRESETS", "REASONS", "TEXT_MAX_CHARS", "Preset", "parse", "suggest"]


@dataclass(frozen=True, slots=True)
class _Pass:
    """A place that a shape passes through, without a time of its own."""

    at: float | None = None
    hold: float | None = None


def parse(text: str, model: Model) -> tuple[Point, ...]:
    """The path as points of `model`'s frames: from frame 0 to the clip's last, one a frame, or `max_points` evenly.

    Raises `TrajectoryInvalid` with `where` (the words), `position` (1-based character), `reason` (a key of `REASONS`)
    and `why`.
    """
    plan = read_plan(text, model)
    return _resample(plan, model, *_outline(plan, model))


def suggest(typed: str, limit: int = 25) -> tuple[Preset, ...]:
    """The presets whose name holds every word typed, those that begin with it first; 25 is Discord's own limit."""
    words = typed.casefold().split()
    found = [preset for preset in PRESETS if all(word in preset.name for word in words)]
    return tuple(sorted(found, key=lambda preset: not preset.name.startswith(typed.strip().casefold()))[:limit])


def _outline(plan: Plan, model: Model) -> tuple[tuple[Place, ...], list[Mark]]:
    """The places that the path goes through, in pixels, and when each is reached as far as the text says."""
    _check_contradictions(plan)
    marks: list[Mark]
    if plan.waypoints:
        points, marks = _pixels(plan.waypoints, model), list(plan.waypoints)
    else:
        shape = plan.shape or CIRCLE
        if "turn" in plan.said and not shape.turns:
            refuse("no_turn", plan.said["turn"])
        points = shape.across(*model.frame)
        if plan.turned:
            points = tuple((model.frame[0] - x, y) for x, y in points)
        marks = [_Pass()] * len(points)
    if "reversed" in plan.said:
        points, marks = points[::-1], marks[::-1]
    if "back" in plan.said:
        turn = _Pass(hold=marks[-1].hold or 0.0)
        points, marks = points + points[-2::-1], [*marks[:-1], turn, *marks[-2::-1]]
    if "hold" in plan.times:
        if "back" not in plan.said and marks[-1].hold is not None:
            refuse("said_twice", plan.said["hold"])
        marks[-1] = _Pass(marks[-1].at, plan.times["hold"])
    return points, marks


def _check_contradictions(plan: Plan) -> None:
    """Raise `TrajectoryInvalid` where two parts of the text contradict each other."""
    said, points = plan.said, plan.waypoints
    timed = next((point for point in points if point.at is not None), None)
    if "loop" in said and "runs" in said:
        refuse("not_with", said["runs"], other=said["loop"].text)
    if timed is not None:
        for word in ("back", "reversed"):
            if word in said:
                refuse("not_with", said[word], other="@")
    if points and points[-1].at is not None and "over" in said:
        refuse("not_with", said["over"], other="@")
    if points and points[0].at is not None and "wait" in said:
        refuse("not_with", said["wait"], other="@")
    if points and "turn" in said:
        refuse("no_turn", said["turn"])
    runs = plan.times.get("runs", 1)
    if runs < 1 or runs != int(runs):
        refuse("whole_number", said["runs"])


def _pixels(waypoints: list[Waypoint], model: Model) -> tuple[Place, ...]:
    """Raises `TrajectoryInvalid` for mixed units and for places outside the frame."""
    width, height = model.frame
    bare = [number for point in waypoints for number in point.numbers or () if not number.unit]
    in_pixels = any(number.value > 1 for number in bare)
    for number in bare:
        if in_pixels and 0 < number.value < 1:
            refuse("mixed_units", number.token, width=width, height=height)

    def pixel(number: Number, side: int) -> float:
        match number.unit:
            case "px":
                value = number.value
            case "%":
                value = number.value / 100 * side
            case _:
                value = number.value if in_pixels else number.value * side
        if not 0 <= value <= side:
            refuse("outside", number.token, width=width, height=height)
        return value

    def place(point: Waypoint) -> Place:
        if point.numbers is not None:
            return pixel(point.numbers[0], width), pixel(point.numbers[1], height)
        x, y = point.place or (0.5, 0.5)
        return x * width, y * height

    return tuple(place(point) for point in waypoints)


def _resample(plan: Plan, model: Model, points: tuple[Place, ...], marks: list[Mark]) -> tuple[Point, ...]:
    clip = model.output_seconds
    count = max(2, round(clip * model.fps))
    last = (count - 1) / model.fps
    wait = plan.times.get("wait", 0.0)
    run = _timeline(plan, model, points, marks, last - wait)
    runs = plan.times.get("runs", 1.0)
    end = wait + run.seconds * runs
    if end > max(clip, last) + 1e-9:
        refuse("too_long", _last_word(plan), length=clip)

    def second(frame: int) -> float:
        now = frame / model.fps
        if "loop" in plan.said:
            return (now - wait) % run.seconds if now > wait else 0.0
        # `over 5s` in a clip of 5 s ends a frame later than its last frame begins: the last frame shows the end.
        if now >= end or (frame == count - 1 and end >= last):
            return run.seconds
        return max(0.0, now - wait) % run.seconds

    shown = min(count, model.max_points)
    frames = [i * (count - 1) // (shown - 1) for i in range(shown)]
    places = [run.place(second(frame)) for frame in frames]
    return tuple(Point(frame=f, x=round(x, 2), y=round(y, 2)) for f, (x, y) in zip(frames, places, strict=True))


def _timeline(plan: Plan, model: Model, points: tuple[Place, ...], marks: list[Mark], room: float) -> Timeline:
    """One run: as long as `over` or the last `@` says, else an equal share of the `room` seconds that are left."""
    runs = 2 if "loop" in plan.said else plan.times.get("runs", 1.0)
    begin = marks[0].at or 0.0
    end = begin + plan.times["over"] if "over" in plan.times else room / runs - (marks[-1].hold or 0)
    frame = 1 / model.fps
    if end - begin < frame and marks[-1].at is None:
        refuse(
            "too_short" if "over" in plan.said or "runs" in plan.said else "too_long",
            _last_word(plan),
            length=model.output_seconds,
        )
    try:
        run = Timeline(points, marks, end, plan.easing)
    except TooSoon as exc:
        token = plan.waypoints[exc.index].token if exc.index < len(plan.waypoints) else _last_word(plan)
        refuse("too_soon", token)
    if run.seconds < 2 * frame and runs > 1:
        refuse("too_short", _last_word(plan))
    return run


def _last_word(plan: Plan) -> Token:
    """The word that most likely made the path too long or too short."""
    for word in ("over", "hold", "wait", "runs", "loop"):
        if word in plan.said:
            return plan.said[word]
    late = [point.token for point in plan.waypoints if point.at is not None or point.hold is not None]
    return late[-1] if late else Token("end", "", 0)
