"""The supervisor on real processes: starting, starting again, stopping, and leaving nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.supervise import Part

from .servers import wait_until

# Two groups; each part writes its pid, what its child is called, and when it was told to stop.
SCRIPT = textwrap.dedent("""
    import sys
    from pathlib import Path
    from desk.supervise import Part, Supervisor
    folder = Path(sys.argv[1])
    PART = '''
    import os, pathlib, signal, subprocess, sys, time
    folder, name, code = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    def stop(*_):
        with open(folder / "stopped", "a") as out: out.write(name + "\\\\n")
        sys.exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if code == "deaf" else stop)
    with open(folder / "started", "a") as out: out.write(f"{name} {os.getpid()} {time.monotonic()}\\\\n")
    print("ERROR: hello from", name, flush=True)
    if code == "ends": sys.exit(3)
    if code == "child":
        child = subprocess.Popen([sys.executable, "-c",
            "from desk.supervise import die_with_parent; die_with_parent(); import time; print(1, flush=True); time.sleep(600)"],
            stdout=subprocess.PIPE)
        child.stdout.readline()
        (folder / "child").write_text(str(child.pid))
    time.sleep(600)
    '''
    def part(name, code="runs", **more):
        return Part(name, [sys.executable, "-c", __import__("textwrap").dedent(PART), folder, name, code], {"PATH": "/usr/bin:/bin"}, **more)
    def said(name, line):
        with open(folder / "said", "a") as out: out.write(f"{name}: {line}\\n")
    first, last = sys.argv[2:4]
    Supervisor([[part("first", first)], [part("last", last, once=last == "ends", ready=lambda: True)]], sink=said,
               announce=lambda: (folder / "announced").write_text("")).run()
""")


class Running:
    """A supervisor in a process of its own, in a folder where its parts write what happened."""

    def __init__(self, folder: Path, first: str = "runs", last: str = "runs") -> None:
        self.folder = folder
        self.process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder), first, last])

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def pids(self, name: str) -> list[int]:
        return [int(line.split()[1]) for line in self.lines("started") if line.split()[0] == name]

    def child(self) -> int:
        """Pid of a part's child; 0 until it is written (the file is there, empty, a moment before)."""
        return int("".join(self.lines("child")) or 0)

    def announced(self) -> bool:
        return (self.folder / "announced").exists()


@pytest.fixture
def running(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    out = Running(tmp_path, *getattr(request, "param", ()))
    yield out
    if out.process.poll() is None:
        out.process.terminate()
    out.process.wait(20)


def lives(pid: int) -> bool:
    """A zombie whose parent is not ours to reap has ended, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone before the opening, gone before the reading
        return False


def test_groups_start_in_order_and_stop_in_reverse(running: Running) -> None:
    wait_until(running.announced, 20)
    wait_until(lambda: len(running.lines("started")) == 2, 20)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(20) == 0
    assert running.lines("stopped") == ["last", "first"]
    assert [line.split()[0] for line in running.lines("started")] == ["first", "last"]


def test_a_part_that_is_killed_is_started_again(running: Running) -> None:
    wait_until(lambda: running.pids("first"), 20)
    os.kill(running.pids("first")[0], signal.SIGKILL)
    wait_until(lambda: len(running.pids("first")) == 2, 20)
    assert any("SIGKILL; started again in 0.5 s" in line for line in running.lines("said"))


@pytest.mark.parametrize("running", [("ends", "runs")], indirect=True)
def test_the_wait_doubles_while_a_part_keeps_ending(running: Running) -> None:
    def waits() -> list[str]:
        return [line.rpartition("again in ")[2] for line in running.lines("said") if "again in" in line]

    wait_until(lambda: len(waits()) >= 3, 30)
    assert waits()[:3] == ["0.5 s", "1 s", "2 s"]


@pytest.mark.parametrize("running", [("runs", "ends")], indirect=True)
def test_a_part_that_runs_once_is_not_started_again_and_holds_up_the_announcement(running: Running) -> None:
    wait_until(running.announced, 20)
    assert "last: ERROR: ended with code 3" in running.lines("said")
    assert len(running.pids("last")) == 1


@pytest.mark.parametrize("running", [("child", "runs")], indirect=True)
def test_kill_9_of_the_supervisor_leaves_no_part_and_no_child_of_a_part(running: Running) -> None:
    wait_until(lambda: running.child() and running.pids("last"), 20)
    pids = [running.pids("first")[0], running.pids("last")[0], running.child()]
    assert all(map(lives, pids))
    running.process.kill()
    running.process.wait(10)
    wait_until(lambda: not any(map(lives, pids)), 10)


@pytest.mark.parametrize("running", [("child", "runs")], indirect=True)
def test_what_a_killed_part_leaves_behind_goes_with_it(running: Running) -> None:
    wait_until(running.child, 20)
    child = running.child()
    os.kill(running.pids("first")[0], signal.SIGKILL)
    wait_until(lambda: not lives(child), 10)


def test_a_part_that_was_ready_is_not_asked_again() -> None:
    """Each question may be a connection: a mail server that got fifty of them a second had no time for mail."""
    asked: list[int] = []

    def ready() -> bool:
        asked.append(1)
        return len(asked) > 1

    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        part = Part("p", [], {}, ready, process=process)
        assert [part.settled for _ in range(4)] == [False, True, True, True]
    assert len(asked) == 2


@pytest.mark.parametrize("running", [("deaf", "runs")], indirect=True)
def test_a_second_signal_stops_a_part_that_does_not_listen(running: Running) -> None:
    wait_until(lambda: running.pids("last"), 20)
    running.process.send_signal(signal.SIGINT)
    wait_until(lambda: running.lines("stopped") == ["last"], 20)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(5) == 0
    assert not lives(running.pids("first")[0])


def test_what_the_parts_say_is_passed_on_with_their_name(running: Running) -> None:
    wait_until(lambda: {"first: ERROR: hello from first", "last: ERROR: hello from last"} <= set(running.lines("said")), 20)
