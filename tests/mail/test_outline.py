"""The outline of a mail: every part, never an exception, only JSON values."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from desk import mail


def test_the_tree_is_told_from_the_outside_in() -> None:
    raw = (b"Subject: =?utf-8?b?0KLQtdC80LA=?=\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
           b"Content-Type: text/plain; charset=koi8-r\r\n\r\nabc\r\n--x\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF\r\n--x--\r\n")
    found = mail.outline(raw)
    assert [(p["depth"], p["type"], p["shown"], p["name"]) for p in found["parts"]] == [
        (0, "multipart/mixed", False, ""), (1, "text/plain", True, ""), (1, "application/pdf", False, "a.pdf")]
    assert found["headers"][0] == ["subject", "Тема"]
    assert found["headers_in_all"] == 2


@given(st.binary(max_size=400), st.sampled_from([b"", b"Content-Type: multipart/mixed; boundary=b\n\n--b\n", b"Subject: "]))
def test_whatever_the_bytes_it_is_json(noise: bytes, head: bytes) -> None:
    assert json.loads(json.dumps(mail.outline(head + noise), ensure_ascii=False).encode())["parts"]
