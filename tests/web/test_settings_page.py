"""The page of settings: what is set and where from, no secret on it, and the sign-ins that can be tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from desk import configured, settings
from desk.settings import Settings

from ..imap.toy import Toy
from ..servers import SmtpSink
from .conftest import post

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SECRET = "long-enough-and-secret-0123456789abc"


@pytest.fixture
def found(home: Path) -> dict[tuple[str, str], configured.Value]:
    home.mkdir()
    (home / "desk.toml").write_text('[smtp]\nhost = "smtp.example"\npassword = "pass-in-file"\n[[mailbox]]\nname = "main"\n'
                                    'address = "a@b.example"\nhost = "imap.example"\nusername = "a"\npassword = "box-secret"\n')
    environ = {"DESK_HOME": str(home), "DESK_WEB_PORT": "9000", "DESK_DESK_SECRET_KEY": SECRET, "DESK_MAILBOX_MAIN_HOST": "other.example"}
    return {(section, value.key): value for section, values in configured.shown(settings.load(environ), environ).items()
            for value in values}


@pytest.mark.parametrize(("place", "words", "source"), [
    (("web", "port"), "9000", "DESK_WEB_PORT"), (("smtp", "host"), "smtp.example", "desk.toml"), (("web", "host"), "127.0.0.1", ""),
    (("mailbox.main", "host"), "other.example", "DESK_MAILBOX_MAIN_HOST"), (("mailbox.main", "username"), "a", "desk.toml"),
    (("mailbox.main", "port"), "993", ""), (("web", "secure_cookies"), "false", "")])
def test_a_value_says_where_it_comes_from(found: dict[tuple[str, str], configured.Value], place: tuple[str, str], words: str,
                                          source: str) -> None:
    assert (found[place].words, found[place].source) == (words, source)


@pytest.mark.parametrize("place", [("desk", "secret_key"), ("smtp", "password"), ("mailbox.main", "password")])
def test_a_secret_is_only_said_to_be_there(found: dict[tuple[str, str], configured.Value], place: tuple[str, str]) -> None:
    assert (found[place].words, found[place].secret, found[place].is_set) == ("", True, True)


def test_no_value_holds_a_secret(found: dict[tuple[str, str], configured.Value]) -> None:
    for value in found.values():
        assert not {SECRET, "pass-in-file", "box-secret"} & {value.words, value.purpose, value.source}


def test_what_a_setting_is_for_stands_beside_it(found: dict[tuple[str, str], configured.Value]) -> None:
    assert found["smtp", "undo_seconds"].purpose == "Seconds in which a reply can still be taken back."
    assert not found["database", "url"].is_set


@SQLITE
def test_the_page_is_for_admins(anna: FlaskClient, sign_in: Callable[[str], FlaskClient]) -> None:
    page = anna.get("/settings").text
    assert "[[mailbox]] main" in page
    assert "test-key-test-key" not in page
    assert sign_in("lidia").get("/settings").status_code == 403


@SQLITE
def test_a_mailbox_and_the_way_out_can_be_tried(app: Flask, conf: Settings, anna: FlaskClient, smtp_sink: SmtpSink) -> None:
    toy = Toy()
    app.extensions["desk"] = replace(app.extensions["desk"], conf=conf.model_copy(update={
        "mailbox": (conf.mailbox[0].model_copy(update={"port": toy.port}),),
        "smtp": conf.smtp.model_copy(update={"port": smtp_sink.port})}))
    post(anna, "/settings/try/main", at="/settings")
    assert "help@desk.example: вход удался, писем в папке «INBOX»: 3." in anna.get("/settings").text
    post(anna, "/settings/try/out", at="/settings")
    assert "127.0.0.1: вход удался, письма могут уходить" in anna.get("/settings").text
    toy.close()
    post(anna, "/settings/try/main", at="/settings")
    assert "check host and port" in anna.get("/settings").text
    assert post(anna, "/settings/try/nobody", at="/settings").status_code == 404
