"""A fresh Debian with a real systemd: installed by the script, asked, broken on purpose, and left clean.

One boot does everything (box_check.py, about two minutes and one more when the root must be made); here is what it shall
have seen. systemd's own watchdog time is shortened to 3 s in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.box import Box

BOOT_S = 240.0

pytestmark = [pytest.mark.system, pytest.mark.slow]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with Box(tmp_path_factory.mktemp("box")) as box:
        box.wheels()
        found = box.boot(Path(__file__).with_name("box_check.py"), BOOT_S)
        print({key: found.get(key) for key in ("install_s", "restart", "killed", "hang_s", "score", "took_s")})
        yield found


def test_everything_was_looked_at(seen: dict[str, Any]) -> None:
    assert "error" not in seen, seen["error"]


def test_the_script_starts_every_part(seen: dict[str, Any]) -> None:
    assert seen["install"].endswith("code=0"), seen["install"]
    assert set(seen["active"].values()) == {"active"}, seen["journal"]
    assert seen["page"] == '{"page":true}'
    assert seen["first_run"].startswith("200 http://127.0.0.1:8080/setup/")
    assert seen["failed"] == ""


def test_the_stub_of_systemd_resolved_gives_way_and_this_is_said(seen: dict[str, Any]) -> None:
    assert (seen["stub_before"], seen["stub_after"]) == (True, False)
    assert "switched the stub 127.0.0.53 of systemd-resolved off" in seen["install"]


def test_four_sockets_come_from_systemd_and_the_worker_may_nothing(seen: dict[str, Any]) -> None:
    assert seen["passed"] == ["LISTEN_FDS=4", "LISTEN_FDNAMES=dns:dns:dns:dns"]
    assert (seen["uid"], int(seen["capabilities"], 16), seen["seccomp"]) == ("filterd", 0, "2")


def test_presence_may_open_raw_sockets_alone_tells_the_manager_and_asks(seen: dict[str, Any]) -> None:
    found = seen["presence"]
    assert (found["uid"], found["capabilities"]) == ("filterd-presence", [1 << 13]), found  # CAP_NET_RAW
    assert found["known"], found  # a device that the kernel's own table does not have
    assert {53, 67} <= set(found["ports"]), found  # a DISCOVER, and a question to a resolver that somebody offers
    assert found["warned"] == ""


def test_it_answers_from_the_address_that_was_asked(seen: dict[str, Any]) -> None:
    answers = seen["answers"]
    assert len(answers) == 16
    for question, answer in answers.items():
        assert answer == ("0.0.0.0" if "fb88.com" in question else "192.0.2.80"), question


def test_the_command_line_of_root_finds_the_rings_and_leaves_no_files_of_root(seen: dict[str, Any]) -> None:
    assert '"name": "fb88.com"' in seen["log"] and seen["log"].endswith("code=0")
    assert '"name": "fb88.com"' in seen["log_by_path"] and seen["log_by_path"].endswith("code=0")
    assert seen["foreign"] == ""


@pytest.mark.parametrize("what", ["restart", "killed"])
def test_no_question_is_lost_while_the_worker_is_started_again(seen: dict[str, Any], what: str) -> None:
    assert seen[what]["sent"] > 100
    assert seen[what]["lost"] == 0
    assert seen["new_pid"]


def test_a_loop_that_hangs_is_noticed_and_one_that_works_is_not(seen: dict[str, Any]) -> None:
    assert seen["fed"] and seen["watchdog"]
    assert seen["after_hang"] == "0.0.0.0"  # the question waited for the new worker
    assert seen["hang_s"] < 15


def test_dns_goes_on_alone_and_keeps_its_run_folder(seen: dict[str, Any]) -> None:
    answer, folder = seen["alone"]
    assert answer == "0.0.0.0"
    assert {"worker-0.sock", "worker-0.blocked", "worker-0.allowed"} <= set(folder)


def test_a_damaged_state_is_made_anew(seen: dict[str, Any]) -> None:
    answer, journal = seen["damaged"]
    assert "no whole revision to serve" in journal
    assert answer == "0.0.0.0", journal


@pytest.mark.parametrize("unit", ["filterd.service", "filterd-manager.service", "filterd-web.service"])
def test_the_sandbox_holds(seen: dict[str, Any], unit: str) -> None:
    could = seen["sandbox"][unit]
    assert {key for key, value in could.items() if key.startswith("write /") and value == "yes"} == {
        "write /var/lib/filterd",
        "write /run/filterd",
    }
    for what in ("packets", "set the clock", "port 80", "write and execute"):
        assert could[what] != "yes", what
    assert (could["other processes"], could["settings"], int(could["caps"], 16)) == (False, "yes", 0)
    needs_network_tables = unit != "filterd-web.service"
    assert (could["netlink"] == "yes") is needs_network_tables
    assert (could["adjtimex"] == "yes") is needs_network_tables  # "is the clock right?"
    assert (could["nice"] == "yes") is (unit == "filterd-manager.service")


def test_an_offices_feed_is_renewed_in_its_sandbox_and_a_failure_is_seen(seen: dict[str, Any]) -> None:
    found = seen["office"]
    assert found["off"] == "disabled\ninactive"
    assert found["start"] == "code=0", found["journal"]
    before, after = (int(found[key].rpartition(":")[2]) for key in ("version", "renewed"))
    assert after == before + 1
    assert found["foreign"] == ""  # its user's alone, and readable for a web server
    assert "filterd-feed-refresh.service" in found["next"]
    assert found["refused"].endswith("code=1")
    assert found["failed"].startswith("filterd-feed-refresh.service ")
    assert "passphrase" in found["journal"] and "The feed is not renewed" in found["errors"]


def test_purging_leaves_an_offices_keys(seen: dict[str, Any]) -> None:
    assert "The office's feed and keys stay" in seen["purge_office"]
    assert seen["purge_office"].endswith("/etc/filterd-feed\nfilterd-feed")


def test_again_is_no_harm(seen: dict[str, Any]) -> None:
    assert seen["again"].endswith("code=0") and seen["kept"]
    assert "filterd.yaml stays as it is" in seen["again"]
    assert seen["again_answer"] == "0.0.0.0"


def test_taken_away_nothing_is_left_but_what_a_person_made(seen: dict[str, Any]) -> None:
    assert seen["uninstall"].endswith("code=0")
    assert seen["left"] == ["/etc/filterd", "/etc/filterd/filterd.yaml", "/var/lib/filterd"]
    assert seen["processes"] == []
    assert "127.0.0.53" in seen["port_after"]  # systemd-resolved has its stub again


def test_purged_nothing_is_left_at_all(seen: dict[str, Any]) -> None:
    assert seen["purge"].endswith("code=0")
    assert seen["left_after_purge"] == []
    assert seen["user_after_purge"].count("no such user") == 2
