"""What says from outside whether the process does its work."""

from __future__ import annotations

from bot.ops.health import HealthServer
from bot.wiring.ground import Ground
from bot.wiring.work import Parts
from bot.work.cluster import ClusterEngine


def health_server(ground: Ground, parts: Parts) -> HealthServer:
    """Not listening yet. It is ready while the database answers, Discord is connected and the cluster knows it."""

    async def database_answers() -> bool:
        await parts.database.check()
        return True

    async def discord_is_ready() -> bool:
        return parts.client.is_ready() and not parts.client.is_closed()

    async def cluster_knows_us() -> bool:
        return not isinstance(parts.engine, ClusterEngine) or parts.engine.in_touch

    return HealthServer(
        host=ground.settings.http_host,
        port=ground.settings.http_port,
        metrics=ground.metrics,
        checks={
            "database": database_answers,
            **({"discord": discord_is_ready} if ground.gateway else {}),
            **({"cluster": cluster_knows_us} if ground.settings.clustered else {}),
        },
        routes=parts.downloads.routes(),
    )
