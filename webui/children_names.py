"""Sites that are closed or open for one child: put on the list, taken off, and what a name must look like.

POST /children/lan/names   part=block, name=example-chat.com
"""

from __future__ import annotations

from flask import Blueprint, abort, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import profiles
from filterd.errors import ConfigError
from webui.change import changed
from webui.children_shown import PARTS, field, section
from webui.frame import profile_of, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("sites", __name__)  # inside the children's own


@page.post("/<ident>/names")
@needs("household")
def add_name(ident: str) -> Answer:
    """Close or open a site for this child."""
    part, name = field("part"), field("name").strip()
    if part not in PARTS:
        abort(422)
    profile_of(ident)
    text = _("%(site)s is closed now.", site=name) if part == "block" else _("%(site)s is open now.", site=name)
    return changed(
        lambda who, seen: profiles.add_name(state(), who, ident, part, name, seen=seen),
        text, back=url_for("children.names", ident=ident), fragment=lambda: section(ident, "names"),
        on_error=lambda error: _refused_name(ident, error),
    )  # fmt: skip


@page.post("/<ident>/names/remove")
@needs("household")
def remove_name(ident: str) -> Answer:
    """Take a site off the child's own list."""
    part, name = field("part"), field("name")
    if part not in PARTS:
        abort(422)
    profile_of(ident)
    return changed(
        lambda who, seen: profiles.remove_name(state(), who, ident, part, name, seen=seen),
        _("%(site)s is off the list.", site=name), back=url_for("children.names", ident=ident),
        fragment=lambda: section(ident, "names"),
    )  # fmt: skip


def _refused_name(ident: str, error: ConfigError) -> str:
    text = str(error)
    if "http" in text or "alone" in text:
        said = _("Write the name alone, such as example.com: no http and nothing behind it.")
    elif "star" in text or "leading dot" in text:
        said = _("Write it without a star or a dot in front: it covers everything below it.")
    elif "address" in text:
        said = _("A number address is no name. Write a name such as example.com.")
    elif "spaces" in text:
        said = _("A name has no spaces.")
    else:
        said = _("This is no site's name. It looks like example.com.")
    return section(ident, "names", {"name": said}, whole=True)
