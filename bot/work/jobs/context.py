"""What the steps work with: gathered once in `bot.wiring`, handed on as one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.errors import FilesUnavailable
from bot.ops.metrics import Metrics
from bot.queue import QueueClient
from bot.rules.catalog import Catalog, Role
from bot.rules.clock import Clock
from bot.rules.delivery import Announcer
from bot.rules.media import Encoder, Files, Intake, Links
from bot.rules.polling import Durations
from bot.settings import Settings
from bot.store.jobs import Jobs
from bot.work.jobs.availability import Availability


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """The collaborators of a job's steps."""

    jobs: Jobs
    queue: QueueClient
    files: Files
    intake: Intake
    encoder: Encoder
    announcer: Announcer
    catalog: Catalog
    availability: Availability
    durations: Durations
    clock: Clock
    metrics: Metrics
    settings: Settings
    links: Links | None = None

    @contextmanager
    def working_folder(self) -> Iterator[Path]:
        """A folder of its own under `DATA_DIR`, gone at the end however it ends (after a crash: at the next start).

        It is locked while it is in use, so that whoever tidies up can tell it from one that a crash left. Raises
        `FilesUnavailable` where none can be made.
        """
        try:
            made = TemporaryDirectory(dir=working_root(self.settings), prefix="job-", ignore_cleanup_errors=True)
        except OSError as exc:
            raise FilesUnavailable(f"no working folder can be made: {exc}") from exc
        with made as folder:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH)
                yield Path(folder)
            finally:
                os.close(descriptor)


def working_root(settings: Settings) -> Path:
    """Where the folders of `workbench` are; made if need be."""
    root = settings.data_dir / "work"
    root.mkdir(parents=True, exist_ok=True)
    return root


def results_kept(settings: Settings) -> timedelta:
    """For how long a video stays after its job has ended; a link lives as long, so it is never nothing."""
    return timedelta(hours=settings.keep_results_hours or 24)


def input_key(job_id: str, role: str) -> str:
    return f"jobs/{job_id}/{role}"


def result_key(job_id: str) -> str:
    return f"jobs/{job_id}/result"


def file_keys(job_id: str) -> list[str]:
    """Every key under which a job may have stored files, whatever its row says."""
    return [result_key(job_id), *(input_key(job_id, role) for role in Role)]
