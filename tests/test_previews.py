"""Pictures that were drawn are kept, within bounds, and go with the file they show."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from desk.previews import LOOK_EVERY, Previews

FILE, OTHER = "a" * 64, "b" * 64


def test_a_picture_is_kept_until_its_file_goes(tmp_path: Path) -> None:
    previews = Previews(tmp_path)
    assert previews.get(FILE, "thumb") is None
    previews.put(FILE, "thumb", b"small")
    previews.put(FILE, "page-2", b"large")
    assert (previews.get(FILE, "thumb"), previews.get(FILE, "page-2")) == (b"small", b"large")
    previews.forget(FILE)
    assert previews.get(FILE, "thumb") is None


def test_the_oldest_make_room(tmp_path: Path) -> None:
    previews = Previews(tmp_path, most_bytes=1000)
    previews.put(OTHER, "old", b"x" * 600)
    os.utime(next(tmp_path.glob("*/*/old")), (1, 1))
    for number in range(LOOK_EVERY - 1):
        previews.put(FILE, f"page-{number}", b"x" * 10)
    assert previews.get(OTHER, "old") is None
    assert previews.get(FILE, "page-0") is not None


def test_without_room_nothing_breaks(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    previews = Previews(tmp_path / "file")
    previews.put(FILE, "thumb", b"small")
    assert previews.get(FILE, "thumb") is None


def test_a_name_is_a_hash_and_no_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        Previews(tmp_path).get("../" * 21 + "x", "thumb")
