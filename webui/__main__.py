"""The command `webui`: the page over a state folder, at an address of the house.

webui --state /var/lib/filterd --listen 127.0.0.1:8080 --tls 192.168.1.2:8443
"""

from __future__ import annotations

import argparse
import ipaddress
import sys
from collections.abc import Sequence
from pathlib import Path

from filterd.control.part import OPTION, Given, Notifier, beat, spare

DEFAULT = "127.0.0.1:8080"


def listen_address(text: str) -> tuple[str, int]:
    """Return the address and the port in `ADDRESS:PORT` or `[IPv6]:PORT`."""
    host, _, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ipaddress.ip_address(host[1:-1] if bracketed else host)
        if (address.version == 6) is not bracketed or not port.isascii() or not 0 <= int(port) <= 65_535:
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected ADDRESS:PORT or [IPv6]:PORT, got {text!r}") from None
    return str(address), int(port)


def address_or_off(text: str) -> tuple[str, int] | None:
    """Return the same; None for `off` and for nothing."""
    return None if text in ("", "off") else listen_address(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to end; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = None
    if OPTION in words:  # a child of `filterd up`
        given = Given.from_arguments(words)
        words = ["--state", given.document["state"], "--listen", given.document["listen"]]
        words += ["--tls", given.document.get("tls", "off")]
    parser = argparse.ArgumentParser("webui", description="The page of the box, for its own house.")
    parser.add_argument("--state", type=Path, default=Path("var"), help="the state folder (default: var)")
    parser.add_argument("--listen", type=listen_address, default=DEFAULT, help=f"where it is (default: {DEFAULT})")
    parser.add_argument(
        "--tls", type=address_or_off, default="off", metavar="ADDRESS:PORT",
        help="where it is over HTTPS too, with a certificate of the box's own (default: as the household says on the page)",
    )  # fmt: skip
    options = parser.parse_args(words)
    spare()

    from webui import create_app
    from webui.secure_switch import Switch
    from webui.serve import PAGE, Server

    state = options.state.resolve()
    address, port = options.listen
    try:
        app = create_app(state)
        server = Server(app, PAGE, [options.listen], given, Notifier.take(), beat=lambda: beat(state, "page"))
        switch = app.config["SECURE"] = Switch(server, state, options.listen[0], options.tls)
        if options.tls is not None:
            address, port = options.tls
            switch.open()  # whoever wrote that down shall know when it cannot be
        switch.follow()
    except OSError as exc:
        sys.stderr.write(f"webui: cannot listen on {address} port {port}: {exc.strerror or exc}\n")
        return 1
    switch.start()
    server.run(lambda line: None if given is not None else print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
