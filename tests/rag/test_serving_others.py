"""``vouch serve`` where other machines reach it: who gets in, and HTTPS."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from corpus.errors import UsageError
from corpus.settings import Settings
from rag.addresses import is_near
from rag.owner.calling import call
from rag.serving import serve
from tests.rag.serve_runs import Start, data, start

__all__ = ["data", "start"]

LEAVE = "How many days of annual leave move into the next year?"


def test_where_others_reach_it_nobody_gets_in_before_a_key_is_made_beside_it(start: Start) -> None:
    server = start("--host", "0.0.0.0")
    server.wait("/ready")
    assert server.process.stdout is not None
    assert b"Serving" in server.process.stdout.readline()
    collections = f"{server.url}/api/collections"
    refused = httpx.get(collections)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "no_key")
    made = call(server.settings, "keys.add", {"user": "mia"})
    key = {"authorization": f"Bearer {made['secret']}", "host": "vouch.example.org"}
    assert httpx.get(collections, headers=key).json()["collections"][0]["name"] == "company"
    call(server.settings, "keys.revoke", {"keys": ["mia"]})
    assert httpx.get(collections, headers=key).json()["error"]["code"] == "key_revoked"
    code, err = server.end()
    assert code == 0
    assert "nobody is let in" in err
    assert "can be read on the way" in err.replace("\n", " ")
    assert made["secret"] not in err


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine and its key, each in a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "cert.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    locked = BestAvailableEncryption(b"secret")
    (folder / "locked.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    other = ec.generate_private_key(ec.SECP256R1())
    (folder / "other.pem").write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


def test_it_serves_https_with_a_certificate(
    start: Start, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOUCH_CERTIFICATE", str(certificate[0]))
    monkeypatch.setenv("VOUCH_CERTIFICATE_KEY", str(certificate[1]))
    server = start()
    assert server.process.stdout is not None
    url = f"https://localhost:{server.port}"
    assert f"on https://127.0.0.1:{server.port} " in server.process.stdout.readline().decode()
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    made = call(server.settings, "keys.add", {"user": "mia"})
    with httpx.Client(base_url=url, verify=trusting, timeout=60) as client:
        signed_in = client.post("/api/session", json={"key": made["secret"]}, headers={"origin": url})
        assert "Secure" in signed_in.headers["set-cookie"]
        assert "five days" in client.post("/api/ask", json={"question": LEAVE}).json()["text"]
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://localhost:{server.port}/live")
    assert server.end() == (0, "Starting …\nStopped.\n")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("missing.pem", "key.pem"), "cannot be read"),
        (("cert.pem", "missing.pem"), "cannot be read"),
        (("key.pem", "key.pem"), "no certificate"),
        (("cert.pem", "other.pem"), "no certificate"),
        (("cert.pem", "locked.pem"), "password"),
        (("cert.pem", None), "no certificate"),
        ((None, "key.pem"), "no certificate"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_named_before_anything_is_served(
    certificate: tuple[Path, Path], names: tuple[str | None, str | None], said: str, tmp_path: Path
) -> None:
    cert, key = (None if name is None else certificate[0].with_name(name) for name in names)
    with pytest.raises(UsageError, match=said) as refused:
        serve(Settings(data_dir=tmp_path, port=0, certificate=cert, certificate_key=key))
    assert refused.value.code == "bad_certificate"


def test_whoever_says_so_serves_others_without_keys(start: Start) -> None:
    server = start("--host", "0.0.0.0", "--insecure")
    server.wait("/ready")
    assert httpx.get(f"{server.url}/api/collections").status_code == 200
    code, err = server.end()
    assert code == 0
    assert "whoever reaches 0.0.0.0" in err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "", "127.0.0.1.example.org"])
def test_an_address_that_others_reach_is_known(host: str) -> None:
    assert not is_near(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_an_address_of_this_machine_is_known(host: str) -> None:
    assert is_near(host)
