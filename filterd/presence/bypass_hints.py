"""What kind of device this is, as far as its own words and its address tell: a person's, or a thing in a corner.

From DHCP (vendor class, host name) and mDNS names, which anybody can choose: used for whose steps to show and for how
much silence means, never for rules.

    hints = Hints()
    hints.see(sighting)
    hints.system, hints.is_personal(mac)      # "android", True
"""

from __future__ import annotations

from filterd.model.seen import is_private
from filterd.model.sighting import Sighting

_PLAYS = ("playstation", "ps4", "ps5", "xbox", "nintendo", "switch-", "steamdeck")
# the first that fits decides; things come first: an Android television says android-dhcp too
_THINGS = (
    "printer", "epson", "canon", "brother", "laserjet", "officejet", "deskjet", "envy", "_ipp", "_pdl", "scanner",
    "bravia", "webos", "smarttv", "smart-tv", "samsungtv", "roku", "chromecast", "googlecast", "googletv", "androidtv",
    "android-tv", "firetv", "fire-tv", "appletv", "apple-tv", "mibox", "tivo", "shield", "vizio", "hisense", "tcl-",
    *_PLAYS, "camera", "ipcam", "doorbell", "nest",
    "hue", "esp_", "esp-", "esp32", "tasmota", "shelly", "sonoff", "tapo", "kasa", "plug", "bulb", "lamp", "tuya",
    "alexa", "echo", "homepod", "sonos", "speaker", "roborock", "vacuum", "fridge", "washer", "thermostat", "sensor",
    "synology", "diskstation", "qnap", "nas", "router", "gateway", "openwrt", "repeater", "extender", "raspberry", "udhcp",
)  # fmt: skip
_SYSTEMS = (
    ("ios", ("iphone", "ipad", "ipod")),
    ("macos", ("macbook", "imac", "mac-mini", "macmini", "mac-pro")),
    ("android", ("android", "galaxy", "pixel", "redmi", "xiaomi", "oppo", "vivo", "realme", "huawei", "oneplus")),
    ("windows", ("msft", "desktop-", "laptop-", "windows", "surface")),
)
_PERSONAL = ("phone", "dien-thoai", "tablet", "laptop", "notebook", "chromebook", "thinkpad")
_MAX_TEXT = 256  # characters of all that a device calls itself


class Hints:
    """What one device said of itself."""

    __slots__ = ("_texts", "is_thing", "plays", "says_personal", "system")

    def __init__(self) -> None:
        self._texts = ""
        self.system = ""  # ios | macos | android | windows | ""
        self.is_thing = False
        self.plays = False  # a console: a thing, and a child's
        self.says_personal = False

    def see(self, seen: Sighting) -> bool:
        """Take what a sighting says; return whether it is news."""
        said = f"{seen.name} {seen.detail.partition('60=')[2]}".strip().lower()
        if not said or said in self._texts or len(self._texts) + len(said) > _MAX_TEXT:
            return False
        self._judge(f"{self._texts} {said}")
        return True

    def _judge(self, texts: str) -> None:
        self._texts = texts
        self.is_thing = self.is_thing or any(word in self._texts for word in _THINGS)
        self.plays = any(word in self._texts for word in _PLAYS)
        self.system = next((s for s, words in _SYSTEMS if any(w in self._texts for w in words)), self.system)
        self.says_personal = any(word in self._texts for word in _PERSONAL)

    def document(self) -> str:
        """Return what it said, to be remembered."""
        return self._texts

    def restore(self, texts: str) -> None:
        """Take what `document` returned."""
        self._judge(texts[:_MAX_TEXT])

    def is_personal(self, mac: str) -> bool:
        """Return whether a person uses it: phones, tablets and computers. A private address is a phone's habit."""
        return not self.is_thing and bool(self.system or self.says_personal or is_private(mac))
