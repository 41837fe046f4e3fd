"""What a chart shows: its words are in the reader's language already, so that drawing it needs no sentences."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Bar(BaseModel):
    """One bar: its label, and a number for each of the panel's parts."""

    model_config = ConfigDict(frozen=True)

    label: str = Field(max_length=60)
    values: tuple[float, ...]


class Panel(BaseModel):
    """One of a chart's pictures. `parts` name what lies on each other in a bar; one without a name needs no legend.
    `across`: the bars lie, for labels that are long."""

    model_config = ConfigDict(frozen=True)

    title: str = Field(max_length=80)
    parts: tuple[str, ...] = ("",)
    bars: tuple[Bar, ...]
    across: bool = False


class Chart(BaseModel):
    """The first panel across the whole width, the others side by side below it."""

    model_config = ConfigDict(frozen=True)

    title: str = Field(max_length=120)
    panels: tuple[Panel, ...]
    nothing: str = Field(max_length=80)
    """What an empty panel says."""
    thousands: str = Field(default=",", max_length=4)
    """The sign between thousands."""
