"""What is wrong with a call's TLS is told, by all clients: gRPC itself says that nobody answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dnstide.client import AsyncClient, Client, Tls
from dnstide.gateway.testing import running_gateway
from dnstide.model.errors import ServerUnreachable

CERT = Path(__file__).parent.parent / "gateway" / "tls" / "server.pem"
KEY = CERT.with_name("server.key")
SERVED = {"tls_cert": CERT, "tls_key": KEY}
MUTUAL = {**SERVED, "tls_client_ca": CERT}


@pytest.mark.parametrize(
    ("settings", "tls", "told"),
    [
        (SERVED, None, "it speaks TLS: call it with TLS"),
        ({}, Tls(ca=CERT), "it does not speak TLS: call it in clear"),
        (SERVED, Tls(), "its certificate is not trusted (self"),
        (MUTUAL, Tls(ca=CERT), "it asks for a certificate of the client"),
        (SERVED, Tls(ca=CERT), None),
        (MUTUAL, Tls(ca=CERT, cert=CERT, key=KEY), None),
    ],
)
async def test_mistakes_with_tls(
    small_dir: Path, settings: dict[str, Any], tls: Tls | None, told: str | None
) -> None:
    """Each has a text of its own that says what to do; without a mistake the server answers."""
    with running_gateway(small_dir, **settings) as running:
        async with AsyncClient(running.address, tls=tls, timeout=10) as waiting:
            with Client(running.address, tls=tls, timeout=10) as client:
                if told is None:
                    assert client.info().version == (await waiting.info()).version
                    return
                with pytest.raises(ServerUnreachable) as caught:
                    client.info()
                with pytest.raises(ServerUnreachable) as awaited:
                    await waiting.info()
    for error in (caught.value, awaited.value):
        assert str(error).startswith(f"{running.address} answers, but not this call: {told}")


def test_nobody_is_nobody() -> None:
    """Where nothing listens, TLS is not to blame."""
    for tls in (None, Tls(ca=CERT)):
        with Client("127.0.0.1:9", tls=tls, timeout=5) as client, pytest.raises(ServerUnreachable) as caught:
            client.info()
        assert "no server answers at 127.0.0.1:9" in str(caught.value)
