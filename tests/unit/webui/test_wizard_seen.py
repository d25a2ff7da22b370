"""What the first run sees of the network."""

from __future__ import annotations

from pathlib import Path

from webui import wizard_seen


def test_the_gateway_is_read_from_the_kernels_table(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
        "eth0 0001A8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\neth0 00000000 0101A8C0 0003 0 0 0 00000000 0 0 0\n"
    )
    assert wizard_seen.gateway(table) == "192.168.1.1" and wizard_seen.gateway(tmp_path / "none") == ""
