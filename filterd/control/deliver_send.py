"""One message to one channel, now: a signed POST, a push by ntfy, a mail. Bounded in time; nothing from the environment.

What goes wrong is NotDelivered with words for people, in which there is no address, no token and no answer of the other
side: addresses are secrets, and an answer may say anything. Redirects are not followed, certificates are checked, and
what is not encrypted goes to addresses of the house alone.

    send(Webhook("https://hooks.example.org/x", "key"), Message(uid, "harm_first", at_ms, title, text))

A webhook's receiver checks `X-Filterd-Signature: sha256=HEX`, the HMAC-SHA-256 with the secret over the value of
`X-Filterd-Timestamp`, a dot, and the body; and knows a message that comes twice by `Idempotency-Key` (also `id`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from filterd.control.alerts_address import is_home_address
from filterd.control.alerts_text import line
from filterd.errors import FilterdError
from filterd.model.alert import Email, Ntfy, Webhook

if TYPE_CHECKING:
    from email.message import EmailMessage

    import requests

# libraries of the network are imported where they are used: most households set no channel, or one

CONNECT_S = 10.0
READ_S = 15.0  # for each wait; the whole attempt is bounded by deliver.py
NTFY_BYTES = 4000  # of a message; from 4,096 on the server makes a file of it
_AGENT = "filterd"
REASONS: dict[str, tuple[str, str]] = {
    "unreachable": ("không kết nối được", "cannot be reached"),
    "timeout": ("không trả lời kịp", "did not answer in time"),
    "tls": ("chứng chỉ hoặc mã hóa không tin cậy được", "its certificate or encryption cannot be trusted"),
    "redirect": ("dẫn sang địa chỉ khác; hãy ghi địa chỉ cuối cùng", "leads elsewhere; write down the final address"),
    "status": ("trả lời mã {code}", "answered with status {code}"),
    "login": ("không nhận tên đăng nhập hoặc mật khẩu", "does not take the user or password"),
    "recipient": ("không nhận địa chỉ người nhận", "does not take the recipient"),
    "no-tls": ("không có STARTTLS", "does not offer STARTTLS"),
    "outside": ("không mã hóa và nằm ngoài nhà", "is not encrypted and outside the house"),
    "missing": ("thiếu mật mã; hãy đặt lại", "has lost its secret; set it again"),
    "answer": ("trả lời không hiểu được", "gave an answer that is not understood"),
}


class NotDelivered(FilterdError):
    """A message did not get through. `reason`: a key of REASONS; `code`: the other side's number, 0: none."""

    def __init__(self, reason: str, code: int = 0) -> None:
        self.reason, self.code = reason, code
        super().__init__(self.words("en"))

    def reason_text(self) -> str:
        """Return it as it is kept: `status 500`, to be read by `reason_words`."""
        return f"{self.reason} {self.code}" if self.code else self.reason

    def words(self, language: str) -> str:
        """Return why, for people."""
        return REASONS[self.reason][language == "en"].format(code=self.code)


def reason_words(kept: str, language: str) -> str:
    """Return the words for a reason that was kept; one of a newer version as it is."""
    reason, _, code = kept.partition(" ")
    return NotDelivered(reason, int(code) if code.isdecimal() else 0).words(language) if reason in REASONS else kept


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent about one alert. `more`: plain values for programs; `uid`: the same whenever it is sent again."""

    uid: str
    kind: str
    at_ms: int
    title: str
    text: str
    language: str = "vi"
    more: Mapping[str, Any] = field(default_factory=dict)


def send(channel: Webhook | Ntfy | Email, message: Message) -> None:
    """Send once. Raises NotDelivered."""
    match channel:
        case Webhook():
            _webhook(channel, message)
        case Ntfy():
            _ntfy(channel, message)
        case Email():
            _email(channel, message)


def mail_of(channel: Email, message: Message) -> EmailMessage:
    """Return the mail. Its headers hold one line each whatever the title says; its id is the message's."""
    from email.message import EmailMessage
    from email.policy import SMTP
    from email.utils import format_datetime

    mail = EmailMessage(policy=SMTP)
    # an encoded word in the title would be decoded here, and a line feed in it would begin a header (Python 3.11.7)
    mail["Subject"] = f"filterd: {line(message.title, 120).replace('=?', '= ?')}"
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.to)
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.at_ms / 1000, UTC))
    mail["Message-ID"] = f"<{message.uid}@filterd.invalid>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers from robots
    mail.set_content(f"{message.text}\n")
    return mail


def _webhook(channel: Webhook, message: Message) -> None:
    at = datetime.fromtimestamp(message.at_ms / 1000, UTC).isoformat(timespec="seconds")
    document = {
        **message.more, "id": message.uid, "kind": message.kind, "at": at, "title": message.title,
        "text": message.text, "language": message.language,
    }  # fmt: skip
    body = json.dumps(document, ensure_ascii=False).encode()
    headers = {}
    if channel.secret:
        stamp = str(int(time.time()))
        mac = hmac.new(channel.secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
        headers = {"X-Filterd-Timestamp": stamp, "X-Filterd-Signature": f"sha256={mac.hexdigest()}"}
    _post(channel.url, body, message.uid, headers)


def _ntfy(channel: Ntfy, message: Message) -> None:
    """Publish as JSON: titles may have any letters, which headers may not."""
    text = message.text.encode()[:NTFY_BYTES].decode("utf-8", "ignore")
    grave = message.kind.startswith("harm")
    document = {
        "topic": channel.topic, "title": message.title, "message": text, "priority": 4 if grave else 3,
        "tags": ["shield" if grave else "house"],
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {channel.token}"} if channel.token else {}
    _post(f"{channel.server}/", json.dumps(document, ensure_ascii=False).encode(), message.uid, headers)


def _post(url: str, body: bytes, uid: str, headers: Mapping[str, str]) -> None:
    """POST JSON; anything but a 2xx is NotDelivered. The answer's body is not read at all."""
    import requests

    parts = urlsplit(url)
    if parts.scheme != "https":
        _stay_home(parts.hostname or "", parts.port or 80)
    sent = {"User-Agent": _AGENT, "Content-Type": "application/json; charset=utf-8", "Idempotency-Key": uid, **headers}
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy, no .netrc: what the household did not set does not decide
            with session.post(
                url, data=body, headers=sent, timeout=(CONNECT_S, READ_S), allow_redirects=False, stream=True
            ) as answer:
                code = answer.status_code
    except requests.RequestException as exc:
        # its words have the address in it, so it is not the cause either
        raise _reason_of(exc) from None
    except (ValueError, OSError):  # urllib3 and http.client for what is no HTTP
        raise NotDelivered("answer") from None
    if 300 <= code < 400:
        raise NotDelivered("redirect", code)
    if not 200 <= code < 300:
        raise NotDelivered("status", code)


def _reason_of(exc: requests.RequestException) -> NotDelivered:
    import requests

    if isinstance(exc, requests.exceptions.SSLError):
        return NotDelivered("tls")
    if isinstance(exc, requests.Timeout):
        return NotDelivered("timeout")
    if isinstance(exc, requests.ConnectionError):
        return NotDelivered("unreachable")
    return NotDelivered("answer")


def _email(channel: Email, message: Message) -> None:
    import smtplib
    import ssl

    context = ssl.create_default_context()
    if channel.tls == "none":
        _stay_home(channel.host, channel.port)
    try:
        if channel.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                channel.host, channel.port, local_hostname=_AGENT, timeout=READ_S, context=context
            )
        else:
            server = smtplib.SMTP(channel.host, channel.port, local_hostname=_AGENT, timeout=READ_S)
        with server:
            if channel.tls == "starttls":
                if server.ehlo()[0] == 250 and not server.has_extn("starttls"):
                    raise NotDelivered("no-tls")
                server.starttls(context=context)
            if channel.user:
                server.login(channel.user, channel.password)
            server.send_message(mail_of(channel, message), channel.sender, list(channel.to))
    except smtplib.SMTPAuthenticationError as exc:
        raise NotDelivered("login", exc.smtp_code) from None
    except smtplib.SMTPRecipientsRefused:
        raise NotDelivered("recipient") from None
    except smtplib.SMTPNotSupportedError:
        raise NotDelivered("login") from None
    except smtplib.SMTPServerDisconnected as exc:
        raise NotDelivered("timeout" if isinstance(exc.__context__, TimeoutError) else "unreachable") from None
    except smtplib.SMTPResponseException as exc:
        raise NotDelivered("status", exc.smtp_code if isinstance(exc.smtp_code, int) else 0) from None
    except smtplib.SMTPException:
        raise NotDelivered("answer") from None
    except ssl.SSLError:
        raise NotDelivered("tls") from None
    except TimeoutError:
        raise NotDelivered("timeout") from None
    except OSError:
        raise NotDelivered("unreachable") from None
    except ValueError:  # an answer that is no SMTP
        raise NotDelivered("answer") from None


def _stay_home(host: str, port: int) -> None:
    """NotDelivered unless every address of `host` is one of the house."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise NotDelivered("unreachable") from None
    if not all(map(is_home_address, found)):
        raise NotDelivered("outside")
