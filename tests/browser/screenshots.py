"""Pictures of every page for people to look at: `bin/check screenshots` writes them into var/screenshots."""

from __future__ import annotations

import logging
import re
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from desk import migrate, settings
from desk.db import Database
from desk.web import create_app

from ..servers import free_port
from . import story
from .conftest import ARGUMENTS
from .test_looks import PAGES

FOLDER = Path(__file__).resolve().parents[2] / "var" / "screenshots"
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        (Path(home) / "desk.toml").write_text(story.SETTINGS, encoding="utf-8")
        conf = settings.load({"DESK_HOME": home, "DESK_WEB_PORT": str(port),
                              "DESK_DESK_BASE_URL": f"http://127.0.0.1:{port}"})
        database = Database(conf.database_url)
        migrate.upgrade(database)
        links = story.tell(database, conf).links
        server = make_server("127.0.0.1", port, create_app(conf), threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"{_take(conf.desk.base_url, links['anna'])} pictures in {FOLDER}")
        server.shutdown()


def _take(base: str, link: str) -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    count = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        for size, viewport in SIZES.items():
            for scheme in ("light", "dark"):
                for locale in ("ru-RU", "en-US"):
                    context = browser.new_context(base_url=base, viewport=viewport, color_scheme=scheme, locale=locale)
                    page = context.new_page()
                    page.goto("/sign-in")
                    page.screenshot(path=FOLDER / f"sign-in-{size}-{scheme}-{locale[:2]}.png", full_page=True)
                    page.goto(link)
                    for path in PAGES:
                        page.goto(path, wait_until="networkidle")
                        name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "queue"
                        page.screenshot(path=FOLDER / f"{name}-{size}-{scheme}-{locale[:2]}.png", full_page=True)
                        count += 1
                    context.close()
        browser.close()
    return count


if __name__ == "__main__":
    main()
