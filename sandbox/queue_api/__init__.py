"""A stand-in for the video service's Queue API: the same HTTP interface, real clips, and every misbehaviour on request.

`async with QueueStandIn() as standin:` listens at `standin.url` for `standin.api_key`; `standin.jobs` and
`standin.requests` tell what came in, `standin.faults` makes it misbehave (the table is in `faults.py`).
`python -m sandbox.queue_api` runs it alone.
"""

from sandbox.queue_api.calls import Call
from sandbox.queue_api.faults import EVER, Fault
from sandbox.queue_api.jobs import Job
from sandbox.queue_api.server import QueueStandIn

__all__ = ["EVER", "Call", "Fault", "Job", "QueueStandIn"]
