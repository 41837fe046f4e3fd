"""`python -m sandbox.render.worker`: one line of JSON in, a clip on disk, one line of JSON out.

A process of its own, so that drawing never holds up the server and a file that breaks a decoder breaks nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
from PIL import Image

from sandbox.render import remakes, scenes
from sandbox.render.clips import Frame, Unreadable, pad, shape_of, write_clip
from sandbox.render.drawing import open_picture
from sandbox.render.operations import Operation
from sandbox.render.task import SECONDS_MAX, SECONDS_MIN, Task
from sandbox.service.sniff import PIXELS_CAP

_SCENES: dict[str, Callable[[Task], Iterator[Frame]]] = {
    Operation.TEXT: scenes.text_scene,
    Operation.IMAGE: scenes.image_scene,
    Operation.FIRST_LAST: scenes.first_last_scene,
    Operation.MOTION: scenes.motion_scene,
    Operation.VIDEO: remakes.remake_scene,
    Operation.RESTYLE: remakes.remake_scene,
    Operation.EDIT: remakes.remake_scene,
    Operation.TRY_ON: remakes.try_on_scene,
}
_FROM_VIDEO = {Operation.VIDEO, Operation.RESTYLE, Operation.EDIT, Operation.TRY_ON}


def render(task: Task, out: Path) -> None:
    """Make the clip of `task` at `out`. Raises `Unreadable` where an input can't be decoded."""
    try:
        task = _fitted(task)
        if task.operation == Operation.PICTURE:
            remakes.remade_picture(task).save(out, format="PNG")
            return
        scene = scenes.noise_scene if task.noise_bytes else _SCENES[task.operation]
        sound = Path(task.files["data"]) if task.operation in _FROM_VIDEO else None
        bit_rate = round(task.noise_bytes * 8 / task.seconds)
        write_clip(out, scene(task), task.width, task.height, task.fps, sound=sound, bit_rate=bit_rate)
    except (av.FFmpegError, EOFError) as exc:
        raise Unreadable("The input could not be decoded") from exc
    pad(out, task.pad_to_bytes)


def _fitted(task: Task) -> Task:
    """The task with its frame turned for upright inputs, and with an uploaded video's length where there is one."""
    if task.operation in _FROM_VIDEO:
        width, height, seconds = shape_of(Path(task.files["data"]))
        task = replace(task, seconds=min(SECONDS_MAX, max(SECONDS_MIN, seconds or task.seconds)))
    elif task.operation == Operation.MOTION:
        # The points are in the frame as it is, so that is never turned; the clip is as long as the path, within bounds.
        seconds = (task.points[-1][0] + 1) / task.fps
        return replace(task, seconds=min(SECONDS_MAX, max(SECONDS_MIN, seconds)))
    elif task.operation in {Operation.IMAGE, Operation.FIRST_LAST, Operation.PICTURE}:
        width, height = open_picture(task.files.get("data") or task.files["start"]).size
    else:
        return task
    return replace(task, width=task.height, height=task.width) if height > width else task


def main() -> None:
    """Serve until the other side closes the pipe."""
    Image.MAX_IMAGE_PIXELS = PIXELS_CAP
    av.logging.set_level(av.logging.PANIC)
    with contextlib.suppress(OSError):
        os.nice(5)
    for line in sys.stdin:
        task, out = Task.from_line(line)
        answer: dict[str, str | bool]
        try:
            render(task, Path(out))
            answer = {"ok": True}
        except Unreadable as exc:
            answer = {"ok": False, "reason": str(exc)}
        except Exception as exc:  # noqa: BLE001 - whatever breaks on a stranger's file fails that one job
            answer = {"ok": False, "reason": f"Internal error while rendering ({type(exc).__name__}: {exc})"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
