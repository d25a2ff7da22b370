"""`filterd explain`: why a name is blocked or not, by the code that the workers run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("name", required=False)
@click.option("--client", default="", help="An IP address or a device's id; default: a device never seen before.")
@click.option("--type", "qtype", default="A", show_default=True, help="Record type.")
@click.option("--at", default="", help='RFC 3339 with an offset, or household time: "2026-11-28 21:30".')
@click.option("--json", "as_json", is_flag=True, help="The whole decision as JSON.")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read questions as JSON lines (name, type, client, at).")
@click.option("--state", type=click.Path(path_type=Path), default="var", envvar="FILTERD_STATE", show_default=True)
def explain(name: str | None, client: str, qtype: str, at: str, as_json: bool, from_stdin: bool, state: Path) -> None:
    """Say what happens to NAME and why.

    With a running service the answer's aliases are judged too; without one the name alone is, and nobody is asked.

    \b
    Examples:
      filterd explain tiktok.com --client may-lan
      filterd explain youtube.com --client 127.0.0.11 --at "2026-11-28 21:30"
      echo '{"name": "tiktok.com", "client": "127.0.0.11"}' | filterd explain --stdin
    """
    from filterd.control.explain import Explainer, answer_lines
    from filterd.control.explain_question import Question

    if bool(name) == from_stdin:
        raise click.UsageError("expected either a NAME or --stdin")
    explainer = Explainer(state)
    try:
        if from_stdin:
            for line in answer_lines(explainer, sys.stdin.buffer):
                click.echo(line)
            return
        document = explainer.explain(Question(name or "", qtype, client, at))
    finally:
        explainer.close()
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        click.echo(_in_words(document))


def _in_words(d: dict[str, Any]) -> str:
    verdict = {"allow": "allowed", "block": "BLOCKED", "rewrite": "allowed, with safe search", "local": "answered here"}
    who = d["device"] or d["client"] or "a device never seen before"
    lines = [f"{d['name']} {d['type']} for {who} (profile {d['profile']}) at {d['at']}: {verdict[d['action']]}"]
    detail = [f"row {d['row']}", d["rule"]]
    for key in ("service", "category", "list", "matched", "target", "by"):
        if d.get(key):
            detail.append(f"{key} {d[key]}")
    lines.append("  because: " + ", ".join(x for x in detail if x))
    if d["since"]:
        lines.append(f"  since:   {d['since']}")
    if d["next"]:
        n = d["next"]
        lines.append(f"  next:    {n['at']}: {n['action']} (row {n['row']}, {n['rule']})")
    lines.append("  trace:")
    for step in d["trace"]:
        lines.append(f"    {step['row']:10} {step['verdict'] or '-':8} {step['why']}".rstrip())
    return "\n".join(lines)
