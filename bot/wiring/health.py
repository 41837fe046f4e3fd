"""Builds the server for health, metrics and downloads."""

from __future__ import annotations

from bot.ops.health import HealthServer
from bot.wiring.process import Process
from bot.wiring.work import Parts
from bot.work.engines.cluster import ClusterEngine


def health_server(process: Process, parts: Parts) -> HealthServer:
    """Not listening yet. It is ready while the database answers, Discord is connected and the cluster knows it."""

    async def database_answers() -> bool:
        await parts.database.check()
        return True

    async def discord_is_ready() -> bool:
        return parts.bot.connected

    async def cluster_knows_us() -> bool:
        return not isinstance(parts.engine, ClusterEngine) or parts.engine.in_touch

    return HealthServer(
        host=process.settings.http_host,
        port=process.settings.http_port,
        metrics=process.metrics,
        clock=process.clock,
        checks={
            "database": database_answers,
            **({"discord": discord_is_ready} if process.gateway else {}),
            **({"cluster": cluster_knows_us} if process.settings.clustered else {}),
        },
        routes=parts.downloads.routes(),
    )
