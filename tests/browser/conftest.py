"""A real desk in a real browser: Debian's Chromium drives pages served on loopback, over a seeded SQLite database.

Any console error, page error, dialog or request to another host fails the test; a failing test leaves a picture in
var/screenshots/failed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright
from sqlalchemy import update
from werkzeug.serving import make_server

from desk import db, migrate, people, settings
from desk.db import Database
from desk.models import Heartbeat
from desk.settings import Settings
from desk.web import create_app

from ..servers import free_port
from . import story

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
REFUSED = re.compile(r"status of (?:400|409) ")  # a form that comes back with a sentence and the text that was typed
FAILED = Path(__file__).resolve().parents[2] / "var" / "screenshots" / "failed"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def cheap_hasher(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(people, "hasher", lambda: cheap)
    people._nobodys_hash.cache_clear()


@pytest.fixture
def conf(conf: Settings) -> Settings:
    port = free_port()
    return conf.model_copy(update={
        "desk": conf.desk.model_copy(update={"base_url": f"http://127.0.0.1:{port}"}),
        "web": conf.web.model_copy(update={"port": port})})


@pytest.fixture
def sqlite(conf: Settings, seeded: story.Told) -> Iterator[Database]:
    """The desk's database beside the running pages."""
    database = Database(conf.database_url)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, story.Told]:
    """A database in which the story was told; each test copies it."""
    home = tmp_path_factory.mktemp("story")
    (home / "desk.toml").write_text(story.SETTINGS, encoding="utf-8")
    conf = settings.load({"DESK_HOME": str(home)})
    database = Database(conf.database_url)
    migrate.upgrade(database)
    links = story.tell(database, conf)
    with database.writer.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return home / "desk.db", links


@pytest.fixture
def seeded(told: tuple[Path, story.Told], home: Path) -> story.Told:
    (home / "desk.db").write_bytes(told[0].read_bytes())
    database = Database(f"sqlite:///{home / 'desk.db'}")
    with database.write() as session:
        session.execute(update(Heartbeat).values(at=db.now()))
    database.dispose()
    return told[1]


@pytest.fixture
def site(conf: Settings, seeded: story.Told) -> Iterator[str]:
    """The address of the served desk."""
    app = create_app(conf)
    server = make_server("127.0.0.1", conf.web.port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield conf.desk.base_url
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["desk"].database.dispose()
    if "desk.files" in app.extensions:
        app.extensions["desk.files"].close()


class Watched:
    """A page whose every fault is noted."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.page.set_default_timeout(15_000)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        self.page.on("dialog", lambda dialog: (self.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        context.on("request", lambda request: self._request(request, site))

    def _console(self, message: ConsoleMessage) -> None:
        if REFUSED.search(message.text):
            return
        if message.type in ("error", "warning"):
            self.faults.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request, site: str) -> None:
        if urlsplit(request.url).scheme not in ("data", "blob", "about") and not request.url.startswith(site):
            self.faults.append(f"asked somebody else: {request.url}")


@pytest.fixture
def visit(chromium: Browser, site: str, seeded: story.Told, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Open the desk, signed in as Anna unless `as_whom` says otherwise; settings of the context as keywords."""
    opened: list[tuple[BrowserContext, Watched]] = []

    def open_page(path: str = "/", *, as_whom: str = "anna", **settings: object) -> Page:
        context = chromium.new_context(base_url=site, **{  # type: ignore[arg-type]
            "locale": "ru-RU", "viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **settings})
        watched = Watched(context, site)
        opened.append((context, watched))
        if as_whom:
            watched.page.goto(site + seeded.links[as_whom])
        watched.page.goto(path)
        return watched.page

    yield open_page
    failed = getattr(request.node, "failed", False)
    for number, (context, watched) in enumerate(opened):
        if failed or watched.faults:
            FAILED.mkdir(parents=True, exist_ok=True)
            watched.page.screenshot(path=FAILED / f"{request.node.name}-{number}.png", full_page=True)
        context.close()
    assert [fault for _, watched in opened for fault in watched.faults] == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.failed = report.failed  # type: ignore[attr-defined]
    return report
