"""`make bench`: CPU us a query, queries/s, p50 and p99 at 5,000 q/s and memory: ours beside echo, dnsmasq and unbound.

All on the same list in one run, so that the ratios count and not the machine. The load tools (a batching client, an
echo, a stand-in upstream, each some C) lie with the shared test data; without them, a compiler or a peer, that part is
skipped and said. Each server must answer the workload's share of blocked names before it is timed.

    python -m tests.bench.run [--names 1000000] [--secs 2] [--runs 3] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.shared import shared_dir

_ROOT = Path(__file__).resolve().parents[2]
_PORT, _STUB = 5301, 5399
_HOUSEHOLD = """\
version: 1
block_mode: nxdomain
profiles:
  - {id: bench, name: Bench, preset: none, switchable: SWITCHABLE, categories: {adult: block}}
"""


def main() -> int:
    """Run everything that can be run here and print one table; 1 when ours missed a promise."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--names", type=int, default=1_000_000)
    options.add_argument("--secs", type=float, default=2)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--peers", default="echo,dnsmasq,unbound-lz")
    options.add_argument("--out", type=Path, help="append the table and the JSON lines to this file")
    options.add_argument("--capped", action="store_true", help="a switchable profile: TTLs capped at 60 s")
    args = options.parse_args()
    shared = shared_dir()
    if shared is None or not (shared / "bench" / "bench.py").is_file():
        print("skipped: the load tools are with the shared test data (FILTERD_SHARED)")
        return 0
    if shutil.which("gcc") is None:
        print("skipped: the load tools need gcc")
        return 0
    with tempfile.TemporaryDirectory(prefix="filterd-bench-") as folder:
        return _run(Path(folder), shared / "bench", args)


def _run(work: Path, tools: Path, args: argparse.Namespace) -> int:
    for file in tools.iterdir():
        shutil.copy(file, work)
    for name in ("echo", "stub", "dnsload"):
        subprocess.run(["gcc", "-O2", "-o", work / name, work / f"{name}.c", "-lm"], check=True)
    data = work / "data"
    subprocess.run(
        [sys.executable, work / "gen.py", data, "--n", str(args.names), "--n", str(args.names * 3 // 2)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    names = data / f"domains-{args.names}.txt"
    extra = (data / f"domains-{args.names * 3 // 2}.txt").read_text().splitlines()[args.names :]
    miss = data / "miss.txt"
    miss.write_text("".join(f"{n} A\n" for n in extra[:150_000]))
    out = work / "out.jsonl"
    stub = subprocess.Popen([work / "stub", "127.0.0.1", str(_STUB)])
    try:
        rows = [_ours(work, names, miss, out, args)]
        for peer in args.peers.split(","):
            if peer == "echo":
                rows.append(
                    _measure(
                        work, "echo-64", f"{work}/echo 127.0.0.1 {_PORT} 64", None, out, args, "--ready-rcode", "0"
                    )
                )
    finally:
        stub.terminate()
        stub.wait()
    for peer in args.peers.split(","):
        program = peer.split("-")[0]
        if peer == "echo":
            continue
        if shutil.which(program) is None:
            print(f"skipped: {program} is not installed")
            continue
        rows += _peer(work, peer, names, miss, out, args)
    return _report([r for r in rows if r], args, out)


def _ours(work: Path, names: Path, miss: Path, out: Path, args: argparse.Namespace) -> dict[str, Any] | None:
    state = work / "state"
    filterd = [sys.executable, "-m", "filterd"]
    env = {**os.environ, "FILTERD_RUN": str(work / "run"), "PYTHONPATH": str(_ROOT)}
    os.environ.update(env)
    household = work / "household.yaml"
    household.write_text(_HOUSEHOLD.replace("SWITCHABLE", "true" if args.capped else "false"))
    add = ["lists", "add", "bench", "--category", "adult", "--format", "domains", str(names), "--state", str(state)]
    for command in (["policy", "import", str(household), "--state", str(state)], add):
        subprocess.run([*filterd, *command], check=True, env=env, stdout=subprocess.DEVNULL)
    serve = (
        f"{sys.executable} -m filterd serve --state {state} --dns 127.0.0.1:{_PORT} "
        f"--upstream udp://127.0.0.1:{_STUB} --workers 1"
    )
    sentinel = names.read_text().rsplit("\n", 2)[-2]
    row = _measure(work, "filterd", serve, sentinel, out, args)
    missed = _measure(work, "filterd-miss", serve, sentinel, out, args, "--miss", str(miss), "--miss-only")
    if row and missed:
        row.update({k: v for k, v in missed.items() if k.startswith("miss_")})
    return row


def _measure(
    work: Path, name: str, command: str, sentinel: str | None, out: Path, args: argparse.Namespace, *more: str
) -> dict[str, Any] | None:
    words = [sys.executable, str(work / "bench.py"), "--name", name, "--cmd", command, "--addr", f"127.0.0.1:{_PORT}"]
    words += ["--queries", str(work / "data" / "queries.txt"), "--json", str(out), "--pin"]
    words += ["--runs", str(args.runs), "--secs", str(args.secs), *more]
    if sentinel:
        words += ["--sentinel", sentinel]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        print(f"{name}: not measured: {(done.stderr or done.stdout).strip()[-500:]}")
        return None
    row: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return row


def _peer(work: Path, peer: str, names: Path, miss: Path, out: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    words = [sys.executable, str(work / "peers.py"), str(work / "peers"), "--list", str(names)]
    words += ["--queries", str(work / "data" / "queries.txt"), "--json", str(out), "--peers", peer, "--threads", "1"]
    words += ["--runs", str(args.runs), "--secs", str(args.secs)]
    before = len(out.read_text().splitlines()) if out.exists() else 0
    subprocess.run(words, capture_output=True, text=True)
    subprocess.run([*words, "--miss", str(miss)], capture_output=True, text=True)
    rows = [json.loads(line) for line in out.read_text().splitlines()[before:]]
    if len(rows) == 2:
        rows[0].update({k: v for k, v in rows[1].items() if k.startswith("miss_")})
    return rows[:1]


def _report(rows: list[dict[str, Any]], args: argparse.Namespace, out: Path) -> int:
    keys = [
        ("name", "server"),
        ("load_s", "load s"),
        ("rss_mb", "RSS MB"),
        ("anon_mb", "own MB"),
        ("rss_after_mb", "RSS after MB"),
        ("nx_pct", "blocked %"),
        ("dp_qps", "q/s dnsperf"),
        ("dp_cpu_us", "us dnsperf"),
        ("dl_qps", "q/s batch"),
        ("dl_cpu_us", "us batch"),
        ("ol_cpu_us", "us @5k"),
        ("ol_p50_us", "p50 us"),
        ("ol_p99_us", "p99 us"),
        ("miss_cpu_us", "us forwarded"),
    ]
    lines = ["| " + " | ".join(t for _, t in keys) + " |", "|" + "---|" * len(keys)]
    lines += ["| " + " | ".join(str(r.get(k, "")) for k, _ in keys) + " |" for r in rows]
    table = "\n".join(lines)
    print(table)
    verdict = 0
    by_name = {r["name"]: r for r in rows}
    ours, echo = by_name.get("filterd"), by_name.get("echo-64")
    if ours and echo and echo.get("dl_cpu_us"):
        ratio = ours["dl_cpu_us"] / echo["dl_cpu_us"]
        print(f"\nours / echo: {ratio:.2f} (promise: at most 3.5)")
        verdict |= ratio > 3.5
    if ours and "miss_cpu_us" in ours:
        print(f"forwarded: {ours['miss_cpu_us']} us of CPU (promise: at most 60)")
        verdict |= ours["miss_cpu_us"] > 60
    if args.out:
        with args.out.open("a") as file:
            file.write(table + "\n")
    return int(verdict)


if __name__ == "__main__":
    sys.exit(main())
