"""From a job of the queue to the task that a renderer gets."""

from __future__ import annotations

from sandbox.fal.jobs import Job
from sandbox.fal.models import Model
from sandbox.fal.validation import Order
from sandbox.render.operations import Operation
from sandbox.render.task import Task, frame_size

_HEIGHTS = {"4k": 2160}
_WIDE = 16 / 9


def render_task_of(job: Job, model: Model, order: Order, *, clip_seconds: float, preview_width: int | None) -> Task:
    """The task for a job's clip. `preview_width`: a width under the model's
    own, to render quickly. Clips are never longer than `clip_seconds`, whatever was asked."""
    height = _HEIGHTS.get(order.resolution) or int(order.resolution.removesuffix("p"))
    width, height = frame_size(
        round(height * _WIDE), height, resolution="", portrait=order.portrait, preview_width=preview_width
    )
    operation = model.operation
    if operation is Operation.IMAGE and "end" in order.files:
        operation = Operation.FIRST_LAST
    names = {"data": "start"} if operation is Operation.FIRST_LAST else {}
    return Task(
        operation=operation,
        model=job.endpoint,
        width=width,
        height=height,
        fps=model.fps,
        seconds=min(clip_seconds, order.seconds),
        seed=job.seed,
        prompt=order.prompt,
        files={names.get(name, name): str(path) for name, path in order.files.items()},
        digests={names.get(name, name): digest for name, digest in order.digests.items()},
        noise_bytes=job.plan.noise_bytes,
        pad_to_bytes=job.plan.pad_bytes,
    )
