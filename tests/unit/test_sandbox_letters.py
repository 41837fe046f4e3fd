"""The letters of the stand-in's clips: never boxes for what a font lacks."""

from __future__ import annotations

from sandbox.render.drawing import NO_LETTER, drawn, font


def test_words_that_pillows_font_has_stay_in_it() -> None:
    assert drawn("a cat playing piano", 30) == ("a cat playing piano", font(30))


def test_letters_that_no_font_here_has_are_left_out() -> None:
    assert drawn(f"a cat {NO_LETTER} plays", 30)[0] == "a cat plays"


def test_a_prompt_of_nothing_but_such_letters_still_shows_something() -> None:
    assert drawn(NO_LETTER * 3, 30)[0] == "…"
