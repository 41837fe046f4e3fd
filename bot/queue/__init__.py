"""The video service's Queue API, usable by itself: needs aiohttp and pydantic, and nothing else of Clapper but rules.

    async with QueueClient(api_key=key) as queue:
        done = await queue.submit_and_poll("lucy-pro-t2v", prompt="a cat playing piano", path=Path("cat.mp4"))

See `QueueClient`.
"""

from bot.errors import (
    QueueDeadlineError,
    QueueDiskError,
    QueueError,
    QueueInputError,
    QueueJobNotFoundError,
    QueueModelUnknownError,
    QueueResultError,
    QueueStatusError,
    QueueSubmitError,
)
from bot.http.tuning import Concurrency, Retry, Timeouts
from bot.http.values import FileInput, JobStatus, Upload
from bot.queue.client import QueueClient
from bot.queue.responses import (
    CompletedJob,
    FailedJob,
    JobStatusResponse,
    JobSubmitResponse,
    QueueJobResult,
)

__all__ = [
    "CompletedJob",
    "Concurrency",
    "FailedJob",
    "FileInput",
    "JobStatus",
    "JobStatusResponse",
    "JobSubmitResponse",
    "QueueClient",
    "QueueDeadlineError",
    "QueueDiskError",
    "QueueError",
    "QueueInputError",
    "QueueJobNotFoundError",
    "QueueJobResult",
    "QueueModelUnknownError",
    "QueueResultError",
    "QueueStatusError",
    "QueueSubmitError",
    "Retry",
    "Timeouts",
    "Upload",
]
