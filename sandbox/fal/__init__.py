"""A stand-in for fal.ai's queue: the same HTTP interface, real clips, and every misbehaviour on request.

`async with FalStandIn() as standin:` listens at `standin.url` (queue), `standin.rest_url` (storage) and
`standin.media_url` (files), for `standin.key`; `standin.jobs` and `standin.requests` tell what came in,
`standin.faults` makes it misbehave (the table is in `faults.py`). `python -m sandbox.fal` runs it alone.
"""

from sandbox.fal.calls import Call
from sandbox.fal.faults import EVER, Fault
from sandbox.fal.jobs import Job
from sandbox.fal.server import FalStandIn

__all__ = ["EVER", "Call", "FalStandIn", "Fault", "Job"]
