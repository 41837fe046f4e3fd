"""A real server that speaks S3, which a test can stop and start again without losing what it holds."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from moto.server import ThreadedMotoServer


class S3Server:
    """`endpoint` is its address, which stays the same however often it is stopped and started."""

    def __init__(self) -> None:
        self._server = self._started(0)
        _, self._port = self._server.get_host_and_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"

    def stop(self) -> None:
        """From now on nothing listens at the address."""
        self._server.stop()

    def start(self) -> None:
        """Listen again; the objects are as they were, since moto keeps them in this process's memory."""
        self._server = self._started(self._port)

    def add_bucket(self, name: str) -> None:
        with urllib.request.urlopen(urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")) as answer:
            assert answer.status == 200

    @staticmethod
    def _started(port: int) -> ThreadedMotoServer:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
        server.start()
        server.get_host_and_port()  # returns once it listens
        return server


@contextmanager
def s3_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[S3Server, str]]:
    """The server with a new bucket, named in the environment as obstore reads it; gives it and the `FILES_URL`."""
    server, bucket = S3Server(), f"clapper-{uuid4().hex}"
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a-key",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server.endpoint,
    }.items():
        monkeypatch.setenv(name, value)
    server.add_bucket(bucket)
    try:
        yield server, f"s3://{bucket}/some/prefix"
    finally:
        server.stop()
