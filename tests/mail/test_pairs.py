"""Pairs in tests/mails: what `case.eml` must be read as stands in `case.toml`.

Fields of a Letter are compared as they are; besides them: `from` = [name, address], `quoted` and `shown` = texts that
must be inside a fold or in `reply_text`, `files` = [[name, content type], …], `html_has` = texts of the raw HTML.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from desk import mail

FOLDER = Path(__file__).parent.parent / "mails"
CASES = sorted(path.stem for path in FOLDER.glob("*.eml"))


@pytest.mark.parametrize("case", CASES)
def test_pair(case: str) -> None:
    letter = mail.parse((FOLDER / f"{case}.eml").read_bytes())
    expected: dict[str, Any] = tomllib.loads((FOLDER / f"{case}.toml").read_text(encoding="utf-8"))
    folded = "".join(letter.text[start:end] for start, end in letter.folds)
    for text in expected.pop("quoted", []):
        assert text in folded
    for text in expected.pop("shown", []):
        assert text in letter.reply_text
    for text in expected.pop("html_has", []):
        assert text in letter.html
    if "from" in expected:
        assert [letter.from_.name, letter.from_.address] == expected.pop("from")
    if "files" in expected:
        assert [[a.filename, a.content_type] for a in letter.attachments] == expected.pop("files")
    values = json.loads(json.dumps(letter.as_dict()))
    for field, value in expected.items():
        read = values[field]
        if field == "bounce" and value:
            read = {key: read[key] for key in value}
        assert read == value, field
    if not expected.get("sender_ambiguous"):
        assert not letter.sender_ambiguous


def test_every_mail_has_its_expectations() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(CASES)
    assert len(CASES) >= 30
