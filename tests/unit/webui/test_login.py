"""The log-in page: kind, in both languages, with help beside it, and back to where one wanted to be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.webui.client import PASSWORD, browser_of, logged_in


@pytest.mark.parametrize(("language", "title"), [("vi", "Đăng nhập"), ("en", "Log in")])
def test_it_speaks_both_languages_and_names_whom_to_call(state: Path, language: str, title: str) -> None:
    page = browser_of(state).get(f"/login?lang={language}").text
    assert f"<h1>{title}</h1>" in page and 'href="tel:111"' in page and 'href="https://vn-cop.vn"' in page
    assert f'<html lang="{language}"' in page


def test_it_leads_to_where_one_wanted_to_be(state: Path) -> None:
    visitor = browser_of(state)
    asked = visitor.get("/account/")
    assert asked.location == "/login?to=/account/"
    answer = visitor.post("/login", {"name": "ME", "password": PASSWORD, "to": "/account/"})
    assert answer.location == "/account/"


def test_a_wrong_name_and_a_wrong_password_sound_the_same(state: Path) -> None:
    visitor = browser_of(state)
    token = visitor.token()
    first = visitor.post("/login", {"name": "nobody", "password": PASSWORD}, token=token)
    second = visitor.post("/login", {"name": "me", "password": "x"}, token=token)
    assert first.status_code == second.status_code == 401

    def said(text: str) -> str:
        return re.sub(r'(csrf[-_]token" (?:value|content)=)"[^"]+"', r"\1", text)  # it has the second in it

    assert said(first.text).replace("nobody", "me") == said(second.text)
    assert PASSWORD not in first.text


def test_who_is_logged_in_goes_on(state: Path) -> None:
    assert logged_in(state).get("/login?to=/more").location == "/more"


def test_the_language_is_remembered_in_the_browser(state: Path) -> None:
    visitor = browser_of(state)
    assert "lang=en" in visitor.get("/language/en?to=/login").headers["Set-Cookie"]
    assert "Log in" in visitor.get("/login").text
    assert visitor.get("/language/xx").status_code == 404
