"""Interlaced frames, which hold two moments in alternate lines, made whole on their way to the encoder."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction

import av
from av.filter import Graph
from av.video.frame import VideoFrame

_LEAST_SIDE = 16
"""Pixels; the filter takes nothing much smaller, and no camera made it."""

Timed = tuple[float, VideoFrame]


class Fields:
    """Makes each interlaced frame one whole picture of its first moment; others pass as they are.

    The filter looks at the frame that follows, so frames come out one later than they went in, with their own times.
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._form: tuple[int, int, str] = (0, 0, "")
        self._times: deque[float] = deque()
        self._count = 0

    def take(self, at: float, frame: VideoFrame) -> Iterator[Timed]:
        """The frames that are ready now that the one of time `at` has come."""
        form = (frame.width, frame.height, frame.format.name)
        if self._graph is not None and form != self._form:
            yield from self.end()
        if self._graph is None:
            if not frame.interlaced_frame or min(form[:2]) < _LEAST_SIDE:
                yield at, frame
                return
            self._graph, self._form = _made_for(form), form
        self._times.append(at)
        frame.pts = self._count  # their own time is kept outside, where stamps may be missing or repeated
        self._count += 1
        self._graph.vpush(frame)
        yield from self._drain(self._graph)

    def end(self) -> Iterator[Timed]:
        """The frames that are left."""
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._drain(self._graph)
            self._graph = None

    def _drain(self, graph: Graph) -> Iterator[Timed]:
        while self._times:
            try:
                frame = graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield self._times.popleft(), frame


def _made_for(form: tuple[int, int, str]) -> Graph:
    graph = Graph()
    graph.link_nodes(
        graph.add_buffer(width=form[0], height=form[1], format=form[2], time_base=Fraction(1, 1000)),
        graph.add("bwdif", "mode=send_frame:deint=interlaced"),
        graph.add("buffersink"),
    ).configure()
    return graph
