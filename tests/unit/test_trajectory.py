from __future__ import annotations

import contextlib
import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import TrajectoryInvalid
from bot.rules.catalog import Model, load_catalog
from bot.rules.requests import Inputs, Point, check
from bot.rules.trajectory import PRESETS, REASONS, TEXT_MAX_CHARS, Preset, parse, suggest
from bot.rules.trajectory import grammar as path_grammar
from bot.rules.trajectory import words as path_words
from bot.rules.trajectory.geometry import EASINGS, PLACES, SHAPES

MODEL = load_catalog().get("lucy-motion")
WIDTH, HEIGHT = MODEL.frame

WORDS = sorted(
    {
        word
        for table in (SHAPES, PLACES, EASINGS, path_words.TURNS, path_words.MODIFIERS)
        for key in table
        for word in key
    }
    | {
        "to",
        "then",
        "from",
        "times",
        "x",
        "s",
        "ms",
        "frames",
        "px",
        "seconds",
        "clip",
        "0",
        "1",
        "2",
        "3",
        "0.5",
        "-1",
    }
    | {">", "->", "→", ";", "\n", ",", "@", "%", "(", ")", "640", "352", "1280", "0.25", "1e9", "99999999999999999999"}
)
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)
JOINED = st.lists(st.sampled_from(WORDS), max_size=25).map("".join)
TIMINGS = st.sampled_from(
    ["", "over 2s", "over 500ms loop", "twice", "back and forth", "wait 1s", "hold 1s", "3 times"]
)


def refusal(text: str, model: Model = MODEL) -> dict[str, object]:
    with pytest.raises(TrajectoryInvalid) as caught:
        parse(text, model)
    return dict(caught.value.facts)


def places(text: str) -> list[tuple[float, float]]:
    return [(point.x, point.y) for point in parse(text, MODEL)]


def at(text: str, second: float) -> tuple[float, float]:
    point = parse(text, MODEL)[round(second * MODEL.fps)]
    return point.x, point.y


def assert_valid(points: tuple[Point, ...], model: Model) -> None:
    check(model, Inputs(trajectory=points), model.form.files.keys())
    frames = [point.frame for point in points]
    assert frames[0] == 0
    assert all(later > earlier for earlier, later in pairwise(frames))
    assert len(frames) <= model.max_points


@given(st.one_of(st.text(max_size=200), SENTENCES, JOINED))
@example("")
@example("\n\n")
@example("0.2,0.5 hold 9s > 0.8,0.5")
@example("left @0s > right @0s")
@example("left hold 3s > right hold 3s")
@example("0,0 > 0,0")
@example("over over")
def test_any_text_is_a_valid_path_or_is_refused_with_where_it_stopped(text: str) -> None:
    try:
        points = parse(text, MODEL)
    except TrajectoryInvalid as refused:
        facts = refused.facts
    else:
        assert_valid(points, MODEL)
        return
    assert isinstance(facts["position"], int)
    assert 1 <= facts["position"] <= max(1, len(text))
    assert isinstance(facts["where"], str)
    assert facts["why"]
    assert facts["reason"] in REASONS


@given(
    text=st.one_of(SENTENCES, st.sampled_from([preset.name for preset in PRESETS])),
    fps=st.integers(1, 120),
    seconds=st.floats(0.01, 600),
    max_points=st.integers(2, 1000),
    frame=st.tuples(st.integers(2, 4000), st.integers(2, 4000)),
)
def test_whatever_the_model_the_points_keep_its_rules(
    text: str, fps: int, seconds: float, max_points: int, frame: tuple[int, int]
) -> None:
    model = MODEL.model_copy(update={"fps": fps, "output_seconds": seconds, "max_points": max_points, "frame": frame})
    try:
        points = parse(text, model)
    except TrajectoryInvalid:
        return
    assert_valid(points, model)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_preset_that_is_offered_is_a_path(preset: Preset) -> None:
    name = preset.name
    points = parse(name, MODEL)
    assert_valid(points, MODEL)
    assert len(points) == 125
    assert len({(point.x, point.y) for point in points}) > 2
    assert len(name) <= 100, "Discord's limit for a choice"


@given(
    preset=st.sampled_from([" ".join(words) for words in SHAPES]),
    easing=st.sampled_from([" ".join(words) for words in EASINGS]),
    timing=TIMINGS,
)
def test_every_shape_goes_with_every_easing_and_timing(preset: str, easing: str, timing: str) -> None:
    assert_valid(parse(f"{preset} {easing} {timing}", MODEL), MODEL)
    assert parse(f"{timing}, {easing}, {preset}".upper(), MODEL) == parse(f"{preset} {easing} {timing}", MODEL)


@given(
    st.lists(
        st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT)).map(lambda p: (round(p[0], 2), round(p[1], 2))),
        min_size=2,
        max_size=20,
    )
)
def test_points_at_their_frames_come_back_as_they_were_written(wanted: list[tuple[float, float]]) -> None:
    text = " > ".join(f"{x:.2f}px,{y:.2f}px @{i * 6} frames" for i, (x, y) in enumerate(wanted))
    points = {point.frame: point for point in parse(text, MODEL)}
    for i, (x, y) in enumerate(wanted):
        assert points[i * 6].x == pytest.approx(x, abs=0.02)
        assert points[i * 6].y == pytest.approx(y, abs=0.02)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=2, max_size=12))
def test_fractions_percent_and_pixels_say_the_same(wanted: list[tuple[int, int]]) -> None:
    percent = " > ".join(f"{x}%,{y}%" for x, y in wanted)
    fractions = "; ".join(f"({x / 100:.2f}, {y / 100:.2f})" for x, y in wanted)
    pixels = "\n".join(f"{x / 100 * WIDTH:.4f}px {y / 100 * HEIGHT:.4f}px" for x, y in wanted)
    assert parse(percent, MODEL) == parse(fractions, MODEL)
    for a, b in zip(places(percent), places(pixels), strict=True):
        assert a == pytest.approx(b, abs=0.05)


@pytest.mark.parametrize("text", ["left to right", "from left → right", "LEFT->RIGHT", "right", "0.1,0.5 > 0.9,0.5"])
def test_left_to_right_can_be_said_in_many_ways(text: str) -> None:
    across = places(text)
    assert [across[0], across[-1]] == [(128, 352), (1152, 352)]
    assert all(later[0] > earlier[0] and later[1] == 352 for earlier, later in pairwise(across))


def test_numbers_above_one_are_pixels() -> None:
    assert places("0,352 > 1280,704")[-1] == (1280, 704)
    assert places("0,0 > 1,1")[-1] == (1280, 704)
    assert places("0,0 > 1px,1px")[-1] == (1, 1)


def test_a_circle_is_round_and_clockwise_and_ends_where_it_began() -> None:
    circle = places("circle")
    middle = (WIDTH / 2, HEIGHT / 2)
    assert all(math.dist(place, middle) == pytest.approx(0.35 * HEIGHT, rel=0.001) for place in circle)
    assert circle[0] == circle[-1]
    assert circle[31][0] > middle[0] > circle[93][0]
    assert places("circle counter-clockwise")[31][0] < middle[0]
    assert places("anticlockwise circle") == places("counter clockwise")
    assert places("circle reversed") == circle[::-1]


def test_zooms_are_spirals_to_and_from_the_middle() -> None:
    distances = [math.dist(place, (WIDTH / 2, HEIGHT / 2)) for place in places("zoom in")]
    assert all(later <= earlier for earlier, later in pairwise(distances))
    assert distances[-1] == 0
    assert places("zoom out") == places("zoom in")[::-1]


def test_over_says_how_long_and_then_it_rests() -> None:
    assert at("left to right over 2s", 1) == (640, 352)
    assert at("left to right over 2s", 2) == (1152, 352)
    assert at("left to right over 2s", 4.96) == (1152, 352)
    assert places("left to right over 5s")[-1] == (1152, 352)
    assert places("left to right over 2000 ms") == places("left to right over 50 frames")


def test_waits_and_holds_stand_still() -> None:
    assert at("left to right wait 1s", 1) == (128, 352)
    assert at("left to right wait 1s", 1.04)[0] > 128
    assert at("left to right hold 1s", 3.96) == (1152, 352)
    assert at("0.1,0.5 > 0.5,0.5 hold 2s > 0.9,0.5 over 4s", 1) == (640, 352)
    assert at("0.1,0.5 > 0.5,0.5 hold 2s > 0.9,0.5 over 4s", 3) == (640, 352)
    assert at("0.1,0.5 > 0.5,0.5 hold 2s > 0.9,0.5 over 4s", 4) == (1152, 352)


def test_points_are_where_their_times_say() -> None:
    text = "0,0 @1s > 100,0 @2s > 100,100 > 100,300 @4s"
    assert at(text, 0.5) == (0, 0)
    assert at(text, 1.52) == (52, 0)
    assert at(text, 3) == (100, 150)
    assert at(text, 4.5) == (100, 300)


def test_untimed_points_are_passed_at_one_speed() -> None:
    steps = [math.dist(a, b) for a, b in pairwise(places("0,0 > 100,0 > 1000,0 > 1000,200"))]
    assert max(steps) - min(steps) < 4  # corners are cut by less than a step


def test_easings_begin_and_end_where_linear_does() -> None:
    linear, eased = places("left to right"), places("left to right ease in out")
    assert (linear[0], linear[62], linear[-1]) == (eased[0], eased[62], eased[-1])
    assert eased[20][0] < linear[20][0]
    assert places("left to right ease in")[62][0] < 640 < places("left to right ease out")[62][0]
    assert max(x for x, _ in places("left to right bounce")) == 1152
    for easing in EASINGS.values():
        assert easing(0) == pytest.approx(0)
        assert easing(1) == pytest.approx(1)
        assert all(0 <= easing(step / 1000) <= 1 for step in range(1001))


def test_loops_and_runs_begin_again() -> None:
    assert at("left to right over 1s loop", 0.4) == at("left to right over 1s loop", 3.4)
    assert at("left to right over 1s 2 times", 0.4) == at("left to right over 1s twice", 1.4)
    assert at("left to right over 1s twice", 3) == (1152, 352)
    assert at("left to right over 2s back and forth", 1) == (1152, 352)
    assert at("left to right over 2s back and forth", 2) == (128, 352)


def test_a_model_that_takes_few_points_gets_them_evenly() -> None:
    model = MODEL.model_copy(update={"max_points": 5})
    assert [point.frame for point in parse("left to right", model)] == [0, 31, 62, 93, 124]


@pytest.mark.parametrize(
    ("text", "reason", "where", "position"),
    [
        ("", "empty", "", 1),
        ("   ", "empty", "", 1),
        ("banana", "unknown_word", "banana", 1),
        ("circle sideways", "unknown_word", "sideways", 8),
        ("left to rihgt", "misspelt", "rihgt", 9),
        ("circel", "misspelt", "circel", 1),
        ("left to right ease inn", "misspelt", "inn", 20),
        ("left to nowhere", "unknown_word", "nowhere", 9),
        ("zoom", "misspelt", "zoom", 1),
        ("0.2,0.5 > then", "point_expected", ">", 9),
        ('[{"frame": 0, "x": 1, "y": 1', "not_json", "1", 28),
        ('{"points": 1}', "not_json", '{"points": 1}', 1),
        ('[{"frame": 0.5, "x": 1, "y": 1}]', "json_point", '{"frame": 0.5, "x": 1, "y": 1}', 1),
        ('[{"x": 0, "y": 0}]', "one_point", '[{"x": 0, "y": 0}]', 1),
        ('[{"x": 0, "y": 0}, {"x": 1281, "y": 0}]', "outside", "1281, 0", 1),
        ("circle 🙂", "unreadable", "🙂", 8),
        ("0.2", "comma_expected", "0.2", 1),
        ("0.2,", "number_expected", "0.2,", 4),
        ("0.2,0.5", "one_point", "0.2", 1),
        ("top", "one_point", "top", 1),
        ("0.2,0.5,0.8,0.5", "separator_expected", "0.8", 9),
        ("0,2,0,5 > 0,8,0,5", "separator_expected", "0", 5),
        ("left top", "second_path", "top", 6),
        ("0.2,0.5 > ", "point_expected", ">", 9),
        ("> 0.2,0.5", "point_before", ">", 1),
        ("0.2,0.5 > 1.5,0.5", "mixed_units", "0.2", 1),
        ("640,352 > 1281,352", "outside", "1281", 11),
        ("-0.1,0.5 > 0.5,0.5", "outside", "-0.1", 1),
        ("101%,5% > 0,0", "outside", "101", 1),
        ("circle square", "second_path", "square", 8),
        ("circle over", "number_expected", "circle over", 11),
        ("circle over 0s", "too_short", "over", 8),
        ("circle over -1s", "too_short", "-1", 13),
        ("circle over 6s", "too_long", "over", 8),
        ("circle over 4s twice", "too_long", "over", 8),
        ("circle over 1s over 2s", "said_twice", "over", 16),
        ("circle 2.5 times", "whole_number", "2.5", 8),
        ("circle 0 times", "whole_number", "0", 8),
        ("circle 100 times", "too_short", "100", 8),
        ("circle wait 9s", "too_long", "wait", 8),
        ("circle twice loop", "not_with", "twice", 8),
        ("wave clockwise", "no_turn", "clockwise", 6),
        ("over 2s", "no_path", "over", 1),
        ("0,0 @2s > 1,1 @1s", "too_soon", "1", 11),
        ("0,0 > 1,1 @9s", "too_long", "1", 7),
        ("0,0 @0s > 1,1 @1s over 2s", "not_with", "over", 19),
        ("0,0 > 1234567890123456,1", "number_too_long", "1234567890123456", 7),
        ("http://example.com/a.png", "unknown_word", "http", 1),
    ],
)
def test_nonsense_says_where_it_stopped_making_sense(text: str, reason: str, where: str, position: int) -> None:
    facts = refusal(text)
    assert (facts["reason"], facts["where"], facts["position"]) == (reason, where, position)
    assert facts["why"]


@pytest.mark.parametrize(
    ("typed", "other"),
    [
        ("circel", "circle"), ("left to rihgt", "right"), ("zoomin", "zoom in"), ("figure", "figure eight"),
        ("left to right ease inn", "in"), ("circle clokwise", "clockwise"), ("top left to botom right", "bottom"),
        ("circle, revresed", "reversed"), ("left to right over 2s twize", "twice"),
    ],
)  # fmt: skip
def test_a_typing_error_is_told_what_was_probably_meant(typed: str, other: str) -> None:
    assert f"did you mean “{other}”?" in str(refusal(typed)["why"])


@pytest.mark.parametrize(
    "text",
    ["0.1,0.5 0.9,0.5", "0.1,0.5; 0.9,0.5", "0.1,0.5 -> 0.9,0.5", "0.1,0.5 >> 0.9,0.5", "0.1 0.5 0.9 0.5",
     "0.1,0.5 ➡️ 0.9,0.5", "(0.1, 0.5) (0.9, 0.5)", '[{"x": 0.1, "y": 0.5}, {"x": 0.9, "y": 0.5}]',
     ' {"trajectory": [{"x": 128, "y": 352}, {"x": 1152, "y": 352}]}'],
)  # fmt: skip
def test_points_may_be_written_as_people_and_the_api_write_them(text: str) -> None:
    assert parse(text, MODEL) == parse("0.1,0.5 > 0.9,0.5", MODEL)


def test_the_apis_own_json_says_at_which_frame_each_point_is() -> None:
    text = '[{"frame": 10, "x": 0, "y": 0}, {"frame": 60, "x": 1000, "y": 0.5}]'
    assert at(text, 0.2) == (0, 0)
    assert at(text, 60 / 25) == (1000, 0.5)
    assert at("0.1,0.5 > 0.9,0.5 3 times", 1) == at("0.1,0.5 > 0.9,0.5, 3 times", 1)


def test_a_text_beyond_the_limit_is_refused_unread() -> None:
    facts = refusal("circle " * TEXT_MAX_CHARS)
    assert facts["reason"] == "text_too_long"
    assert facts["limit"] == TEXT_MAX_CHARS


@pytest.mark.parametrize(
    "piece", [">", "0,0>", "left ", "to ", "and ", "((", "\n", "1", "ease in ", "@", "0,0 hold 0s>", "-"]
)
def test_the_parser_looks_at_each_token_a_bounded_number_of_times(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (piece * TEXT_MAX_CHARS)[:TEXT_MAX_CHARS]
    looks = 0
    original = path_grammar._Parser._peek

    def counting(self: path_grammar._Parser, further: int = 0) -> path_words.Token:
        nonlocal looks
        looks += 1
        return original(self, further)

    monkeypatch.setattr(path_grammar._Parser, "_peek", counting)
    with contextlib.suppress(TrajectoryInvalid):
        parse(text, MODEL)
    assert looks <= 150 * (TEXT_MAX_CHARS + 1)


def test_presets_are_suggested_by_what_was_typed() -> None:
    assert suggest("")[0].name == "left to right"
    assert suggest("circle")[0].name == "circle"
    assert {preset.name for preset in suggest("ZOOM")} == {"zoom in", "zoom out"}
    assert suggest("no such thing") == ()
    assert len(suggest("")) <= 25
    assert all(len(preset.note) <= 100 for preset in PRESETS)
