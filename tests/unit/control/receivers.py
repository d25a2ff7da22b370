"""Receivers of alerts for tests: a web server and a mail server on the loopback, with whatever faults are wanted."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any


class Web:
    """Takes POSTs. `behave` gets the handler and answers itself; without it the answer is `codes`, one after another."""

    def __init__(self, behave: Callable[[Any], None] | None = None, codes: tuple[int, ...] = (200,)) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []  # path, headers in lower case, body
        self.codes = list(codes)
        self.stopping = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                if behave is not None:
                    with contextlib.suppress(OSError):
                        behave(self)
                    return
                code = outer.codes.pop(0) if len(outer.codes) > 1 else outer.codes[0]
                self.send_response(code)
                if 300 <= code < 400:
                    self.send_header("Location", f"{outer.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.got]

    def __enter__(self) -> Web:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class Mail:
    """A small SMTP server (RFC 5321). `answers`: command -> line instead of the usual one; "" closes the connection."""

    def __init__(
        self,
        answers: dict[str, str] | None = None,
        certificate: Path | None = None,
        tls: bool = False,
        auth: bool = False,
    ) -> None:
        """`certificate`: offer STARTTLS with it, or with `tls` speak TLS from the first byte. `auth`: offer AUTH."""
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.commands: list[str] = []
        self.answers = answers or {}
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self._tls, self._auth = tls, auth
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Mail:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _run(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            self._secured: ssl.SSLSocket | None = None
            with contextlib.suppress(OSError, ssl.SSLError):
                sock.settimeout(10)
                if self._tls and self._context is not None:
                    sock = self._context.wrap_socket(sock, server_side=True)
                self._serve(sock)
            for opened in (self._secured, sock):
                if opened is not None:
                    opened.close()

    def _serve(self, sock: socket.socket) -> None:
        file = sock.makefile("rb")

        def say(command: str, usual: str) -> bool:
            line = self.answers.get(command, usual)
            if line:
                sock.sendall(line.encode("latin-1") + b"\r\n")
            return bool(line)

        if not say("connect", "220 here"):
            return
        while line := file.readline(10_000):
            words = line.decode("latin-1").split()
            command = words[0].upper() if words else ""
            self.commands.append(line.decode("latin-1").strip())
            more = [
                x
                for x in ("STARTTLS" if self._context and not self._tls else "", "AUTH PLAIN" if self._auth else "")
                if x
            ]
            usual = (
                "\r\n".join(["250-here", *(f"250-{x}" for x in more), "250 8BITMIME"])
                if command == "EHLO"
                else "250 ok"
            )
            usual = {"DATA": "354 go on", "QUIT": "221 bye", "STARTTLS": "220 go on", "AUTH": "235 ok"}.get(
                command, usual
            )
            if not say(command, usual):
                return
            if command == "STARTTLS" and self._context is not None and usual.startswith("220"):
                sock = self._secured = self._context.wrap_socket(sock, server_side=True)
                file = sock.makefile("rb")
            elif command == "DATA" and "DATA" not in self.answers:
                data = b""
                while (part := file.readline(100_000)) not in (b".\r\n", b""):
                    data += part.removeprefix(b".") if part.startswith(b"..") else part
                self.raw.append(data)
                self.mails.append(message_from_bytes(data, policy=policy.default))  # type: ignore[arg-type]
                if not say("end", "250 taken"):
                    return
            elif command == "QUIT":
                return


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])
