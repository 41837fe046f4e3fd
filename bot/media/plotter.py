"""Charts as pictures, each drawn by a walled-in child."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from bot.errors import InputRejected, ResultInvalid
from bot.media.guard import ChildFailed, Guard
from bot.media.walls import Bounds
from bot.rules.chart import Chart

CHART_BOUNDS = Bounds(wall_seconds=30.0, cpu_seconds=60, file_bytes=64 * 1024**2)


class ChartFailed(Exception):
    """The child ended without a picture."""


class Plotter:
    """`folder` is kept between charts: matplotlib's list of fonts, which takes seconds to make, lies in it."""

    def __init__(self, folder: Path, guard: Guard | None = None) -> None:
        self._folder = folder
        self._guard = guard or Guard(at_once=1, bounds=CHART_BOUNDS)

    async def draw(self, chart: Chart) -> bytes:
        """The chart as a PNG. Raises `ChartFailed`."""
        try:
            await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._folder, prefix="chart-") as folder:
                to = Path(folder) / "chart.png"
                await self._guard.run("chart", self._folder, to=to, chart=chart.model_dump())
                return await asyncio.to_thread(to.read_bytes)
        except (ChildFailed, InputRejected, ResultInvalid, OSError) as exc:
            raise ChartFailed(str(exc)) from exc
