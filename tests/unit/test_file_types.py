"""What Discord's client offers for an option: what we read, and no more than Discord takes."""

from __future__ import annotations

import pytest

from bot.chat.inputs.file_types import FILE_TYPES, PictureUpload, with_file_types
from bot.media.sniff import FORMATS
from bot.rules.catalog import Kind
from sandbox.discord.commands import check_command
from sandbox.discord.responses import ApiError

GROUPS = {
    "image": {".png", ".gif", ".jpg", ".jpeg", ".jfif", ".webp", ".avif"},
    "video": {".mp4", ".mov", ".qt", ".webm"},
}
"""As Discord's reference listed them in August 2026."""
RARE = {".flv", ".ogv", ".ts"}
"""Ten are the most: these come by the Apps menus."""


@pytest.mark.parametrize("kind", Kind)
def test_what_we_read_is_offered_in_at_most_ten_types(kind: Kind) -> None:
    types = FILE_TYPES[kind]
    assert len(types) == len(set(types)) <= 10
    offered = {ending for one in types for ending in GROUPS.get(one, {one})}
    assert {one.suffix for one in FORMATS if kind in one.kinds} - offered <= RARE


def test_each_attachment_has_the_types_of_what_it_takes_also_in_a_group_of_commands() -> None:
    video = {"name": "video", "type": 11, "description": "x"}
    garment = {"name": "garment", "type": 11, "description": "x"}
    words = {"name": "prompt", "type": 3, "description": "x"}
    group = {"name": "a", "type": 1, "options": [{"name": "sub", "type": 1, "options": [words, video, garment]}]}
    [sub] = with_file_types(group)["options"]
    assert sub["options"] == [
        words,
        {**video, "file_types": list(FILE_TYPES[Kind.VIDEO])},
        {**garment, "file_types": list(FILE_TYPES[Kind.IMAGE])},
    ]
    assert with_file_types({"name": "Animate", "type": 3}) == {"name": "Animate", "type": 3}


def test_a_forms_upload_has_them_too() -> None:
    sent = PictureUpload(custom_id="reference", required=False, min_values=0, max_values=1).to_component_dict()
    assert (sent["type"], sent["file_types"]) == (19, list(FILE_TYPES[Kind.IMAGE]))


@pytest.mark.parametrize("types", [[f".x{n}" for n in range(11)], ["picture"], ["png"], "image"])
def test_the_stand_in_refuses_what_discord_does(types: object) -> None:
    option = {"name": "image", "type": 11, "description": "x", "file_types": types}
    with pytest.raises(ApiError):
        check_command({"name": "do", "type": 1, "description": "x", "options": [option]}, "0")
    check_command({"name": "do", "type": 1, "description": "x", "options": [{**option, "file_types": ["image"]}]}, "0")
