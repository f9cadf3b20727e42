"""Certificates are replaced while the server runs."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from pathlib import Path

import grpc
import pytest
from dnstide.client import Client, ServerUnreachable, Tls
from dnstide.gateway.certificates import CertificateError, CertificateFiles, Certificates
from dnstide.gateway.testing import running_gateway

FILES = Path(__file__).with_name("tls")


def make(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this machine of that common name, and its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -addext"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    made = ["openssl", *words.split(), names, "-subj", f"/CN={name}", "-keyout", key, "-out", cert]
    subprocess.run(made, check=True, capture_output=True)
    return cert, key


def served(address: str) -> bytes:
    """The certificate with which a new connection is answered."""
    host, port = address.split(":")
    return ssl.get_server_certificate((host, int(port)), timeout=20).encode().strip()


def put(source: Path, place: Path) -> None:
    """As tools that renew certificates do: written aside, and renamed."""
    shutil.copy(source, place.with_name(".new"))
    os.replace(place.with_name(".new"), place)


def test_a_renewed_certificate_is_served_to_the_next_connection(
    small_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not while only one of the two files is there; and calls of before go on."""
    caplog.set_level("INFO")
    old, new = make(tmp_path, "old"), make(tmp_path, "new")
    cert, key = tmp_path / "server.pem", tmp_path / "server.key"
    put(old[0], cert)
    put(old[1], key)
    with running_gateway(small_dir, tls_cert=cert, tls_key=key) as running:
        with Client(running.address, tls=Tls(ca=old[0])) as before:
            assert before.volume("www.example.com").complete
            assert served(running.address) == old[0].read_bytes().strip()
            put(new[0], cert)
            assert served(running.address) == old[0].read_bytes().strip()
            assert "the certificate is served as it was: " in caplog.text
            put(new[1], key)
            assert served(running.address) == new[0].read_bytes().strip()
            assert before.volume("www.example.com").complete
        with Client(running.address, tls=Tls(ca=new[0])) as after:
            assert after.volume("www.example.com").complete
        with Client(running.address, tls=Tls(ca=old[0])) as stranger, pytest.raises(ServerUnreachable):
            stranger.info()
        cert.unlink()
        assert served(running.address) == new[0].read_bytes().strip()


def test_other_clients_are_let_in_once_their_authority_is(small_dir: Path, tmp_path: Path) -> None:
    """The CAs of clients are read anew as well."""
    one, two = make(tmp_path, "one"), make(tmp_path, "two")
    cas = tmp_path / "cas.pem"
    put(one[0], cas)
    mutual = {"tls_cert": FILES / "server.pem", "tls_key": FILES / "server.key", "tls_client_ca": cas}
    with running_gateway(small_dir, **mutual) as running:

        def asks(cert: Path, key: Path) -> bool:
            with Client(running.address, tls=Tls(FILES / "server.pem", cert, key), timeout=10) as client:
                try:
                    return client.info().ready
                except ServerUnreachable:
                    return False

        assert (asks(*one), asks(*two)) == (True, False)
        put(two[0], cas)
        assert (asks(*one), asks(*two)) == (False, True)


@pytest.mark.parametrize("wrong", ["no such file", "no certificate", "another key"])
def test_what_cannot_be_served_is_told(tmp_path: Path, wrong: str) -> None:
    """At the start, where it is an error."""
    cert, key = make(tmp_path, "one")
    if wrong == "no such file":
        key.unlink()
    elif wrong == "no certificate":
        cert.write_text("hello")
    else:
        key = make(tmp_path, "two")[1]
    with pytest.raises(
        CertificateError, match=r"cannot read .*one\.key|one\.pem and .* are not a certificate"
    ):
        Certificates(CertificateFiles(cert, key, None))
    assert isinstance(
        Certificates(CertificateFiles(*make(tmp_path, "three"), None)).credentials(), grpc.ServerCredentials
    )
