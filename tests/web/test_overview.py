"""«Обзор» shows every table beside its picture and gives it to a spreadsheet that cannot be tricked by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from desk import spreadsheet
from desk.db import Database
from desk.models import User
from desk.web import overview

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_every_table_is_on_the_page_and_as_a_file(anna: FlaskClient, deliver: Callable[..., None]) -> None:
    deliver()
    page = anna.get("/overview").text
    for key in overview.TABLES:
        assert f'id="t-{key}"' in page
        answer = anna.get(f"/overview/{key}.csv?days=90")
        assert answer.status_code == 200
        assert answer.data.startswith(b"\xef\xbb\xbf")
        assert f"{key}-90.csv" in answer.headers["Content-Disposition"]
    assert "Соблюдённые сроки" in page
    assert anna.get("/overview/secrets.csv").status_code == 404
    assert anna.get("/overview?days=x").status_code == 200


@SQLITE
def test_no_cell_becomes_a_formula(anna: FlaskClient, database: Database) -> None:
    with database.write() as session:
        session.scalars(select(User).where(User.email == "boris@desk.example")).one().name = '=HYPERLINK("http://evil.example")'
    sheet = anna.get("/overview/load.csv").text
    assert "'=HYPERLINK" in sheet
    assert [spreadsheet.cell(overview.said(cell)) for cell in ("=1", "+1", "-1", "@a", "\t=1", "a=1", "", None, 5)] == [
        "'=1", "'+1", "'-1", "'@a", "'\t=1", "a=1", "", "", "5"]


@SQLITE
def test_the_page_costs_the_same_for_one_ticket_and_for_many(
        app: Flask, anna: FlaskClient, deliver: Callable[..., None]) -> None:
    engine, seen = app.extensions["desk"].database.reader, []
    event.listen(engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    deliver()
    anna.get("/overview")
    counts = []
    for _ in range(2):
        seen.clear()
        assert anna.get("/overview").status_code == 200
        counts.append(len(seen))
        for number in range(4):
            deliver(sender=f"p{number}@mail.example", subject=f"Жалоба {number}")
    assert counts[0] == counts[1]
