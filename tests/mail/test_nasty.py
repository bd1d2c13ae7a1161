"""Every nasty mail is read: no exception, bounded, valid text."""

from __future__ import annotations

import json
import time

import pytest

from desk import mail
from tests.mails import nasty

CORPUS = nasty.corpus()


@pytest.mark.parametrize("name", CORPUS)
def test_read(name: str) -> None:
    raw = CORPUS[name]
    began = time.perf_counter()
    letter = mail.parse(raw)
    mail.clean_html(letter.html, {})
    assert time.perf_counter() - began < 10
    assert "unreadable" not in letter.warnings
    words = json.dumps(letter.as_dict(), ensure_ascii=False)
    words.encode("utf-8")
    assert "\\u0000" not in words
    assert len(letter.text.encode()) <= 1 << 20
    assert len(letter.html.encode()) <= 1 << 20
    assert len(letter.attachments) <= 1100
    assert len(letter.subject) <= 500
    assert all(len(a.filename.encode()) <= 180 and a.filename and "/" not in a.filename for a in letter.attachments)
    assert mail.Letter.from_dict(json.loads(words), [a.data for a in letter.attachments]) == letter
