"""What things of the catalogue are called, for people: services, categories, names, more time.

shown("service", "tiktok", "vi")       # "TikTok"
"""

from __future__ import annotations

from collections.abc import Iterable

from filterd.config.catalogue import load


def shown(scope: str, value: str, language: str) -> str:
    """Return how a value of a grant or a request is called in a language; as it is when the catalogue does not know it."""
    catalogue = load()
    found = catalogue.services.get(value) if scope == "service" else None
    if found is None and scope == "category":
        category = catalogue.categories.get(value)
        return value if category is None else (category.name_vi if language == "vi" else category.name_en)
    return value if found is None else (found.name_vi if language == "vi" else found.name_en)


def shown_all(services: Iterable[str], categories: Iterable[str], language: str) -> str:
    """Return the names of some services and categories, with commas."""
    names = [shown("service", s, language) for s in services] + [shown("category", c, language) for c in categories]
    return ", ".join(names)
