"""The databases a store must work on: SQLite, and a private PostgreSQL server that ends with the tests.

The server is made by Debian's own programs, listens on a Unix socket alone and never syncs. As root it runs as the
user `postgres`, since initdb refuses root. Where it is not installed, its tests are skipped, and that is said.

    from tests.contract.databases import *  # noqa: F403 - in a conftest.py or a test file

    def test_it(store_url: str) -> None: ...        # once for each database, empty each time
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

__all__ = ["postgres_server", "store_state", "store_url"]
_numbers = itertools.count(1)


class Server:
    """A PostgreSQL server in a folder of its own."""

    def __init__(self, programs: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="filterd-pg-", dir="/tmp"))
        self.folder.chmod(0o755)
        self._programs = programs
        self._as: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        data = self.folder / "data"
        self._run("initdb", "-D", str(data), "-A", "trust", "-U", "filterd", "--no-sync", "-E", "UTF8", "--locale=C")
        options = {
            "listen_addresses": "", "unix_socket_directories": str(self.folder), "fsync": "off", "shared_buffers": "16MB",
            "max_connections": "20", "dynamic_shared_memory_type": "mmap",
        }  # fmt: skip
        self._log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(
            [
                *self._as,
                str(programs / "postgres"),
                "-D",
                str(data),
                *itertools.chain(*(("-c", f"{k}={v}") for k, v in options.items())),
            ],
            stdout=self._log,
            stderr=self._log,
            cwd="/",
        )
        deadline = time.monotonic() + 30
        while self._ready() != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()}")
            time.sleep(0.1)

    def database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"t{next(_numbers)}"
        self._run("createdb", "-h", str(self.folder), "-U", "filterd", name)
        return f"postgresql+psycopg://filterd@/{name}?host={self.folder}"

    def end(self) -> None:
        """End it at once."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ready(self) -> int:
        return subprocess.run(
            [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder), "-U", "filterd"], check=False, cwd="/"
        ).returncode

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([*self._as, str(self._programs / program), *arguments], check=True, capture_output=True, cwd="/")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server for all tests of a run."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4]))
    if not found:
        pytest.skip("PostgreSQL is not installed: apt install postgresql")
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed: pip install 'filterd[postgres]'")
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL refuses to run as root, and setpriv is not installed")
    server = Server(found[-1].parent)
    try:
        yield server
    finally:
        server.end()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_state(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A state folder whose stores are empty: files, or a new database of the server."""
    state = tmp_path / "state"
    state.mkdir()
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        file = state / "database"
        file.touch(mode=0o600)
        file.write_text(server.database() + "\n")
    return state


@pytest.fixture
def store_url(store_state: Path) -> str:
    """The URL of the log of such a folder."""
    from filterd.store.engine import url_of

    return url_of(store_state, "activity").render_as_string(hide_password=False)
