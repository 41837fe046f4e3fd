"""fal.ai's queue, usable by itself: needs aiohttp and pydantic, and nothing else of Clapper but rules.

    async with FalClient(key=key) as fal:
        job = (await fal.submit("fal-ai/veo3.1/lite", {"prompt": "a cat playing piano"})).job

See `FalClient`.
"""

from bot.fal.client import MEDIA_HOSTS, FalClient
from bot.fal.responses import FalJob, FalResult, FalStatus

__all__ = ["MEDIA_HOSTS", "FalClient", "FalJob", "FalResult", "FalStatus"]
