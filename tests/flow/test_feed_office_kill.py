"""kill -9 at random points of a publication: boxes see the old one or the new one, and the next one succeeds."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from filterd.control.feed_office import approve, propose
from filterd.control.feed_office_publish import publish
from tests.feed_office import PASSPHRASE, START, Made, ask, office

pytestmark = pytest.mark.slow

KILLS = 25
LONGEST_S = 0.9  # a publication takes some 0.4 s here, half of it for the program to start


def enter(made: Made, name: str) -> None:
    propose(made.office, name, category="gambling", reason="x", by="Lan", today=START.date())
    approve(made.office, name, by="Minh", today=START.date())


def started(made: Made, secret: Path) -> subprocess.Popen[bytes]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("FILTERD_")}
    return subprocess.Popen(
        [sys.executable, "-m", "filterd", "feed", "publish", "--keys", str(made.desk)],
        cwd=made.office.folder,
        env=env | {"FILTERD_FEED_PASSPHRASE_FILE": str(secret)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_publication_that_is_killed_leaves_the_old_or_the_new_one(tmp_path: Path) -> None:
    made = office(tmp_path)
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    enter(made, "first.example")
    publish(made.office, [made.desk], ask, datetime.now(UTC))
    box = made.client(tmp_path / "box", datetime.now(UTC))
    there = box.sync().lists[0].count
    assert there == 1
    chance, killed = random.Random(7), 0
    for number in range(KILLS):
        enter(made, f"name{number}.example")
        process = started(made, secret)
        time.sleep(chance.uniform(0.1, LONGEST_S))
        process.kill()
        killed += process.wait(60) != 0
        seen = box.sync(datetime.now(UTC)).lists[0]
        # never fewer than before, never one that was not approved, and the text is what the index says
        assert there <= seen.count <= number + 2
        there = seen.count
    assert killed >= 3, "every publication was over before its end came: the test says nothing"
    assert started(made, secret).wait(60) == 0
    listed = box.sync(datetime.now(UTC)).lists[0]
    assert listed.count == KILLS + 1
    assert made.client(tmp_path / "new box", datetime.now(UTC)).sync().lists[0].sha256 == listed.sha256
