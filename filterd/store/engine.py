"""Opens the two databases: SQLite files in the state folder, or one PostgreSQL database for a campus.

`household.db` holds the rules and is synced at every commit; `activity.db` holds the log and is not: a sick log takes no
rule with it (DECISIONS 9). The tables are household.py and activity.py; their history is migrations/ (Alembic, imported
only when a database is not at its newest version).

    engine = open_engine(url_of(state, "household"), durable=True)
    upgrade(engine, "household")
    with writing(engine, "household") as connection: ...
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import stat
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from filterd.errors import StoreError
from filterd.host.files import make_folder, read_bounded

# newest migration of each database; upgrade() brings an older one there and refuses a newer one
HEADS = {"household": "0002", "activity": "0001", "inbox": "0001"}
ADDRESS_FILE = "database"  # one line: the URL of a PostgreSQL database, for both stores
BUSY_S = 10.0  # how long a writer waits for another one
_LOCK = 0x66696C74  # of the PostgreSQL advisory lock under which migrations run
_PAGE_BYTES = 4096
_CACHE_KIB = 2048
_CHECKPOINT_PAGES = 256  # 1 MiB of write-ahead log, then it is copied into the file


def url_of(state: Path, which: str) -> URL:
    """Return the URL of the store `which` (household, activity) of a state folder. Raises StoreError."""
    path = state / ADDRESS_FILE
    if path.exists():
        given = read_bounded(path, 4096).decode("utf-8", "replace").strip()
        try:
            made = make_url(given)
            if made.get_backend_name() != "postgresql":
                raise ValueError
        except (ArgumentError, ValueError):
            raise StoreError(f"{path}: expected postgresql+psycopg://USER@HOST/DATABASE on one line") from None
        return made
    return URL.create("sqlite", database=str(state.resolve() / f"{which}.db"))


def open_engine(url: str | URL, *, durable: bool) -> Engine:
    """Return an engine; nothing is opened before the first connection. `durable`: sync at every commit.

    Connections are not pooled: a process that stays (the manager) holds one of its own. The engine itself is made once:
    it knows the statements that it has compiled already. Raises StoreError when the URL's driver is not installed.
    """
    return _engine(make_url(url), durable)


@lru_cache(maxsize=8)
def _engine(made: URL, durable: bool) -> Engine:
    if made.get_backend_name() != "sqlite":
        try:
            return create_engine(made, poolclass=NullPool, connect_args={"connect_timeout": 5})
        except (ImportError, NoSuchModuleError) as exc:
            raise StoreError(f"PostgreSQL needs `pip install filterd[postgres]`: {exc}") from exc
    engine = create_engine(made, poolclass=NullPool, connect_args={"timeout": BUSY_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin below, not where the driver thinks
        if connection.execute("PRAGMA auto_vacuum").fetchone() == (0,):
            # these two have an effect before the first table alone; given again the second is a write transaction,
            # which waits for other writers and costs a page and a sync at every reader's connection
            for pragma in (f"page_size={_PAGE_BYTES}", "auto_vacuum=INCREMENTAL"):
                connection.execute(f"PRAGMA {pragma}").close()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'NORMAL'}",
            "secure_delete=ON",  # what is deleted is overwritten
            "foreign_keys=ON",
            f"cache_size=-{_CACHE_KIB}",
            f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # a writer takes its lock at once: upgrading a reader's lock fails when another wrote meanwhile
        write = connection.get_execution_options().get("filterd_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


@contextlib.contextmanager
def reading(engine: Engine, what: str) -> Iterator[Connection]:
    """A connection in one read transaction: what is read belongs together. Raises StoreError."""
    with _translated(engine, what), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextlib.contextmanager
def writing(engine: Engine, what: str) -> Iterator[Connection]:
    """A connection in one write transaction, committed at the end of the block. Raises StoreError; then nothing is."""
    with (
        _translated(engine, what),
        engine.connect().execution_options(filterd_write=True) as connection,
        connection.begin(),
    ):
        yield connection


def upgrade(engine: Engine, which: str) -> None:
    """Bring the store `which` to its newest version; make it when it is not there. Raises StoreError."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        _make_file(Path(engine.url.database))
    with _translated(engine, which):
        with engine.connect() as connection:
            if _version(connection, which) == HEADS[which]:
                return
        with writing(engine, which) as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
            found = _version(connection, which)
            if found == HEADS[which]:
                return  # another process was faster
            if found is not None and found > HEADS[which]:
                raise StoreError(
                    f"{which}: made by a newer filterd (version {found}, this one knows {HEADS[which]}); update filterd"
                )
            _migrate(connection, which)


def _migrate(connection: Connection, which: str) -> None:
    logging.getLogger("alembic").setLevel(
        logging.WARNING
    )  # which migration ran is no news; it says more while imported
    from alembic import command
    from alembic.config import Config

    folder = Path(__file__).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("version_locations", str(folder / which).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = f"{which}_version"
    command.upgrade(config, "head")


def _version(connection: Connection, which: str) -> str | None:
    """Return the version in the database, None when it is empty."""
    table = f"{which}_version"
    if not connection.dialect.has_table(connection, table):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {table}")).scalar()  # noqa: S608 - a name of ours
    return None if found is None else str(found)


def _make_file(path: Path) -> None:
    """Create the file for its owner alone: what is in it is nobody else's business.

    One that is there is not opened: closing it would end the locks of all other connections that this process has to
    it (POSIX), and the next program to leave would delete the WAL under them.
    """
    make_folder(path.parent)
    with contextlib.suppress(OSError):
        if stat.S_ISREG(path.lstat().st_mode):
            return
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    except OSError as exc:
        raise StoreError(f"cannot open {path}: {exc.strerror or exc}") from exc


def place(engine: Engine) -> str:
    """Return where a database is, as people are told: a path, or a URL without its password."""
    return engine.url.render_as_string(hide_password=True).removeprefix("sqlite:///")


@contextlib.contextmanager
def _translated(engine: Engine, what: str) -> Iterator[None]:
    """Turn the library's errors into StoreError: what failed, where, and the database's own word."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as exc:  # the second: a pragma of a new connection
        where = place(engine)
        cause = exc.orig if isinstance(exc, DBAPIError) else exc
        if isinstance(exc, OperationalError) and "locked" in str(cause):
            raise StoreError(f"{where}: another program has been writing for {BUSY_S:g} s; try again") from exc
        raise StoreError(f"cannot use the {what} database {where}: {str(cause).strip()}") from exc
