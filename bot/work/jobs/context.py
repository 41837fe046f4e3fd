"""What the steps work with: gathered once in `bot.wiring`, handed on as one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.ops.metrics import Metrics
from bot.rules.catalog import Catalog, Role
from bot.rules.clock import Clock
from bot.rules.delivery import Announcer
from bot.rules.durations import Durations
from bot.rules.media import Encoder, Files, Intake, Links
from bot.settings import Settings
from bot.store.admission import Admission
from bot.store.jobs import Jobs
from bot.work.background import BackgroundTasks
from bot.work.jobs.availability import Availability
from bot.work.jobs.video_services import VideoServices
from bot.work.working_folders import working_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """The collaborators of a job's steps."""

    jobs: Jobs
    services: VideoServices
    files: Files
    intake: Intake
    encoder: Encoder
    announcer: Announcer
    catalog: Catalog
    admission: Admission
    availability: Availability
    durations: Durations
    clock: Clock
    metrics: Metrics
    settings: Settings
    background: BackgroundTasks
    links: Links | None = None

    def working_folder(self) -> AbstractContextManager[Path]:
        """A folder for the files of one step, gone at its end. Entering raises `FilesUnavailable`."""
        return working_folder(self.settings, prefix="job-")


def results_kept(settings: Settings) -> timedelta:
    """For how long a video stays after its job has ended; a link lives as long, so it is never nothing."""
    return timedelta(hours=settings.keep_results_hours or 24)


def input_key(job_id: str, role: str) -> str:
    return f"jobs/{job_id}/{role}"


def result_key(job_id: str) -> str:
    return f"jobs/{job_id}/result"


def still_key(job_id: str) -> str:
    return f"jobs/{job_id}/still"


def result_keys(job_id: str) -> list[str]:
    """Every key under which a job may have stored its video, or what was made from it."""
    return [result_key(job_id), still_key(job_id)]


def file_keys(job_id: str) -> list[str]:
    """Every key under which a job may have stored files, whatever its row says."""
    return [*result_keys(job_id), *input_keys(job_id)]


def input_keys(job_id: str) -> list[str]:
    """Every key under which a job may have stored inputs."""
    return [input_key(job_id, role) for role in Role]
