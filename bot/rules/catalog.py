"""The models together: what is called what, and what a command may choose from.

They are data: read from the two files beside this one, then changed by the operator's own file (CATALOG_FILE). A model
is added, hidden, renamed or made the default without code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from bot.errors import ModelUnknown, SettingsError
from bot.rules.catalog_files import catalog_entries
from bot.rules.models import SEED_MAX, Model, Price, ServiceName
from bot.rules.operations import FORMS, Kind, Operation, OperationForm, PromptRule, Role

__all__ = [
    "FORMS", "SEED_MAX", "Catalog", "Kind", "Model", "Operation", "OperationForm", "Price", "PromptRule", "Role",
    "ServiceName", "load_catalog",
]  # fmt: skip
"""With what a model is made of: whoever asks for models needs its words."""

_FIRST_ALONE: tuple[ServiceName, ...] = ("decart",)


class Catalog:
    """All models by name, in the order in which the files name them."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._models = {model.name: model for model in models}

    def become(self, other: Catalog) -> None:
        """Hold the other's models from now on, for everybody who holds this catalogue."""
        self._models = {model.name: model for model in other}

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def __contains__(self, name: object) -> bool:
        return name in self._models

    def get(self, name: str) -> Model:
        """The model of that name, also a hidden one: an old job may have used it. Raises `ModelUnknown`."""
        try:
            return self._models[name]
        except KeyError:
            raise ModelUnknown(model=name, choices=", ".join(m.name for m in self if not m.hidden)) from None

    def of(self, operation: Operation) -> tuple[Model, ...]:
        """The models that a member may choose from, the default first."""
        shown = [m for m in self._models.values() if m.operation is operation and not m.hidden]
        return tuple(sorted(shown, key=lambda m: not m.default))

    def choose(self, operation: Operation, name: str | None) -> Model:
        """The model called `name`, by its name or its title, or the default one where `name` is None. Raises
        `ModelUnknown`."""
        offered = self.of(operation)
        for model in offered:
            if name is None or name.casefold() in {model.name.casefold(), model.title.casefold()}:
                return model
        raise ModelUnknown(model=name or operation.value, choices=", ".join(m.title for m in offered))


def load_catalog(operator_file: Path | None = None, services: Collection[ServiceName] = _FIRST_ALONE) -> Catalog:
    """The models of these services that ship with Clapper, changed by the operator's file if there is one.

    In the operator's file a table `[models."name"]` changes the fields it names or, for a new name, adds a model; those
    of other services are left out. Where two services have a usual model for a command, it is the later one's, which
    is fal.ai's: its commands are those that the Queue API serves no more.
    Raises `SettingsError` with the file, the model and the field that can't be used.
    """
    models, whose = [], f"CATALOG_FILE {operator_file}" if operator_file else "the models that come with Clapper"
    for name, fields in catalog_entries(operator_file).items():
        try:
            models.append(Model(name=name, **fields))
        except (ValidationError, TypeError) as exc:
            raise SettingsError(f"{whose}: model {name!r}: {_first_line(exc)}") from exc
    models = [model for model in models if model.service in services]
    for trouble in _troubles(models):
        raise SettingsError(f"{whose}: {trouble}")
    usual = {model.operation: model.name for model in models if model.default}
    return Catalog(m.model_copy(update={"default": m.default and usual[m.operation] == m.name}) for m in models)


def _troubles(models: list[Model]) -> Iterator[str]:
    """What is wrong with models together that are each valid by themselves."""
    names = {model.name for model in models}
    called: dict[tuple[Operation, str], Model] = {}
    for model in models:
        for field in ("replaced_by", "shape_of"):
            if (other_name := getattr(model, field)) is not None and other_name not in names:
                yield f"model {model.name!r}: {field}: there is no model {other_name!r}"
        if model.shape_of is not None and model.shape_of not in {
            m.name for m in models if m.operation is model.operation
        }:
            yield f"model {model.name!r}: shape_of: {model.shape_of!r} is of another command"
        for word in () if model.hidden else {model.name.casefold(), model.title.casefold()}:
            other = called.setdefault((model.operation, word), model)
            if other is not model:
                yield f"models {other.name!r} and {model.name!r} of one command can't both be called {word!r} (title)"


def _first_line(exc: Exception) -> str:
    if isinstance(exc, ValidationError):
        error = exc.errors()[0]
        where = ".".join(map(str, error["loc"]))
        return f"{where}: {error['msg']}" if where else error["msg"].removeprefix("Value error, ")
    return str(exc)
