"""Component rules: classic rows, Components V2, modals (Discord's docs: components/reference)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.discord.limits import check_text, too_long
from sandbox.discord.responses import Json, form_error

ROW, BUTTON, TEXT_INPUT = 1, 2, 4
STRING_SELECT = 3
SELECTS = {STRING_SELECT, 5, 6, 7, 8}
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LABEL, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 18, 19, 21, 22, 23
_V2_TOP = {ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER}
_IN_CONTAINER = _V2_TOP - {CONTAINER}
_CHOOSE_ONE: Json = {"min_values": 1, "max_values": 1}
_ADDED: dict[int, Json] = dict.fromkeys(SELECTS, _CHOOSE_ONE) | {
    CONTAINER: {"accent_color": None, "spoiler": False},
    THUMBNAIL: {"description": None, "spoiler": False},
    FILE: {"spoiler": False},
    SEPARATOR: {"spacing": 1, "divider": True},
}
V2_TOTAL = 40
V2_TEXT = 4000


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component, the nested ones too."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("accessory", "component"):
            if component.get(key):
                yield from walk([component[key]])


def check_components(components: Any, *, v2: bool) -> None:
    """Raises 50035 with the path of what is wrong."""
    if not isinstance(components, list):
        raise form_error("components", "Only iterables may be used in a ListType", "LIST_TYPE_CONVERT")
    if v2:
        _check_v2(components)
    else:
        if len(components) > 5:
            raise too_long("components", 5)
        for at, row in enumerate(components):
            if row.get("type") != ROW:
                raise wrong_type(f"components.{at}.type", {ROW})
            _check_row(row, f"components.{at}")
    check_ids(components)


def _check_v2(components: list[Json]) -> None:
    every = list(walk(components))
    if len(every) > V2_TOTAL:
        raise form_error(
            "components", f"Must be {V2_TOTAL} or fewer in total.", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"
        )
    if not components:
        raise form_error("components", "This field is required", "BASE_TYPE_REQUIRED")
    if sum(len(part.get("content", "")) for part in every if part.get("type") == TEXT) > V2_TEXT:
        raise form_error(
            "components", f"Must be {V2_TEXT} or fewer in length.", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"
        )
    for at, component in enumerate(components):
        _check_part(component, f"components.{at}", _V2_TOP)


def _check_part(part: Json, path: str, allowed: set[int]) -> None:
    kind = part.get("type")
    if kind not in allowed:
        raise wrong_type(f"{path}.type", allowed)
    if kind == ROW:
        _check_row(part, path)
    elif kind == CONTAINER:
        for at, inner in enumerate(part.get("components") or []):
            _check_part(inner, f"{path}.components.{at}", _IN_CONTAINER)
    elif kind == SECTION:
        _check_section(part, path)
    elif kind == TEXT:
        check_text(part.get("content"), f"{path}.content", V2_TEXT, 1)
    elif kind == BUTTON:
        _check_button(part, path)
    elif kind == GALLERY:
        _check_gallery(part, path)
    elif kind in {FILE, THUMBNAIL}:
        _check_media(part, path)


def _check_section(part: Json, path: str) -> None:
    texts = part.get("components") or []
    if not 1 <= len(texts) <= 3:
        raise form_error(f"{path}.components", "Must be between 1 and 3 in length.", "BASE_TYPE_BAD_LENGTH")
    for at, inner in enumerate(texts):
        _check_part(inner, f"{path}.components.{at}", {TEXT})
    _check_part(part.get("accessory") or {}, f"{path}.accessory", {BUTTON, THUMBNAIL})


def _check_media(part: Json, path: str) -> None:
    url = ((part.get("file") or part.get("media")) or {}).get("url")
    text = check_text(url, f"{path}.url", 2048, 1)
    if part["type"] == FILE and not text.startswith("attachment://"):
        raise form_error(f"{path}.file.url", "Only attachment:// is supported.", "URL_TYPE_INVALID_SCHEME")


def _check_gallery(part: Json, path: str) -> None:
    items = part.get("items") or []
    if not 1 <= len(items) <= 10:
        raise form_error(f"{path}.items", "Must be between 1 and 10 in length.", "BASE_TYPE_BAD_LENGTH")
    for at, item in enumerate(items):
        check_text((item.get("media") or {}).get("url"), f"{path}.items.{at}.media.url", 2048, 1)
        if item.get("description") is not None:
            check_text(item["description"], f"{path}.items.{at}.description", 1024)


def _check_row(row: Json, path: str) -> None:
    inner = row.get("components") or []
    kinds = [part.get("type") for part in inner]
    width = 1 if any(kind in SELECTS for kind in kinds) else 5
    if not 1 <= len(inner) <= width:
        raise form_error(f"{path}.components", f"Must be between 1 and {width} in length.", "BASE_TYPE_BAD_LENGTH")
    for at, part in enumerate(inner):
        if part.get("type") == BUTTON:
            _check_button(part, f"{path}.components.{at}")
        elif part.get("type") in SELECTS:
            check_select(part, f"{path}.components.{at}")
        else:
            raise wrong_type(f"{path}.components.{at}.type", SELECTS | {BUTTON})


def _check_button(button: Json, path: str) -> None:
    style = button.get("style")
    if style not in {1, 2, 3, 4, 5, 6}:
        raise form_error(f"{path}.style", "Value must be one of {1, 2, 3, 4, 5, 6}.", "BASE_TYPE_CHOICES")
    if style == 5:
        if button.get("custom_id") is not None:
            raise form_error(path, "A custom id and url cannot both be specified", "COMPONENT_CUSTOM_ID_AND_URL")
        check_text(button.get("url"), f"{path}.url", 512, 1)
    elif style != 6:
        check_text(button.get("custom_id"), f"{path}.custom_id", 100, 1)
    if button.get("label") is not None:
        check_text(button["label"], f"{path}.label", 80)
    if style != 6 and not button.get("label") and not button.get("emoji"):
        raise form_error(path, "A button needs a label or an emoji.", "BUTTON_COMPONENT_INVALID_LABEL")


def check_select(select: Json, path: str) -> None:
    check_text(select.get("custom_id"), f"{path}.custom_id", 100, 1)
    if select.get("placeholder") is not None:
        check_text(select["placeholder"], f"{path}.placeholder", 150)
    options = select.get("options") or []
    if select.get("type") == 3:
        check_options(options, f"{path}.options")
    least, most = select.get("min_values"), select.get("max_values")
    least, most = 1 if least is None else least, 1 if most is None else most
    if not (0 <= least <= 25 and 1 <= most <= 25 and least <= most):
        raise form_error(f"{path}.max_values", "min_values and max_values do not fit.", "BASE_TYPE_BAD_LENGTH")
    if select.get("type") == 3 and most > len(options):
        raise form_error(f"{path}.max_values", "More than there are options.", "COMPONENT_SELECT_MAX_VALUES_INVALID")


def check_options(options: list[Json], path: str, most: int = 25) -> None:
    if not 1 <= len(options) <= most:
        raise form_error(path, f"Must be between 1 and {most} in length.", "BASE_TYPE_BAD_LENGTH")
    for at, option in enumerate(options):
        check_text(option.get("label"), f"{path}.{at}.label", 100, 1)
        check_text(option.get("value"), f"{path}.{at}.value", 100, 1)
        if option.get("description") is not None:
            check_text(option["description"], f"{path}.{at}.description", 100)
    values = [option.get("value") for option in options]
    if len(set(values)) != len(values):
        raise form_error(
            path, "The specified option value is already used.", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"
        )


def check_ids(components: list[Json]) -> None:
    seen = set()
    for part in walk(components):
        custom_id = part.get("custom_id")
        if custom_id is not None and custom_id in seen:
            raise form_error(
                "components", "Component custom id cannot be duplicated", "COMPONENT_CUSTOM_ID_DUPLICATED"
            )  # fmt: skip
        seen.add(custom_id)


def shown_names(components: list[Json]) -> set[str]:
    """The attachments that V2 components show: any other stays hidden."""
    names = set()
    for part in walk(components):
        media = [part.get("media"), part.get("file")] + [item.get("media") for item in part.get("items") or []]
        for item in media:
            url = (item or {}).get("url", "")
            if url.startswith("attachment://"):
                names.add(url.removeprefix("attachment://"))
    return names


def numbered(components: list[Json]) -> list[Json]:
    """A copy in which every component has an id and the keys that Discord adds to what was sent."""
    count = iter(range(1, 1000))

    def copy(part: Json) -> Json:
        twin = {key: value for key, value in part.items() if value is not None}
        twin = _ADDED.get(part["type"], {}) | twin
        twin["id"] = part.get("id") or next(count)
        if part.get("components") is not None:
            twin["components"] = [copy(inner) for inner in part["components"]]
        if part.get("items") is not None:
            twin["items"] = [{"description": None, "spoiler": False} | item for item in part["items"]]
        if part.get("emoji"):
            twin["emoji"] = {key: value for key, value in part["emoji"].items() if value is not None}
        if part.get("default_values"):  # discord.py sends these ids as numbers
            twin["default_values"] = [{**value, "id": str(value["id"])} for value in part["default_values"]]
        for key in ("accessory", "component"):
            if part.get(key):
                twin[key] = copy(part[key])
        return twin

    return [copy(part) for part in components]


def wrong_type(path: str, allowed: set[int]) -> Any:
    return form_error(path, f"Value must be one of {tuple(sorted(allowed))}.", "UNION_TYPE_CHOICES")
