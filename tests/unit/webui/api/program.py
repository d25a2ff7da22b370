"""A program of the house with a token: speaks JSON, has no cookie jar.

program = program_of(state)                              # all scopes, of the admin "me"
program.get("/devices").json["items"]
program.post("/off", {"profile": "lan"}).status_code     # 200
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import Client, TestResponse

from filterd.control import accounts_tokens
from filterd.control.accounts import find
from filterd.model.account import Scope
from tests.unit.webui.client import HOST, WHO
from webui.api.app import BASE, create_api
from webui.api.gate import Rates

PLENTY = Rates(calls=100_000, changes=100_000, strangers=100_000)


def token_of(state: Path, account: str = "me", scopes: Iterable[str] = tuple(Scope), **more: Any) -> str:
    """Make a token of the account with this name."""
    return accounts_tokens.create(state, WHO, find(state, account).id, "Home Assistant", list(scopes), **more)[0]


class Program:
    """Calls the API."""

    def __init__(self, app: Flask, token: str = "") -> None:
        self.app = app
        self.token = token

    def call(
        self, method: str, path: str, body: Any = None, *, address: str = "192.168.1.20", host: str = HOST,
        headers: dict[str, str] | None = None, raw: bytes | None = None, kind: str = "application/json",
        query: dict[str, str] | None = None,
    ) -> TestResponse:  # fmt: skip
        """Call; return the answer."""
        given = dict(headers or {})
        if self.token:
            given.setdefault("Authorization", f"Bearer {self.token}")
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        client = Client(self.app, use_cookies=False)
        return client.open(
            BASE + path, method=method, base_url=host, headers=given, data=data, query_string=query,
            content_type=kind if data is not None else None, environ_overrides={"REMOTE_ADDR": address},
        )  # fmt: skip

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.call("POST", path, body, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.call("PATCH", path, body, **more)

    def delete(self, path: str, **more: Any) -> TestResponse:
        return self.call("DELETE", path, **more)


def program_of(
    state: Path, account: str = "me", scopes: Iterable[str] = tuple(Scope), rates: Rates = PLENTY
) -> Program:
    """Return a program with a token for `scopes`."""
    return Program(create_api(state, rates), token_of(state, account, scopes))
