"""The box's own certificate: made once, made anew before its end, or when it cannot be read."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509

from filterd.control import tls

NOW = 1_790_000_000.0
DAY_S = 86_400


def test_it_is_made_once_and_only_its_owner_reads_the_key(tmp_path: Path) -> None:
    own = tls.ensure(tmp_path, NOW)
    assert own == tls.ensure(tmp_path, NOW) == tls.look(tmp_path)
    assert own.file.stat().st_mode & 0o777 == 0o600
    assert own.until == NOW + tls.VALID_DAYS * DAY_S
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(own.file)


def test_it_is_made_anew_before_its_end(tmp_path: Path) -> None:
    own = tls.ensure(tmp_path, NOW)
    last = own.until - tls.RENEW_DAYS * DAY_S
    assert tls.ensure(tmp_path, last - 1) == own
    fresh = tls.ensure(tmp_path, last)
    assert fresh.fingerprint != own.fingerprint and fresh.until == last + tls.VALID_DAYS * DAY_S


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN CERTIFICATE-----\nx\n", b"\xff" * 100, b"x" * 70_000])
def test_a_damaged_one_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / tls.FILE).write_bytes(damage)
    assert tls.look(tmp_path) is None
    assert tls.ensure(tmp_path, NOW).until > NOW


def test_it_names_what_the_box_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "local_networks", lambda: (["192.168.1.2", "fd00::2", "2001:4860::2"], []))
    monkeypatch.setattr(tls.socket, "gethostname", lambda: "Pi-Nha.example.org")
    own = tls.ensure(tmp_path, NOW)
    certificate = x509.load_pem_x509_certificate(own.file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["filterd.home.arpa", "localhost", "pi-nha", "pi-nha.local"]
    # public addresses change with the provider
    assert {str(a) for a in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1", "192.168.1.2", "fd00::2"}
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_host_name_that_is_none_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls.socket, "gethostname", lambda: "máy_nhà")
    assert tls.ensure(tmp_path, NOW).until > NOW
