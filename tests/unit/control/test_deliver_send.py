"""One message to one channel: what arrives, and every way in which it may not."""

from __future__ import annotations

import hashlib
import hmac
import ssl
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filterd.control import deliver_send
from filterd.control.deliver import bounded
from filterd.control.deliver_send import Message, NotDelivered, mail_of, reason_words, send
from filterd.model.alert import Email, Ntfy, Webhook
from tests.unit.control.receivers import Mail, Web, free_port

MESSAGE = Message(
    "0123456789abcdef",
    "harm_first",
    1_795_500_000_000,
    "Đã chặn: Cờ bạc",
    "Hãy nói chuyện với con. 🙂",
    "vi",
    {"count": 2},
)
HOSTILE = [
    "x\r\nBcc: evil@example.org", "=?=?utf-8?q?=0D=0ABcc=3A_evil?=", "a =?utf-8?b?DQpCY2M6IGV2aWw=?= b", "x\nX-Evil: 1", "x\r\n\r\nbody", "x\x00y", "x\u2028Bcc: a@b", "x" * 5000, "\u202egpj.exe",
    "=?utf-8?q?=0D=0ABcc=3A?=", "\x85Bcc: a", "a\x1b[2J",
]  # fmt: skip


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate with its key, for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_bytes((folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes())
    return both


def why(channel: Webhook | Ntfy | Email, message: Message = MESSAGE) -> str:
    """Why it is not delivered."""
    with pytest.raises(NotDelivered) as refused:
        send(channel, message)
    error = refused.value
    assert error.__cause__ is None and (
        error.__context__ is None or error.__suppress_context__
    )  # the cause has the address in it
    return refused.value.reason_text()


def mailbox(port: int, **more: Any) -> Email:
    return Email(
        **{"host": "127.0.0.1", "sender": "box@example.org", "to": ("mum@example.org",), "port": port, "tls": "none"}
        | more
    )


# --- webhook ---


def test_a_webhook_gets_json_with_an_id(web_proxy_trap: None) -> None:
    with Web() as web:
        send(Webhook(f"{web.url}/hook?a=1"), MESSAGE)
    ((path, headers, _),) = web.got
    assert path == "/hook?a=1" and headers["idempotency-key"] == MESSAGE.uid
    assert headers["content-type"] == "application/json; charset=utf-8" and headers["user-agent"] == "filterd"
    assert "x-filterd-signature" not in headers and "cookie" not in headers and "authorization" not in headers
    assert web.documents == [
        {"count": 2, "id": MESSAGE.uid, "kind": "harm_first", "at": "2026-11-24T06:00:00+00:00", "title": MESSAGE.title,
         "text": MESSAGE.text, "language": "vi"}
    ]  # fmt: skip


@pytest.fixture
def web_proxy_trap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the environment says decides nothing."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def test_a_signature_covers_the_body_and_its_time() -> None:
    with Web() as web:
        send(Webhook(f"{web.url}/", "kéy"), MESSAGE)
    ((_, headers, body),) = web.got
    stamp = headers["x-filterd-timestamp"]
    mac = hmac.new("kéy".encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["x-filterd-signature"] == f"sha256={mac}" and abs(int(stamp) - time.time()) < 600


@pytest.mark.parametrize(("code", "said"), [(200, ""), (204, ""), (299, ""), (302, "redirect 302"), (307, "redirect 307"),
    (400, "status 400"), (404, "status 404"), (429, "status 429"), (500, "status 500"), (503, "status 503")])  # fmt: skip
def test_statuses(code: int, said: str) -> None:
    with Web(codes=(code,)) as web:
        if said:
            assert why(Webhook(web.url)) == said
        else:
            send(Webhook(web.url), MESSAGE)
    assert len(web.got) == 1  # a redirect was not followed, nothing was tried twice


def test_nobody_there() -> None:
    assert why(Webhook(f"http://127.0.0.1:{free_port()}/")) == "unreachable"
    assert why(Webhook("https://nowhere.invalid/")) == "unreachable"


def test_an_answer_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver_send, "READ_S", 0.2)
    gate = threading.Event()
    with Web(behave=lambda _: gate.wait(20) and None) as web:
        assert why(Webhook(web.url)) == "timeout"
        gate.set()


def test_an_endless_answer_is_not_read() -> None:
    sent = []

    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not web.stopping.is_set():
            handler.wfile.write(b"x" * 65_536)
            sent.append(1)

    with Web(behave=endless) as web:
        send(Webhook(web.url), MESSAGE)
    assert len(sent) * 65_536 < 64 * 1024 * 1024


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\xff\xfe\0\0" * 50, b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n",
    b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n", b""])  # fmt: skip
def test_an_answer_that_is_no_http(answer: bytes) -> None:
    def garbage(handler: Any) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    with Web(behave=garbage) as web:
        assert why(Webhook(web.url)) in ("unreachable", "answer")


def test_a_trickle_of_headers_ends_with_the_attempt() -> None:
    def trickle(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not web.stopping.wait(0.02):
            handler.wfile.write(b"A: b\r\n"[:1])
            handler.wfile.flush()

    with Web(behave=trickle) as web:
        hanging = bounded(lambda: send(Webhook(web.url), MESSAGE), 0.5)
        assert hanging is not None and hanging.is_alive()
    hanging.join(20)


def test_tls_that_nobody_vouches_for(certificate: Path) -> None:
    with Mail(certificate=certificate, tls=True) as server:  # any TLS server does
        assert why(Webhook(f"https://localhost:{server.port}/")) == "tls"
        assert server.commands == []


@pytest.mark.parametrize("addresses", [["8.8.8.8"], ["192.168.1.2", "8.8.8.8"], ["0.0.0.0"]])
def test_without_encryption_nothing_leaves_the_house(addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", (a, 80)) for a in addresses]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    assert why(Webhook("http://nas.local/x")) == "outside"
    assert why(mailbox(25, host="nas.local")) == "outside"


def test_secrets_are_in_no_words(caplog: pytest.LogCaptureFixture) -> None:
    secret = Webhook("https://nowhere.invalid/SECRETPATH?k=SECRETKEY", "SECRETHMAC")
    for channel in (secret, Ntfy("https://nowhere.invalid", "SECRETTOPIC", "SECRETTOKEN")):
        with pytest.raises(NotDelivered) as refused:
            send(channel, MESSAGE)
        assert "SECRET" not in str(refused.value) + repr(channel) + caplog.text
    assert "SECRET" not in repr(mailbox(1, user="a", password="SECRETWORD"))


# --- ntfy ---


def test_ntfy_gets_json_with_any_letters() -> None:
    with Web() as web:
        send(Ntfy(web.url, "nha-minh", "tk_abc"), replace(MESSAGE, title="Đã chặn\r\nX-Evil: 1", text="ờ" * 5000))
    ((path, headers, _),) = web.got
    assert path == "/" and headers["authorization"] == "Bearer tk_abc" and "x-evil" not in headers
    (document,) = web.documents
    assert (document["topic"], document["title"]) == ("nha-minh", "Đã chặn\r\nX-Evil: 1")
    assert set(document["message"]) == {"ờ"} and 3990 < len(document["message"].encode()) <= 4000
    with Web() as web:
        send(Ntfy(web.url, "t"), replace(MESSAGE, kind="stale_lists"))
    assert "authorization" not in web.got[0][1] and web.documents[0]["priority"] == 3


# --- mail ---


def test_a_mail_arrives_with_any_letters() -> None:
    with Mail() as server:
        send(mailbox(server.port, to=("mum@example.org", "dad@example.org")), MESSAGE)
    (mail,) = server.mails
    assert mail["Subject"] == "filterd: Đã chặn: Cờ bạc" and mail["Message-ID"] == "<0123456789abcdef@filterd.invalid>"
    assert (mail["From"], mail["To"]) == ("box@example.org", "mum@example.org, dad@example.org")
    assert mail["Date"] == "Tue, 24 Nov 2026 06:00:00 +0000" and mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().strip() == MESSAGE.text
    said = [command.lower() for command in server.commands]  # Pythons write `FROM:` or `from:`; RFC 5321 2.4 takes both
    assert [c for c in said if c.startswith(("mail", "rcpt", "ehlo"))] == [
        "ehlo filterd", "mail from:<box@example.org>", "rcpt to:<mum@example.org>", "rcpt to:<dad@example.org>",
    ]  # fmt: skip


@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_makes_a_header_of_its_own(title: str) -> None:
    allowed = {
        "Subject",
        "From",
        "To",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "MIME-Version",
        "Content-Transfer-Encoding",
    }
    with Mail() as server:
        send(mailbox(server.port), replace(MESSAGE, title=title, text=f"{title}\r\n.\r\nQUIT\r\n"))
        (mail,) = server.mails
    assert set(mail.keys()) <= allowed and len(mail.get_all("Subject", [])) == 1
    assert sum(c.upper().startswith("RCPT") for c in server.commands) == 1 and "evil" not in str(server.commands)
    assert len(server.mails) == 1 and "QUIT" in mail.get_content()
    assert all(len(part) <= 998 for part in server.raw[0].split(b"\r\n"))  # RFC 5322 2.1.1
    raw = mail_of(mailbox(1), replace(MESSAGE, title=title)).as_bytes()
    assert b"\nBcc" not in raw and b"\rBcc" not in raw


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"connect": "554 no"}, "status 554"),
        ({"connect": ""}, "unreachable"),
        ({"connect": "garbage"}, "status"),
        ({"MAIL": "451 later"}, "status 451"),
        ({"RCPT": "550 who is that"}, "recipient"),
        ({"DATA": "554 no"}, "status 554"),
        ({"end": "552 too long"}, "status 552"),
        ({"end": ""}, "unreachable"),
        ({"EHLO": "250 " + "x" * 20_000}, "status 500"),
    ],
)
def test_a_mail_server_that_refuses(answers: dict[str, str], said: str) -> None:
    with Mail(answers) as server:
        assert why(mailbox(server.port)).startswith(said)


def test_a_mail_server_that_is_not_there_or_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert why(mailbox(free_port())) == "unreachable"
    assert why(mailbox(25, host="nowhere.invalid")) == "unreachable"
    monkeypatch.setattr(deliver_send, "READ_S", 0.2)
    with Mail({"connect": "220-more to come"}) as server:
        assert why(mailbox(server.port)) == "timeout"


def test_a_password_goes_nowhere_without_trusted_tls(certificate: Path) -> None:
    for tls in ("starttls", "tls"):
        with Mail(certificate=certificate, tls=tls == "tls", auth=True) as server:
            channel = mailbox(server.port, host="localhost", tls=tls, user="me", password="hunter2")
            assert why(channel) == "tls"
        assert not any("AUTH" in c.upper() for c in server.commands) and not server.mails
    with Mail(auth=True) as server:  # somebody in between took STARTTLS out
        assert why(mailbox(server.port, tls="starttls", user="me", password="hunter2")) == "no-tls"
        assert not any("AUTH" in c.upper() for c in server.commands)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_tls_that_is_trusted(certificate: Path, tls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusted)
    with Mail(certificate=certificate, tls=tls == "tls", auth=True) as server:
        send(mailbox(server.port, host="localhost", tls=tls, user="me", password="hunter2"), MESSAGE)
    assert len(server.mails) == 1 and any(c.upper().startswith("AUTH PLAIN") for c in server.commands)
    with Mail({"AUTH": "535 no"}, certificate=certificate, tls=tls == "tls", auth=True) as server:
        assert why(mailbox(server.port, host="localhost", tls=tls, user="me", password="hunter2")) == "login 535"


def test_reasons_are_words_in_both_languages() -> None:
    assert reason_words("status 500", "en") == "answered with status 500"
    assert (
        reason_words("status 500", "vi") == "trả lời mã 500" and reason_words("of-tomorrow 3", "vi") == "of-tomorrow 3"
    )
    for reason in deliver_send.REASONS:
        assert NotDelivered(reason).words("vi") != NotDelivered(reason).words("en")
