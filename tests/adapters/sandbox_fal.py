"""The service's wire, as plainly as it can be spoken, to a stand-in for fal.ai's queue."""

from __future__ import annotations

from typing import Any

import aiohttp

from sandbox.fal import FalStandIn

T2V = "fal-ai/veo3.1/lite"


class FalCaller:
    """Each method gives the HTTP status and the document."""

    def __init__(self, standin: FalStandIn, session: aiohttp.ClientSession) -> None:
        self.standin, self.session = standin, session
        self.headers = {"Authorization": f"Key {standin.key}"}

    async def call(self, method: str, url: str, **more: Any) -> tuple[int, Any]:
        async with self.session.request(method, url, headers=self.headers | more.pop("headers", {}), **more) as answer:
            return answer.status, await answer.json(content_type=None)

    async def submit(self, arguments: Any = None, *, endpoint: str = T2V, **more: Any) -> tuple[int, Any]:
        asked = {"prompt": "a cat"} if arguments is None else arguments
        return await self.call("POST", f"{self.standin.url}/{endpoint}", json=asked, **more)

    async def taken(self, arguments: Any = None, **more: Any) -> dict[str, Any]:
        """A submit that is taken."""
        status, said = await self.submit(arguments, **more)
        assert status == 200, said
        return dict(said)

    async def status(self, job: dict[str, Any]) -> tuple[int, Any]:
        return await self.call("GET", job["status_url"])

    async def result(self, job: dict[str, Any]) -> tuple[int, Any]:
        return await self.call("GET", job["response_url"])

    async def cancel(self, job: dict[str, Any]) -> tuple[int, Any]:
        return await self.call("PUT", job["cancel_url"])

    async def upload(self, content: bytes, kind: str = "image/png", name: str = "in.png") -> str:
        """The address of what was uploaded, as the JavaScript client does it."""
        url = f"{self.standin.rest_url}/storage/upload/initiate?storage_type=fal-cdn-v3"
        _, place = await self.call("POST", url, json={"content_type": kind, "file_name": name})
        async with self.session.put(place["upload_url"], data=content, headers={"Content-Type": kind}) as answer:
            assert answer.status == 200
        return str(place["file_url"])
