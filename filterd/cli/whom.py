"""Whom a command is about: a word looked up among profiles, then devices, or an option that leaves no doubt.

filterd off lan                 the profile `lan`, by its id or its name
filterd off --device may-lan    a device
filterd off everyone
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from filterd.errors import ConfigError

if TYPE_CHECKING:
    from filterd.control.moves import Whom
    from filterd.model.household import Device, Household, Profile

EVERYONE = ("everyone", "all")

profile = click.option("--profile", default="", metavar="ID", help="A profile, by its id or name.")
device = click.option("--device", default="", metavar="ID", help="A device, by its id or name.")


def selecting(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `word`, `profile`, `device` and `everyone`, to be handed to `find`."""
    for add in (
        click.option("--everyone", is_flag=True, help="All devices of the household."),
        device,
        profile,
        click.argument("word", required=False, default="", metavar="[WHO]"),
    ):
        command = add(command)
    return command


def find(household: Household, word: str = "", profile: str = "", device: str = "", everyone: bool = False) -> Whom:
    """Return who is meant; ConfigError when it is nobody, or more than one."""
    from filterd.control.moves import Whom

    if bool(word) + bool(profile) + bool(device) + everyone != 1:
        raise ConfigError(f"say for whom, once: a profile ({_ids(household.profiles)}), a device or everyone")
    if profile:
        return Whom(profile=find_id(household.profiles, profile, "profile"))
    if device:
        return Whom(device=find_id(household.devices, device, "device"))
    if everyone:
        return Whom(everyone=True)
    found = _matching(household.profiles, word)
    if word.lower() in EVERYONE:
        if found:
            raise ConfigError(f"{word[:80]!r} is a profile too: say --everyone or --profile {found[0]}")
        return Whom(everyone=True)
    if found:
        return Whom(profile=_single(found, word, "profile"))
    devices = _matching(household.devices, word)
    if devices:
        return Whom(device=_single(devices, word, "device"))
    raise ConfigError(
        f"there is no profile and no device {word[:80]!r} (profiles: {_ids(household.profiles)}; "
        f"devices: {_ids(household.devices)})"
    )


def find_id(among: Sequence[Profile] | Sequence[Device], word: str, what: str) -> str:
    """Return the id of the profile or device that `word` names, by id or by name. ConfigError: none, or several."""
    found = _matching(among, word)
    if not found:
        raise ConfigError(f"{what}: there is no {word[:80]!r} (known: {_ids(among)})")
    return _single(found, word, what)


def name_of(household: Household, whom: Any) -> str:
    """Return how a person says whom this covers. `whom`: anything with profile, device and maybe everyone."""
    if getattr(whom, "everyone", False):
        return "everyone"
    if whom.profile:
        name = next((p.name for p in household.profiles if p.id == whom.profile), "")
        return f"profile {whom.profile}" + (f" ({name})" if name and name != whom.profile else "")
    name = next((d.name for d in household.devices if d.id == whom.device), "")
    return f"device {whom.device}" + (f" ({name})" if name and name != whom.device else "")


def _matching(among: Sequence[Profile] | Sequence[Device], word: str) -> list[str]:
    exact = [x.id for x in among if x.id == word]
    return exact or [x.id for x in among if x.name.casefold() == word.strip().casefold()]


def _single(found: list[str], word: str, what: str) -> str:
    if len(found) > 1:
        raise ConfigError(f"{what}: {word[:80]!r} is the name of several: {', '.join(found[:10])}; say the id")
    return found[0]


def _ids(among: Sequence[Profile] | Sequence[Device]) -> str:
    return ", ".join(x.id for x in among[:20]) + (", ..." if len(among) > 20 else "") or "none"
