"""Whether a model's inputs and its service's JSON fields fit together, as an entry of the catalogue says it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping


def mapping_troubles(
    fields: Mapping[str, str],
    values: Mapping[str, Mapping[str, object]],
    *,
    needed: Collection[str],
    offered: Mapping[str, Collection[str]],
) -> Iterator[str]:
    """What is wrong, in a line each. `needed` are the inputs that the model is always given, `offered` those that a
    member may add, each with its choices (none: any value)."""
    for name in needed:
        if name not in fields:
            yield f"fields: {name} has no field"
    for name in sorted((offered.keys() ^ fields.keys()) - set(needed)):
        yield f"fields: {name} is offered and has no field, or has one and is not offered"
    taken: dict[str, str] = {}
    for name, field in fields.items():
        if (other := taken.setdefault(field, name)) != name:
            yield f"fields: {other} and {name} go into one field, {field}"
    for name, words in values.items():
        if name not in fields:
            yield f"values: {name} has no field"
        yield from _value_troubles(name, words, offered.get(name, ()))


def _value_troubles(name: str, words: Mapping[str, object], choices: Collection[str]) -> Iterator[str]:
    if choices:
        yield from (f"values: {name} has no {word}" for word in words if word not in choices)
        yield from (f"values: {name} lacks {word}" for word in choices if word not in words)
