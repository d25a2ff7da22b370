"""What to do on the router of each provider. Guesses, and said to be guesses: none was tried on a real router yet.

guess("vnpt").models
"""

from __future__ import annotations

from dataclasses import dataclass

from webui.words import gettext as _

PROVIDERS = ("viettel", "vnpt", "fpt", "other")
USUAL = "192.168.1.1"


@dataclass(frozen=True, slots=True)
class Guess:
    """Models that a provider is believed to hand out (general knowledge, unverified), and the router's usual address."""

    models: str
    address: str = USUAL


_MODELS = {
    "viettel": "ZTE F670L, ZTE F670Y, Dasan H646, Nokia G-240W",
    "vnpt": "iGate GW020, GW040, GW240-H, AW300N",
    "fpt": "G-97RG6M, G-97RG6W, AC1000F, AC1000Hi, AX1800, AX3000",
    "other": "",
}


def guess(provider: str) -> Guess:
    """Return what is believed about a provider's routers."""
    return Guess(_MODELS[provider])


def names() -> dict[str, str]:
    """Return what the providers are called."""
    return {"viettel": "Viettel", "vnpt": "VNPT", "fpt": "FPT", "other": _("Another")}
