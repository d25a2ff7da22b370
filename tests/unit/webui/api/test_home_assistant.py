"""The recipe for Home Assistant in the README: every one of its calls, made as Home Assistant makes it, on the pages' own application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from flask import Flask
from jinja2 import Environment, StrictUndefined
from werkzeug.test import Client

import webui
from filterd.control import requests as asked
from filterd.control.change import history
from filterd.control.household import load
from filterd.model.account import Scope
from filterd.model.change import Who
from filterd.model.household import Scope as Reach
from tests.unit.webui.api.program import token_of

README = Path(webui.__file__).parent / "api" / "README.md"
ENTITY = "sensor.lan_internet"


class Loader(yaml.SafeLoader):
    """Reads `!secret name` as the secret's name in angle brackets."""


Loader.add_constructor("!secret", lambda loader, node: f"<{loader.construct_scalar(node)}>")


class HomeAssistant:
    """As much of it as the recipe needs: REST sensors, rest_command, and one template switch."""

    def __init__(self, app: Flask, recipe: dict[str, Any], secrets: dict[str, str]) -> None:
        self.app, self.recipe, self.secrets = app, recipe, secrets
        self.states: dict[str, str] = {}
        self.attributes: dict[str, Any] = {}

    def poll(self) -> None:
        """Read every REST resource into its entities."""
        for one in self.recipe["rest"]:
            answer = self.call("GET", one["resource"], one["headers"])
            assert answer.status_code == 200, answer.text
            for kind in ("sensor", "binary_sensor"):
                for entity in one.get(kind, ()):
                    name = f"{kind}.{entity['name'].lower().replace(' ', '_')}"
                    self.states[name] = self.render(entity["value_template"], value_json=answer.json)
                    self.attributes[name] = {key: answer.json[key] for key in entity.get("json_attributes", ())}

    def run(self, command: str, **data: Any) -> Any:
        one = self.recipe["rest_command"][command.removeprefix("rest_command.")]
        body = self.render(one["payload"], **data)
        answer = self.call(one["method"].upper(), one["url"], one["headers"], body, one["content_type"])
        assert answer.status_code == 200, answer.text
        return answer.json

    def turn(self, how: str) -> None:
        for step in self.switch[how]:
            if step["action"] == "homeassistant.update_entity":
                assert step["target"]["entity_id"] == ENTITY
                self.poll()
            else:
                self.run(step["action"], **step["data"])

    @property
    def switch(self) -> dict[str, Any]:
        (found,) = (one for part in self.recipe["template"] for one in part["switch"])
        return dict(found)

    @property
    def is_on(self) -> bool:
        return self.render(self.switch["state"], states=lambda name: self.states.get(name, "unknown")) == "True"

    def render(self, template: str, **values: Any) -> str:
        return Environment(undefined=StrictUndefined, autoescape=False).from_string(template).render(values)

    def call(self, method: str, url: str, headers: dict[str, str], body: str = "", kind: str = "") -> Any:
        where = urlsplit(url)
        given = {key: self.secrets[value.strip("<>")] for key, value in headers.items()}
        return Client(self.app, use_cookies=False).open(
            where.path, method=method, base_url=f"{where.scheme}://{where.netloc}", headers=given,
            data=body.encode() or None, content_type=kind or None, environ_overrides={"REMOTE_ADDR": "192.168.1.9"},
        )  # fmt: skip


@pytest.fixture
def home(state: Path) -> Iterator[HomeAssistant]:
    (block,) = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.S)
    recipe = yaml.load(block, Loader)  # a SafeLoader of ours
    secrets = {"filterd_token": f"Bearer {token_of(state, scopes=[Scope.READ, Scope.HOUSEHOLD])}"}
    yield HomeAssistant(webui.create_app(state), recipe, secrets)


def test_the_sensors_say_how_things_are(home: HomeAssistant, state: Path) -> None:
    asked.ask(state, Who("Lan", "child"), profile="lan", scope=Reach.NAME, value="example.org")
    home.run("filterd_off", profile="lan")
    home.poll()
    assert home.states[ENTITY] == "off" and home.attributes[ENTITY]["by"] == "mẹ (Home Assistant)"
    assert home.states["sensor.requests_waiting"] == "1"
    assert home.states["binary_sensor.children_unprotected"] == "True"  # nobody has asked this box yet
    assert not home.is_on


def test_the_switch_turns_a_child_off_and_on(home: HomeAssistant, state: Path) -> None:
    assert not home.is_on  # not known yet
    home.turn("turn_off")
    assert not home.is_on and load(state).internet_off[0].profile == "lan"
    home.turn("turn_on")
    assert load(state).internet_off[0].ended is not None
    assert [c.verb for c in history(state, limit=2)] == ["on", "off"]


def test_more_minutes_open_what_is_off(home: HomeAssistant, state: Path) -> None:
    home.turn("turn_off")
    assert home.run("filterd_more", profile="lan")["changed"]
    home.poll()
    assert home.is_on and home.attributes[ENTITY]["bonus_until"] is not None
    assert home.run("filterd_more", profile="lan", minutes=30)["changed"]


def test_the_recipe_holds_no_token_and_no_real_address() -> None:
    text = README.read_text()
    assert not re.search(r"ftd_[A-Za-z0-9]", text) and text.count("!secret filterd_token") == 6
