"""Block mode `page`: a closed site leads to the child's page on port 80, over both families; HTTPS is refused at once."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.processes import Service, UpstreamStub, addresses, ask
from tests.system.lan import MACS, Lan

CLOSED = "closed.example"
HOUSEHOLD = f"""\
version: 1
language: en
block_mode: page
default_profile: kid
profiles:
  - {{id: kid, name: Kid, preset: age-10-13, names: {{block: [{CLOSED}]}}}}
devices:
  - {{id: phone, name: Phone, profile: kid, mac: "{MACS["c1"]}"}}
"""
V4, V6, GLOBAL = "192.168.7.2", "fd77::2", "2001:db8:77::2"

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def lan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lan]:
    """A LAN whose appliance answers at every address, with the child's page on port 80."""
    folder = tmp_path_factory.mktemp("page")
    state = folder / "state"
    (folder / "household.yaml").write_text(HOUSEHOLD)
    with pytest.MonkeyPatch.context() as patch, Lan() as lan:
        patch.setenv("FILTERD_RUN", str(folder / "state.run"))
        patch.setenv("FILTERD_SYNC", "0")
        command = [sys.executable, "-m", "filterd", "policy", "import", str(folder / "household.yaml")]
        subprocess.run([*command, "--state", str(state)], check=True, timeout=60, capture_output=True)
        with UpstreamStub({CLOSED: ["192.0.2.80"]}) as upstream:
            more = ("--child", "[::]:80")
            service = lan.inside("ap", lambda: Service.up(state, upstream, *more, dns=("0.0.0.0:53", "[::]:53")))
            four: subprocess.Popen[bytes] | None = None
            try:
                service.ready()
                assert service.until(lambda: any("child's page" in line for line in service.lines)), service.said
                four = lan.inside(
                    "ap",
                    lambda: subprocess.Popen(
                        [sys.executable, "-m", "webui.child", "--state", str(state), "--listen", "0.0.0.0:80"],
                        stdout=subprocess.PIPE,
                    ),
                )
                assert four.stdout is not None and four.stdout.readline().startswith(b"ready")
                yield lan
            finally:
                service.end()
                if four is not None:
                    four.terminate()
                    four.communicate(timeout=20)


def get(lan: Lan, address: str, host: str, accept: str = "text/html") -> tuple[int, str]:
    """Ask as a browser on the child's phone does."""

    def go() -> tuple[int, str]:
        connection = http.client.HTTPConnection(address, 80, timeout=15)
        try:
            connection.request("GET", "/some/page?x=1", headers={"Host": host, "Accept": accept})
            answer = connection.getresponse()
            assert answer.getheader("Set-Cookie") is None
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    return lan.inside("c1", go)


@pytest.mark.parametrize("server", [V4, V6, GLOBAL])
def test_a_closed_site_leads_to_the_page_that_says_why(lan: Lan, server: str) -> None:
    qtype = "A" if server == V4 else "AAAA"
    found = addresses(lan.inside("c1", lambda: ask((server, 53), CLOSED, qtype)))
    assert found == [server]  # the address at which the child's device asks is one that it can reach
    status, text = get(lan, server, CLOSED)
    assert status == 403
    assert CLOSED in text and "Ask" in text
    assert get(lan, server, CLOSED, "image/webp")[0] == 403  # a picture in another site: no page


def test_the_box_by_its_own_address_shows_the_childs_page(lan: Lan) -> None:
    status, text = get(lan, V4, V4)
    assert status in (200, 303) and ("Kid" in text or status == 303)


def test_https_is_refused_at_once_and_never_answered(lan: Lan) -> None:
    def connect() -> None:
        socket.create_connection((V4, 443), timeout=15).close()

    with pytest.raises(ConnectionRefusedError):
        lan.inside("c1", connect)


def test_somebody_outside_sees_no_page(lan: Lan) -> None:
    def go() -> int:
        connection = http.client.HTTPConnection(V4, 80, timeout=5)
        try:
            connection.request("GET", "/", headers={"Host": CLOSED})
            return connection.getresponse().status
        finally:
            connection.close()

    assert lan.inside("out", go) == 403
