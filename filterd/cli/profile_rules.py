"""`filterd profile category, service, name, safe-search`: what a profile blocks and allows."""

from __future__ import annotations

import click

from filterd.cli.profile_change import id_of, patch, read
from filterd.cli.said import Call, changing

_RULES = click.Choice(["block", "allow", "default"])


@click.command()
@click.argument("profile_id", metavar="ID")
@click.argument("word", metavar="CATEGORY")
@click.argument("rule", type=_RULES)
@changing
def category(call: Call, profile_id: str, word: str, rule: str) -> None:
    """Block or allow a CATEGORY for the profile ID; default is what its preset says.

    \b
    Example:
      filterd profile category lan games block
    """
    _set_rule(call, profile_id, "categories", word, rule)


@click.command()
@click.argument("profile_id", metavar="ID")
@click.argument("word", metavar="SERVICE")
@click.argument("rule", type=_RULES)
@changing
def service(call: Call, profile_id: str, word: str, rule: str) -> None:
    """Block or allow a SERVICE (an app or site) for the profile ID; default takes its own word away.

    \b
    Example:
      filterd profile service lan tiktok block
    """
    _set_rule(call, profile_id, "services", word, rule)


@click.command()
@click.argument("profile_id", metavar="ID")
@click.argument("action", type=click.Choice(["add", "remove"]))
@click.argument("part", type=click.Choice(["block", "allow", "always"]), metavar="block|allow|always")
@click.argument("name")
@changing
def name(call: Call, profile_id: str, action: str, part: str, name: str) -> None:
    """Put a site's NAME on a list of the profile ID, or take it off; it covers everything below it.

    always: at bedtime, with the Internet off and with a budget used up too.

    \b
    Examples:
      filterd profile name lan add block example-chat.com
      filterd profile name lan add always vnedu.vn
      filterd profile name lan remove block example-chat.com
    """
    from filterd.control.profiles import add_name, remove_name

    ident = id_of(call.household(), profile_id)
    done = (add_name if action == "add" else remove_name)(call.state, call.who, ident, part, name, seen=call.seen)
    call.tell(done, f"profile {ident}: {name} {'now' if action == 'add' else 'no longer'} under {part}")


@click.command("safe-search")
@click.argument("profile_id", metavar="ID")
@click.argument("engine")
@click.argument("level", type=click.Choice(["on", "off", "none", "moderate", "strict", "default"]))
@changing
def safe_search(call: Call, profile_id: str, engine: str, level: str) -> None:
    """Set the safe search of an ENGINE (on, off) or of youtube (none, moderate, strict); default is the preset's.

    \b
    Examples:
      filterd profile safe-search lan google on
      filterd profile safe-search lan youtube moderate
    """
    _, revision, body = read(call.state, profile_id)
    levels = dict(body.get("safe_search", {}))
    if level == "default":
        levels.pop(engine, None)
    else:
        levels[engine] = level if engine == "youtube" else {"on": True, "off": False}.get(level, level)
    patch(call, body["id"], {"safe_search": levels}, f"profile {body['id']}: safe search {engine} {level}", revision)


def _set_rule(call: Call, profile_id: str, part: str, word: str, rule: str) -> None:
    from filterd.control.profiles import set_rule

    ident = id_of(call.household(), profile_id)
    done = set_rule(call.state, call.who, ident, part, word, rule, seen=call.seen)
    said = "as its preset says" if rule == "default" else {"block": "blocked", "allow": "allowed"}[rule]
    call.tell(done, f"profile {ident}: {word} {said}")
