"""The command `webui`: the page over a state folder, at an address of the house.

webui --state /var/lib/filterd --listen 127.0.0.1:8080
"""

from __future__ import annotations

import argparse
import ipaddress
import sys
from collections.abc import Sequence
from pathlib import Path

from filterd.control.part import OPTION, Given, Notifier

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to end; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = None
    if OPTION in words:  # a child of `filterd up`
        given = Given.from_arguments(words)
        words = ["--state", given.document["state"], "--listen", given.document["listen"]]
    parser = argparse.ArgumentParser("webui", description="The page of the box, for its own house.")
    parser.add_argument("--state", type=Path, default=Path("var"), help="the state folder (default: var)")
    parser.add_argument("--listen", type=listen_address, default=DEFAULT, help=f"where it is (default: {DEFAULT})")
    parser.add_argument(
        "--child", type=listen_address, help="where the child's page is (80 in the appliance; default: nowhere)"
    )
    options = parser.parse_args(words)

    from webui.serve import Server

    address, port = options.listen
    try:
        server = Server(options.state.resolve(), address, port, given, Notifier.take())
        if options.child is not None:
            address, port = options.child
            print(
                f"the child's page is at http://{server.add_child(options.state.resolve(), address, port)}/", flush=True
            )
    except OSError as exc:
        sys.stderr.write(f"webui: cannot listen on {address} port {port}: {exc.strerror or exc}\n")
        return 1
    server.run(lambda line: None if given is not None else print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
