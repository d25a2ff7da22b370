"""What a family can switch, for pages: categories, services in groups, ages, safe search, in the language of the reader.

choices = choices_of("vi")
choices.categories[0].name, choices.groups[0].services, choices.presets
choices.find("tiktok")                          # services whose name has these letters, diacritics aside
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from filterd.config.catalogue import YOUTUBE_LEVELS, Catalogue, load
from filterd.wire.name import to_text

_GROUPS = {  # of services that are in no category of that name
    "music": ("Âm nhạc", "Music"),
    "search": ("Tìm kiếm", "Search"),
    "education": ("Học tập", "Learning"),
}
_GROUPS_ORDER = ("social", "video", "games", "messengers", "music", "ai", "shopping", "education", "search")
_ENGINES = {
    "google": "Google", "bing": "Bing", "duckduckgo": "DuckDuckGo", "yandex": "Yandex", "pixabay": "Pixabay",
    "ecosia": "Ecosia", "brave": "Brave", "qwant": "Qwant", "startpage": "Startpage",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that is switched: its id, name, one sentence ("" for most services) and icon of the sprite."""

    id: str
    name: str
    sentence: str
    icon: str
    harm: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Services of one kind."""

    id: str
    name: str
    services: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class PresetChoice:
    """An age: what it blocks, and its level for YouTube."""

    id: str
    name: str
    blocked: tuple[str, ...]
    safe_search: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """Everything in one language. Categories: harm first, in the catalogue's order."""

    categories: tuple[Choice, ...]
    groups: tuple[Group, ...]
    presets: tuple[PresetChoice, ...]
    engines: tuple[tuple[str, str], ...]  # id, name; youtube is not among them: it has levels
    youtube_levels: tuple[str, ...]

    def find(self, text: str) -> tuple[Group, ...]:
        """Return the groups with only those services whose name contains `text`; all of them for ""."""
        wanted = _plain(text)
        kept = [Group(g.id, g.name, tuple(s for s in g.services if wanted in _plain(s.name))) for g in self.groups]
        return tuple(g for g in kept if g.services)

    def preset(self, ident: str) -> PresetChoice | None:
        """Return an age's preset; None for `none` and what is not known."""
        return next((p for p in self.presets if p.id == ident), None)

    def category(self, ident: str) -> Choice | None:
        """Return a category by its id."""
        return next((c for c in self.categories if c.id == ident), None)

    def service(self, ident: str) -> Choice | None:
        """Return a service by its id."""
        return next((s for g in self.groups for s in g.services if s.id == ident), None)


@lru_cache(maxsize=2)
def choices_of(language: str) -> Choices:
    """Return what can be switched, in `vi` or `en`. ConfigError: the catalogue is damaged."""
    catalogue = load()
    vi = language == "vi"
    categories = [
        Choice(c.id, c.name_vi if vi else c.name_en, c.about_vi if vi else c.about_en, c.icon, c.harm)
        for c in catalogue.categories.values()
    ]
    presets = tuple(
        PresetChoice(p.id, p.name_vi if vi else p.name_en, p.blocked, tuple(sorted(p.safe_search.items())))
        for p in catalogue.presets.values()
    )
    return Choices(
        tuple(sorted(categories, key=lambda c: not c.harm)),
        _groups(catalogue, vi),
        presets,
        tuple((i, _ENGINES.get(i, i)) for i in catalogue.engines if i != "youtube"),
        YOUTUBE_LEVELS,
    )


@lru_cache(maxsize=1)
def sprite() -> bytes:
    """Return the catalogue's icons as one SVG of symbols, named by their files."""
    parts = ['<svg xmlns="http://www.w3.org/2000/svg">']
    folder = resources.files("blocklists") / "icons"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".svg"):
            text = file.read_text(encoding="utf-8")
            inner = " ".join(text[text.index(">") + 1 : text.rindex("</svg>")].split())
            parts.append(f'<symbol id="{file.name[:-4]}" viewBox="0 0 24 24">{inner}</symbol>')
    return ("\n".join(parts) + "\n</svg>\n").encode()


def site_text(name: bytes) -> str:
    """Return a site's name as people write it."""
    return to_text(name)


def _groups(catalogue: Catalogue, vi: bool) -> tuple[Group, ...]:
    found: dict[str, list[Choice]] = {}
    for s in catalogue.services.values():
        sentence = s.tip_vi if vi else s.tip_en
        if not sentence and s.ages and s.ages[0].least >= 18:
            sentence = s.ages[0].vi if vi else s.ages[0].en
        found.setdefault(s.group, []).append(
            Choice(s.id, s.name_vi if vi else s.name_en, sentence, s.icon, group=s.group)
        )
    order = sorted(found, key=lambda g: (_GROUPS_ORDER.index(g) if g in _GROUPS_ORDER else len(_GROUPS_ORDER), g))
    return tuple(
        Group(g, _group_name(catalogue, g, vi), tuple(sorted(found[g], key=lambda c: _plain(c.name)))) for g in order
    )


def _group_name(catalogue: Catalogue, group: str, vi: bool) -> str:
    category = catalogue.categories.get(group)
    if category is not None:
        return category.name_vi if vi else category.name_en
    return _GROUPS[group][0 if vi else 1] if group in _GROUPS else group


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in letters if not unicodedata.combining(c)).strip()
