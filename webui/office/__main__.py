"""`python -m webui.office FOLDER --listen ADDRESS:PORT`: what `filterd feed serve` starts."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from waitress.server import create_server  # type: ignore[import-untyped]

from filterd.errors import FilterdError
from webui.__main__ import listen_address
from webui.office import MAX_BODY, create_office_app

DATABASE = "FILTERD_INBOX_DATABASE"  # from the environment: an argument is seen by every program
_HEADER_BYTES = 16 * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to end; return the exit code."""
    parser = argparse.ArgumentParser("filterd feed serve", description="Reports come in, the published feed goes out.")
    parser.add_argument("folder", type=Path, help="the office's working folder")
    parser.add_argument(
        "--listen", type=listen_address, default="127.0.0.1:8099", help="where (default: 127.0.0.1:8099)"
    )
    parser.add_argument("--behind-proxy", action="store_true", help="one proxy stands before it and says who asks")
    parser.add_argument("--reports-only", action="store_true", help="another server has the published feed")
    options = parser.parse_args(arguments)
    address, port = options.listen
    try:
        app = create_office_app(
            options.folder, database=os.environ.get(DATABASE, ""), behind_proxy=options.behind_proxy,
            repository=not options.reports_only,
        )  # fmt: skip
        server = create_server(
            app, host=address, port=port, threads=4, connection_limit=100, channel_timeout=30, ident=None,
            max_request_header_size=_HEADER_BYTES, max_request_body_size=MAX_BODY, map={},
        )  # fmt: skip
    except FilterdError as exc:
        sys.stderr.write(f"filterd: {exc}\n")
        return 1
    except OSError as exc:
        sys.stderr.write(f"filterd: cannot listen on {address} port {port}: {exc.strerror or exc}\n")
        return 1
    shown = f"[{address}]" if ":" in address else address
    print(f"ready: the feed is at http://{shown}:{server.effective_port}/, reports come to /report there", flush=True)
    signal.signal(signal.SIGTERM, _end)
    server.run()  # returns after SystemExit or KeyboardInterrupt
    server.close()
    app.extensions["inbox"].close()
    return 0


def _end(*_: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
