"""The CDN: signed addresses that expire, with ranges so that browsers can seek in a video."""

from __future__ import annotations

import asyncio

from aiohttp import web

from sandbox.discord.core import Core


class Cdn:
    """Counts its downloads by attachment id in `served`."""

    def __init__(self, core: Core, router: web.UrlDispatcher) -> None:
        self.core = core
        self.served: dict[str, int] = {}
        for kind in ("attachments", "ephemeral-attachments"):
            router.add_get(f"/{kind}/{{folder}}/{{attachment_id}}/{{name}}", self.serve)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.core.faults.cdn_delay:
            await asyncio.sleep(self.core.faults.cdn_delay)
        if self.core.faults.cdn_status:
            return web.Response(status=self.core.faults.cdn_status, text="Fault on request")
        if self.core.faults.cdn_redirect:
            return web.Response(status=302, headers={"Location": self.core.faults.cdn_redirect})
        found = self.core.files.admit(request.match_info["attachment_id"], dict(request.query))
        if isinstance(found, int):
            text = "This content is no longer available." if found == 404 else "Forbidden"
            return web.Response(status=found, text=text)
        self.served[found.id] = self.served.get(found.id, 0) + 1
        headers = {
            "Content-Disposition": f'attachment; filename="{found.filename}"',
            "Access-Control-Allow-Origin": "*",
        }
        headers["Content-Type"] = found.content_type or "application/octet-stream"
        # FileResponse answers ranges by itself.
        return web.FileResponse(found.path, headers=headers)
