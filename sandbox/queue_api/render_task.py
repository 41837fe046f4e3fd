"""From a job of the queue to the task that a renderer gets."""

from __future__ import annotations

from sandbox.queue_api.jobs import Job
from sandbox.queue_api.models import Model
from sandbox.render.task import Task, frame_size


def render_task_of(job: Job, model: Model, *, clip_seconds: float, preview_width: int | None) -> Task:
    """The task for a job's clip. `preview_width`: a width under the model's own, to render quickly; it is not used
    where the clip must be large."""
    order = job.order
    narrow = None if job.plan.noise_bytes else preview_width
    width, height = frame_size(
        model.width, model.height, resolution=order.resolution, portrait=order.portrait, preview_width=narrow
    )
    return Task(
        operation=model.operation,
        model=job.model,
        width=width,
        height=height,
        fps=model.fps,
        seconds=clip_seconds,
        seed=job.seed,
        prompt=order.prompt,
        enhance=order.enhance,
        files={name: str(part.path) for name, part in order.files.items()},
        digests={name: part.sha256 for name, part in order.files.items()},
        points=[(frame, x / model.width, y / model.height) for frame, x, y in order.points],
        noise_bytes=job.plan.noise_bytes,
        pad_to_bytes=job.plan.pad_bytes,
    )
