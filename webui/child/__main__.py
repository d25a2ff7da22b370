"""The command `webui-child`: the child's page alone, in a process of its own.

On port 80 in the appliance: systemd holds the sockets (filterd-child.socket) and passes them, so that this program needs
no privilege. Otherwise at the addresses that are given.

    webui-child --state /var/lib/filterd --listen 127.0.0.1:8081
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from filterd.control.part import OPTION, Given, Notifier, beat, spare, take_sockets
from webui.__main__ import listen_address

DEFAULT = "127.0.0.1:8081"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to end; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    given = None
    if OPTION in words:  # a child of `filterd up`
        given = Given.from_arguments(words)
        words = ["--state", given.document["state"], "--listen", given.document["listen"]]
    parser = argparse.ArgumentParser("webui-child", description="The child's page, for its own house.")
    parser.add_argument("--state", type=Path, default=Path("var"), help="the state folder (default: var)")
    parser.add_argument(
        "--listen",
        type=listen_address,
        default=DEFAULT,
        help=f"where it is, without passed sockets (default: {DEFAULT})",
    )
    options = parser.parse_args(words)
    spare()

    from webui.child import create_child_app
    from webui.serve import CHILD, Server

    address, port = options.listen
    state = options.state.resolve()
    app = create_child_app(state)
    try:
        server = Server(
            app,
            CHILD,
            [options.listen],
            given,
            Notifier.take(),
            sockets=take_sockets(),
            beat=lambda: beat(state, "child"),
        )
    except OSError as exc:
        sys.stderr.write(f"webui-child: cannot listen on {address} port {port}: {exc.strerror or exc}\n")
        return 1
    server.run(lambda line: None if given is not None else print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
