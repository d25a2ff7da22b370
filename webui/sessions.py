"""The session's cookie: one over plain HTTP, another over HTTPS, so that neither can stand in for the other."""

from __future__ import annotations

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface


class Sessions(SecureCookieSessionInterface):
    """A session over HTTPS has a cookie of its own, which plain HTTP neither reads nor overwrites."""

    def get_cookie_name(self, app: Flask) -> str:
        """Return a name with which browsers insist on Secure (RFC 6265bis section 4.1.3.2)."""
        name = super().get_cookie_name(app)
        return f"__Host-{name}" if request.is_secure else name

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return whether this very request came over HTTPS."""
        return request.is_secure
