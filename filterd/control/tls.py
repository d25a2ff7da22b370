"""The box's own certificate, for the page over HTTPS: made here, signed by itself, made anew before it ends.

No browser knows it, so that each asks once whether to trust it; the fingerprint says whether it is this box. It is kept in
one file, STATE/web-tls.pem, with its key, and is no part of a backup: another box shows another one.

    own = ensure(Path("/var/lib/filterd"))
    own.fingerprint                        # 9A:0C:..., as browsers show it
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filterd.errors import StoreError
from filterd.host.files import locked, read_bounded, write_atomic
from filterd.host.interfaces import local_networks

FILE = "web-tls.pem"
VALID_DAYS = 820  # Apple's devices take none that is valid for more than 825 days
RENEW_DAYS = 60  # before the end
NAMES = ("filterd.home.arpa", "localhost")
_MOST_ADDRESSES = 20
_MAX_BYTES = 64 * 1024
_EARLY = timedelta(days=2)  # a device whose clock is behind still takes it


@dataclass(frozen=True, slots=True)
class Own:
    """What the box shows of itself."""

    file: Path  # certificate and key, PEM
    fingerprint: str  # SHA-256 of the certificate, in pairs
    until: float  # POSIX seconds

    def is_due(self, now: float) -> bool:
        """Return whether it is time for the next one."""
        return self.until - now <= RENEW_DAYS * 86_400


def ensure(state: Path, now: float | None = None) -> Own:
    """Return the box's certificate, made when there is none, or none that still holds long enough. Raises StoreError."""
    at = time.time() if now is None else now
    with locked(state / "web-tls.lock"):
        found = look(state)
        if found is not None and not found.is_due(at):
            return found
        write_atomic(state / FILE, _make(at), 0o600)
        made = look(state)
    if made is None:
        raise StoreError(f"{state / FILE}: expected the certificate that was just written")
    return made


def look(state: Path) -> Own | None:
    """Return the certificate that is there; None when there is none, or it cannot be read."""
    from cryptography import x509

    try:
        text = read_bounded(state / FILE, _MAX_BYTES)
        certificate = x509.load_pem_x509_certificate(text)
        der = ssl.PEM_cert_to_DER_cert(text[text.index(b"-----BEGIN CERTIFICATE") :].decode())
    except (OSError, ValueError, StoreError):
        return None
    digest = hashlib.sha256(der).hexdigest().upper()
    pairs = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    return Own(state / FILE, pairs, certificate.not_valid_after_utc.timestamp())


def _make(at: float) -> bytes:
    """Return a new key and a certificate for the names and addresses that this box has now."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.fromtimestamp(at, UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "filterd")])
    others: list[x509.GeneralName] = [x509.DNSName(text) for text in _names()]
    others += [x509.IPAddress(ipaddress.ip_address(text)) for text in _addresses()]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(others), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def _names() -> list[str]:
    """Return the names of this box: what everybody calls it, and its host name, alone and in the house (RFC 6762)."""
    host = socket.gethostname().partition(".")[0].lower()
    plain = host.isascii() and host.replace("-", "").isalnum() and len(host) <= 63
    return [*NAMES, *((host, f"{host}.local") if plain and host != "localhost" else ())]


def _addresses() -> list[str]:
    """Return our addresses that stay: public ones change with the provider."""
    found = [text for text in local_networks()[0] if ipaddress.ip_address(text).is_private]
    return sorted({"127.0.0.1", "::1", *found[:_MOST_ADDRESSES]})
