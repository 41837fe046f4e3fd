"""Commands written as messages, read leniently and never with an exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.catalog import Operation
from bot.rules.text_command import link_host, read_text_command


@pytest.mark.parametrize(
    "text",
    [
        "/animate make it snow",
        "  /Animate   make it snow ",
        "animate: make it snow",
        "ANIMATE, make it snow",
        "!animate make it snow",
        "</animate:1234567890> make it snow",
        "/animate prompt:make it snow",
        "/animate image: prompt:make it snow",
        "/animate image:cat.jpg prompt: make it snow",
        "/animate\nmake it snow",
    ],
)
def test_a_command_is_read_however_it_is_written(text: str) -> None:
    command = read_text_command(text)
    assert command is not None
    assert command.operation is Operation.IMAGE_TO_VIDEO
    assert command.inputs.prompt == "make it snow"


@pytest.mark.parametrize("text", ["", "   ", "animated films are fun", "make it snow", "/edit-this", "<@1> animate"])
def test_what_is_no_command_is_none(text: str) -> None:
    assert read_text_command(text) is None


def test_without_being_addressed_only_the_slash_counts() -> None:
    assert read_text_command("edit that, please", with_slash=True) is None
    assert read_text_command("!edit that", with_slash=True) is None
    assert read_text_command("/edit that", with_slash=True) is not None
    assert read_text_command("</edit:77> that", with_slash=True) is not None


def test_options_are_taken_from_where_they_stand() -> None:
    command = read_text_command(
        "/animate model:Lucy-Dev-i2v make it snow seed:7 resolution:480p enhance:TRUE orientation:portrait"
    )
    assert command is not None
    assert command.model == "lucy-dev-i2v"
    assert command.inputs.prompt == "make it snow"
    assert command.inputs.seed == 7
    assert command.inputs.resolution == "480p"
    assert command.inputs.enhance_prompt is True
    assert command.inputs.orientation == "portrait"


@pytest.mark.parametrize(("written", "seconds"), [("start:12", 12.0), ("start:0.5", 0.5), ("start:99999", 86_400.0)])
def test_a_second_to_start_from_is_read(written: str, seconds: float) -> None:
    command = read_text_command(f"/v2v in winter {written}")
    assert command is not None
    assert (command.inputs.prompt, command.inputs.start_seconds) == ("in winter", seconds)


def test_what_a_slash_command_would_refuse_is_no_part_of_the_prompt() -> None:
    command = read_text_command("/animate snow seed:-1 private:True")
    assert command is not None
    assert (command.inputs.prompt, command.inputs.seed, command.private) == ("snow", -1, True)
    command = read_text_command("/animate snow private:false")
    assert command is not None
    assert (command.inputs.prompt, command.private) == ("snow", False)


def test_what_only_looks_like_an_option_stays_in_the_prompt() -> None:
    command = read_text_command("/animate a robot model: T-800, seed:many, resolution:9k")
    assert command is not None
    assert command.inputs.prompt == "a robot model: T-800, seed:many, resolution:9k"
    assert command.model is None


def test_an_empty_prompt_stays_empty() -> None:
    command = read_text_command("/animate   ")
    assert command is not None
    assert command.inputs.prompt == ""


def test_a_link_is_noticed() -> None:
    assert link_host("see https://example.com/cat.png") == "example.com"
    assert link_host("https://[nonsense") == ""
    assert link_host("no link") is None
    assert link_host(None) is None


@given(st.text())
def test_nothing_that_is_written_breaks_the_reading(text: str) -> None:
    read_text_command(text)
    read_text_command(f"/animate {text}")
    link_host(text)


def test_a_model_is_named_as_cards_name_it_too() -> None:
    command = read_text_command('/edit model:"Lucy 2.5" in winter')
    assert command is not None
    assert (command.model, command.inputs.prompt) == ("lucy 2.5", "in winter")
