"""What a part outside this package (the page) needs to be one: what its parent gave it, and its way to systemd.

from filterd.control.part import OPTION, Given, Notifier
"""

from __future__ import annotations

from filterd.host.child import OPTION, Given
from filterd.host.notify import Notifier

__all__ = ["OPTION", "Given", "Notifier"]
