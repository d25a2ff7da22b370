"""`filterd feed sync, trust, status, forget`: what they say, and the exit status."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from filterd.cli import main
from filterd.control.feed_trust import trust_feed
from filterd.errors import FeedError
from filterd.feed.state import fingerprint, load_followed, spoken
from tests.feed_server import Province


def province() -> Province:
    made = Province(now=time.time())
    made.publish({"adult": [b"adult.example"]})
    return made


def run(*words: str, code: int = 0, **more: Any) -> str:
    result = CliRunner().invoke(main, ["feed", *words], **more)
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.fixture
def root(tmp_path: Path) -> Iterator[tuple[Province, Path]]:
    made = province()
    path = tmp_path / "1.root.json"
    path.write_bytes(made.root_bytes)
    yield made, path


def test_a_bare_state_and_a_stick(tmp_path: Path, root: tuple[Province, Path]) -> None:
    made, path = root
    stick = made.write(tmp_path / "stick")
    words = ("sync", "--state", str(tmp_path / "state"), "--from", str(stick), "--root", str(path), "--json")
    first = json.loads(run(*words))
    assert (first["result"], first["refusal"], first["taken"]) == ("taken", None, ["lai-chau-adult"])
    assert first["revision"] == 1 and first["feed"] == "lai-chau"
    again = json.loads(run(*words))
    assert (again["result"], again["requests"], again["revision"]) == ("unchanged", 2, None)
    (stick / "metadata" / "timestamp.json").write_bytes(b"{}")
    refused = json.loads(run("sync", "--state", str(tmp_path / "state"), "--from", str(stick), "--json", code=1))
    assert refused["result"] == "refused" and refused["refusal"]["code"] == "tampered"
    assert refused["refusal"]["vi"] and refused["refusal"]["en"] and refused["refusal"]["reason"]
    assert "adult" in run("status", "--state", str(tmp_path / "state"))
    assert "1 lists let go of" in run("forget", "lai-chau", "--state", str(tmp_path / "state"))
    assert json.loads(run("status", "--state", str(tmp_path / "state"), "--json")) == []


def test_trust_wants_the_fingerprint(tmp_path: Path, root: tuple[Province, Path]) -> None:
    made, path = root
    words = ("trust", str(path), "--url", "https://feed.example.org", "--state", str(tmp_path / "state"))
    said = spoken(fingerprint(made.root_bytes))
    with pytest.raises(SystemExit):
        main.main([*("feed", *words), "--fingerprint", "0000 " * 8], standalone_mode=False)
    with pytest.raises(SystemExit):  # too short to compare anything
        main.main([*("feed", *words), "--fingerprint", said[:9]], standalone_mode=False)
    assert not load_followed(tmp_path / "state")
    CliRunner().invoke(main, ["feed", *words], input="n\n")
    assert not load_followed(tmp_path / "state")
    run(*words, "--fingerprint", said.upper().replace(" ", ":"))
    (one,) = load_followed(tmp_path / "state")
    assert one.url == "https://feed.example.org" and one.auto
    run(*words[:3], "http://192.0.2.7/feed", *words[4:], input="y\n")
    assert [one.url for one in load_followed(tmp_path / "state")] == ["http://192.0.2.7/feed"]


@pytest.mark.parametrize("url", ["ftp://x/", "https://u:p@example.org", "https://", "https://example.org/?a=b"])
def test_addresses_that_are_none(tmp_path: Path, root: tuple[Province, Path], url: str) -> None:
    with pytest.raises(FeedError):
        trust_feed(tmp_path, root[0].root_bytes, url)
    with pytest.raises(FeedError, match="proxy"):
        trust_feed(tmp_path, root[0].root_bytes, "https://example.org", proxy="socks5://192.0.2.1:1")


def test_by_way_of_a_proxy(tmp_path: Path, root: tuple[Province, Path]) -> None:
    """The proxy of the configuration is asked, and nothing of the environment."""
    made, _ = root
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            try:
                with urlopen(self.path.replace("feed.example.org", where)) as answer:
                    status, body = 200, answer.read()
            except OSError:
                status, body = 404, b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with made.served() as server, ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        where = server.url("").removeprefix("http://")
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            through = f"http://127.0.0.1:{proxy.server_port}"
            trust_feed(tmp_path / "state", made.root_bytes, "http://feed.example.org", proxy=through)
            assert json.loads(run("sync", "--state", str(tmp_path / "state"), "--json"))["result"] == "taken"
        finally:
            proxy.shutdown()
            thread.join()
    assert asked and all(path.startswith("http://feed.example.org/") for path in asked)


def test_the_managers_child_ends_with_it_and_takes_what_is_due(tmp_path: Path, root: tuple[Province, Path]) -> None:
    made, _ = root
    with made.served() as server:
        trust_feed(tmp_path / "state", made.root_bytes, server.url(""))
        command = [sys.executable, "-m", "filterd", "feed", "sync", "--state", str(tmp_path / "state"), "--child"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            assert child.stderr is not None
            assert "verified" in child.stderr.read()
            assert child.wait(60) == 0
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            assert child.stderr is not None
            assert "verified" not in child.stderr.read()  # not due any more
            assert child.wait(60) == 0


def test_reading_the_status_loads_nothing_heavy() -> None:
    program = (
        "import sys; from pathlib import Path; from filterd.control import feed_status as f; "
        "f.feed_status(Path('/nonexistent')); f.advisories(Path('/nonexistent')); f.links(Path('/nonexistent')); "
        "print([m for m in ('tuf', 'requests', 'securesystemslib', 'cryptography', 'sqlalchemy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
