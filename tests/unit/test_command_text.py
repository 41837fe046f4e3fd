"""Commands as text, the way `python -m sandbox try` takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.command_text import BadCommand, MenuCall, ReplyCall, is_line, parse, parse_line

COMMANDS: list[dict[str, Any]] = [
    {
        "name": "t2v",
        "type": 1,
        "options": [
            {"name": "prompt", "type": 3, "required": True},
            {"name": "resolution", "type": 3, "choices": [{"name": "720p", "value": "720p"}]},
            {"name": "seed", "type": 4},
            {"name": "private", "type": 5},
        ],
    },
    {"name": "animate", "type": 1, "options": [{"name": "prompt", "type": 3}, {"name": "image", "type": 11}]},
    {"name": "limits", "type": 1, "options": [{"name": "set", "type": 1, "options": [{"name": "amount", "type": 4}]}]},
    {"name": "help", "type": 1},
    {"name": "Animate", "type": 3},
]


def test_a_value_runs_until_the_next_known_name() -> None:
    call = parse("/t2v prompt:a cat: playing, at 5:30 seed:7 private:yes resolution:720P", COMMANDS)
    assert (call.name, call.subcommand) == ("t2v", None)
    assert call.options == {"prompt": "a cat: playing, at 5:30", "seed": 7, "private": True, "resolution": "720p"}


def test_words_without_a_name_are_the_first_options() -> None:
    assert parse("/t2v a cat playing piano", COMMANDS).options == {"prompt": "a cat playing piano"}


def test_a_subcommand_is_part_of_the_name() -> None:
    call = parse("/limits set amount:3", COMMANDS)
    assert (call.name, call.subcommand, dict(call.options)) == ("limits", "set", {"amount": 3})


def test_a_file_is_named_after_an_at_sign(tmp_path: Path) -> None:
    picture = tmp_path / "my cat.jpg"
    picture.write_bytes(b"x")
    call = parse(f"/animate image:@{picture} prompt:make it snow", COMMANDS)
    assert (call.options, call.files) == ({"prompt": "make it snow"}, {"image": picture})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("t2v prompt:a", "begins with a slash"),
        ("/", "begins with a slash"),
        ("/paint prompt:a", "no command /paint. There are: /animate, /help, /limits set, /t2v."),
        ("/limits", "no command /limits"),
        ("/t2v colour:red", "no option colour. It has: prompt, resolution, seed, private."),
        ("/t2v prompt:a seed:7 colour:red", "no option colour"),
        ("/t2v prompt:a seed:many", "seed takes a whole number, not 'many'"),
        ("/t2v prompt:a private:perhaps", "private takes true or false"),
        ("/t2v prompt:a resolution:8k", "resolution is one of: 720p"),
        ("/t2v seed:1 seed:2", "seed is given twice"),
        ("/animate image:cat.jpg", "image takes a file: image:@path"),
        ("/animate image:@/nowhere/cat.jpg", "there is no file /nowhere/cat.jpg"),
        ("/help me", "/help takes no options"),
    ],
)
def test_what_is_no_command_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BadCommand, match=sentence.replace("?", r"\?").replace(".", r"\.")):
        parse(text, COMMANDS)


FORM = {
    "components": [
        {"type": 10, "content": "Only words"},
        {"type": 18, "label": "Prompt", "component": {"type": 4, "custom_id": "prompt"}},
        {"type": 18, "label": "Reference", "component": {"type": 19, "custom_id": "reference"}},
        {"type": 1, "components": [{"type": 3, "custom_id": "model"}]},
    ]
}


def test_a_reply_names_the_file_that_it_answers(tmp_path: Path) -> None:
    picture = tmp_path / "cat.jpg"
    picture.write_bytes(b"x")
    call = parse_line(f"reply:@{picture} /animate make it snow", COMMANDS)
    assert call == ReplyCall(picture, "/animate make it snow")


def test_a_menus_fields_are_those_of_the_form_that_it_opens(tmp_path: Path) -> None:
    picture = tmp_path / "cat.jpg"
    picture.write_bytes(b"x")
    call = parse_line(f"menu:Animate @{picture} prompt:a sign: open model:lucy reference:@{picture}", COMMANDS)
    assert isinstance(call, MenuCall)
    assert (call.name, call.file) == ("Animate", picture)
    assert call.fill(FORM) == ({"prompt": "a sign: open", "model": "lucy"}, {"reference": picture})
    assert MenuCall("Edit", picture, "add a hat").fill(FORM) == ({"prompt": "add a hat"}, {})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("reply:/animate snow", "names the file"),
        ("reply:@/nowhere/cat.jpg /animate snow", "there is no file"),
        ("menu:Animate prompt:snow", "names the file"),
        ("menu:Animate @/nowhere/cat.jpg", "there is no file"),
    ],
)
def test_a_reply_or_menu_without_its_file_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    assert is_line(text)
    with pytest.raises(BadCommand, match=sentence):
        parse_line(text, COMMANDS)


def test_other_lines_are_commands() -> None:
    assert parse_line(" /help", COMMANDS) == parse("/help", COMMANDS)
    assert not is_line("hello")
