"""Which video service a job is at: by its model before the submit, by its row's remote id from then on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from bot.errors import KeyRefused, QueueError
from bot.rules.catalog import Model, ServiceName
from bot.rules.jobs import Job, JobState
from bot.rules.services import Cancellation, VideoService

log = logging.getLogger(__name__)

CANCEL_SECONDS = 1.5
"""Discord gives three seconds for the answer to a press."""
_MARKS: Mapping[str, ServiceName] = {"fal:": "fal", "decart:": "decart"}
"""How a row's remote id begins: a job outlives its model's catalogue entry. The first service's has no mark, unless it
could be taken for another one's."""


class VideoServices:
    """The services that the operator has a key for. Asked for another one they raise `KeyRefused`."""

    def __init__(self, services: Mapping[ServiceName, VideoService]) -> None:
        self._services = services
        self._troubles: dict[ServiceName, str] = {}

    def of_model(self, model: Model) -> VideoService:
        """Where jobs of the model are submitted."""
        return self._named(model.service)

    def of_job(self, remote_id: str) -> tuple[VideoService, str]:
        """Where the job of that row is, and its id there."""
        for mark, name in _MARKS.items():
            if remote_id.startswith(mark):
                return self._named(name), remote_id.removeprefix(mark)
        return self._named("decart"), remote_id

    async def cancel(self, job: Job) -> bool:
        """Have the service cancel the job, where it can. True only where it surely never runs, and so costs nothing.

        A member waits for this: a service that does not answer for `CANCEL_SECONDS` is left alone.
        """
        if job.remote_id is None or job.state not in {JobState.PENDING, JobState.PROCESSING}:
            return False
        try:
            service, remote_id = self.of_job(job.remote_id)
            if not service.capabilities.cancels:
                return False
            async with asyncio.timeout(CANCEL_SECONDS):
                how = await service.cancel(remote_id)
        except (QueueError, KeyRefused, TimeoutError) as exc:
            log.warning("job %s may go on at its service: %s", job.id, str(exc) or type(exc).__name__)
            return False
        log.info("job %s: the service says of the cancelling: %s", job.id, how)
        return how is Cancellation.CANCELLED

    @property
    def in_trouble(self) -> tuple[ServiceName, ...]:
        """The services that took no job lately for a reason which whoever runs the bot must mend."""
        return tuple(sorted(self._troubles))

    def is_new_trouble(self, service: ServiceName, what: str) -> bool:
        """Whether the service has not been noted to have this trouble already; it is from now on."""
        known = self._troubles.get(service)
        self._troubles[service] = what
        return known != what

    def trouble_is_over(self, service: ServiceName) -> None:
        """The service took a job."""
        if self._troubles.pop(service, None) is not None:
            log.info("the service %s takes jobs again", service)

    def row_id(self, model: Model, remote_id: str) -> str:
        """The id as a row keeps it."""
        mark = next(mark for mark, name in _MARKS.items() if name == model.service)
        unmarked = model.service == "decart" and not remote_id.startswith(tuple(_MARKS))
        return remote_id if unmarked else mark + remote_id

    def _named(self, name: ServiceName) -> VideoService:
        try:
            return self._services[name]
        except KeyError:
            raise KeyRefused from None
