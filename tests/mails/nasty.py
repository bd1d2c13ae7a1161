"""Mails that broke mail programs: `corpus()` builds them all, the huge ones by code.

Every one must be stored, read without an exception within bounds, and shown as something readable.
"""

from __future__ import annotations

import base64
import quopri
import random

SPECIMEN = "Здравствуйте! Заказ 12345678-0001-1 не доставлен, верните деньги. Иван Петров, +7 916 123-45-67"


def corpus() -> dict[str, bytes]:
    """Name → raw bytes, CRLF line ends unless the case is about them. About 75 MB in all."""
    return {**_empty(), **_headers(), **_addresses(), **_charsets(), **_structure(), **_bombs(), **_html(), **_files(),
            **_automatic()}


def letter(body: bytes = SPECIMEN.encode(), *, head: bytes = b"", subject: bytes = b"Zhaloba", kind: bytes =
           b"text/plain; charset=utf-8", encoding: bytes = b"8bit",
               sender: bytes = b"Ivan <ivan@mail.example>") -> bytes:
    lines = [b"From: " + sender, b"To: desk@help.example", b"Subject: " + subject,
             b"Date: Mon, 21 Sep 2026 10:00:00 +0300", b"Message-ID: <nasty@mail.example>", b"MIME-Version: 1.0",
             b"Content-Type: " + kind, b"Content-Transfer-Encoding: " + encoding]
    return head + b"\r\n".join(lines) + b"\r\n\r\n" + body


def parts(*bodies: bytes, kind: bytes = b"mixed", boundary: bytes = b"b") -> bytes:
    inner = b"".join(b"--" + boundary + b"\r\n" + body + b"\r\n" for body in bodies)
    return letter(inner + b"--" + boundary + b"--\r\n", kind=b"multipart/" + kind + b'; boundary="' + boundary + b'"')


TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + SPECIMEN.encode()


def _file(data: bytes, disposition: bytes, kind: bytes = b"application/octet-stream") -> bytes:
    return (b"Content-Type: " + kind + b"\r\nContent-Disposition: " + disposition
            + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data))


def _empty() -> dict[str, bytes]:
    return {
        "empty": b"", "one_newline": b"\r\n", "one_nul": b"\x00", "no_headers": SPECIMEN.encode(),
        "blank_line_first": b"\r\n\r\n" + letter(), "headers_only": letter().split(b"\r\n\r\n")[0],
        "no_body": letter(b""), "mbox_from_line": b"From ivan@mail.example Mon Sep 21 10:00:00 2026\r\n" + letter(),
        "no_blank_line": letter().replace(b"\r\n\r\n", b"\r\n", 1), "random_bytes": random.Random(1).randbytes(20_000),
        "cr_only": letter().replace(b"\r\n", b"\r"), "lf_only": letter().replace(b"\r\n", b"\n"),
        "mixed_line_ends": letter().replace(b"\r\n", b"\n", 3).replace(b"\r\n", b"\r\r\n", 1),
        "nul_everywhere": letter().replace(b"e", b"\x00e"), "utf16_mail": SPECIMEN.encode("utf-16"),
        "no_message_id": letter().replace(b"Message-ID: <nasty@mail.example>\r\n", b""),
    }


def _headers() -> dict[str, bytes]:
    words = "Жалоба на заказ, прошу вернуть деньги"
    return {
        "raw_cp1251_headers": letter(words.encode("cp1251"), subject=words.encode("cp1251"), kind=b"text/plain",
                                     sender="Иван Петров".encode("cp1251") + b" <ivan@mail.example>"),
        "raw_koi8_headers": letter(words.encode("koi8-r"), subject=words.encode("koi8-r"), kind=b"text/plain",
                                   sender="Иван Петров".encode("koi8-r") + b" <ivan@mail.example>"),
        "raw_utf8_headers": letter(subject=words.encode(), sender="Иван Петров <ivan@mail.example>".encode()),
        "nul_in_subject_charset": letter(subject=b"=?u\x00tf-8?q?x?="), "nul_in_subject": letter(subject=b"a\x00b"),
        "surrogate_in_subject": letter(subject=b"=?utf-8?b?7bO/?= \xed\xb3\xbf"),
        "subject_injection": letter(subject=b"=?utf-8?q?Hi=0D=0ABcc:_evil@x.example?="),
        "folded_subject": letter(subject=b"=?utf-8?b?0JbQsNC70L7QsdCw?=\r\n =?utf-8?q?X?=\r\n\t tail"),
        "broken_encoded_words": letter(subject=b"=?utf-8?b?0JbQ!!?= =?utf-8?q?=D0=?= =?x?y?z?= =?utf-8?b?"),
        "two_subjects": letter(head=b"Subject: first\r\n"), "two_from": letter(head=b"From: a@good.example\r\n"),
        "two_message_ids": letter(head=b"Message-ID: <first@x.example>\r\n"),
        "two_content_types": letter(head=b"Content-Type: text/html\r\n"),
        "header_flood": b"".join(b"X-%d: a\r\n" % i for i in range(100_000)) + letter(),
        "header_of_10_mb": b"X-Big: " + b"a" * 10_000_000 + b"\r\n" + letter(),
        "folded_300000_times": b"X-Fold: a\r\n" + b" b\r\n" * 300_000 + letter(),
        "encoded_word_bomb": letter(subject=b" ".join([b"=?utf-8?q?a?="] * 20_000)),
        "parameter_bomb": letter(kind=b"text/plain" + b"".join(b"; p%d=a" % i for i in range(20_000))),
        "rfc2231_bomb": letter(kind=b"text/plain" + b"".join(b"; name*%d*=a" % i for i in range(20_000))),
        "huge_references": letter(head=b"References: " + b"".join(b"<%d@x.example>\r\n " % i for i in range(20_000))
                                  + b"<last@x.example>\r\n"),
        "absurd_date": letter(head=b"Date: Mon, 99 Foo 99999999\r\n"),
        "date_of_year_1": letter(head=b"Date: Mon, 01 Jan 0001 00:00:00 +0500\r\n"),
        "date_of_year_9999": letter(head=b"Date: Fri, 31 Dec 9999 23:59:59 -2359\r\n"),
        "colon_lines": letter(head=b": nothing\r\n:::\r\nBad Name: x\r\n"),
    }


def _addresses() -> dict[str, bytes]:
    senders = {
        "from_two_addresses": b"alice@good.example <evil@bad.example>", "from_group": b"undisclosed:;",
        "from_paren": b"alice@good.example)<evil@bad.example>",
        "from_angle_first": b"<alice@good.example>evil@bad.example",
        "from_quoted_local": b'"a@good.example>"@evil.example', "from_two_mailboxes": b"a@x.example, b@x.example",
        "from_encoded_address": b"=?utf-8?q?alice=40good=2Eexample=00?=@evil.example",
        "from_name_is_address": b'"alice@good.example" <evil@bad.example>', "from_nothing": b"",
        "from_script": b'"<svg onload=alert(1)>" <a@b.example>', "from_5000_parens": b"(" * 5000 + b" a@b.example",
        "from_5000_characters": b"a" * 5000 + b" <a@b.example>", "from_cyrillic": "иван@пример.рф".encode(),
        "from_two_dots": b"a..b@docomo.example", "from_crlf": b"=?utf-8?q?x=0D=0ABcc:_e@x.example?= <a@b.example>",
    }
    many = b", ".join(b"user%d@x.example" % i for i in range(20_000))
    return {**{name: letter(sender=value) for name, value in senders.items()},
            "no_from": letter().split(b"\r\n", 1)[1],
            "20000_recipients": letter(head=b"Cc: " + many + b"\r\n"),
            "50000_angles": letter(head=b"Cc: " + b"<" * 50_000 + b"\r\n"),
            "quote_without_end": letter(head=b'Cc: "' + b"\\" * 60_000 + b"\r\n")}


def _charsets() -> dict[str, bytes]:
    cyrillic = SPECIMEN.encode("cp1251")
    return {
        "nul_in_charset": letter(base64.b64encode(cyrillic), kind=b'text/plain; charset="utf\x00-8"',
            encoding=b"base64"),
        "nul_in_body": letter(b"a\x00b\x00\xff"), "lone_surrogate": letter(b"\xed\xa0\x80 \xed\xb3\xbf ok"),
        "cp1251_without_charset": letter(cyrillic, kind=b"text/plain"),
        "cp1251_as_utf8": letter(cyrillic), "cp1251_as_ascii": letter(cyrillic, kind=b"text/plain; charset=us-ascii"),
        "cp1251_as_latin1": letter(cyrillic, kind=b"text/plain; charset=iso-8859-1"),
        "cp1251_as_koi8": letter(cyrillic, kind=b"text/plain; charset=koi8-r"),
        "utf8_as_cp1251": letter(kind=b"text/plain; charset=windows-1251"),
        "koi8_without_charset": letter(SPECIMEN.encode("koi8-r"), kind=b"text/plain"),
        "cp866_without_charset": letter(SPECIMEN.encode("cp866"), kind=b"text/plain"),
        "win_1251_alias": letter(cyrillic, kind=b"text/plain; charset=win-1251"),
        "unknown_charset": letter(cyrillic, kind=b"text/plain; charset=x-unknown"),
        "utf7": letter(b"+ADw-script+AD4-alert(1)", kind=b"text/html; charset=utf-7"),
        "zip_codec": letter(cyrillic, kind=b"text/plain; charset=zip_codec"),
        "idna_codec": letter(cyrillic, kind=b"text/plain; charset=idna"),
        "charset_of_100_kb": letter(cyrillic, kind=b"text/plain; charset=" + b"x" * 100_000),
        "utf32_garbage": letter(base64.encodebytes(b"\xff" * 5000), kind=b"text/plain; charset=utf-32LE",
                                encoding=b"base64"),
        "qp_garbage": letter(b"=D0=\r\n=ZZ=D0=9=0=\r\n" * 2000 + quopri.encodestring(SPECIMEN.encode()),
                             encoding=b"quoted-printable"),
        "broken_base64": letter(b"!!" + base64.b64encode(SPECIMEN.encode())[:-3] + b"=", encoding=b"base64"),
        "base64_in_pieces": letter(b"".join(base64.b64encode(c.encode()) + b"\r\n" for c in SPECIMEN),
            encoding=b"base64"),
        "base64_of_equals": letter(b"A=" * 500_000, encoding=b"base64"),
        "unknown_encoding": letter(encoding=b"x-rot13"),
        "uuencoded": letter(b"begin 644 a.txt\n#86)C\n`\nend\n", encoding=b"x-uuencode"),
        "uuencode_inside": letter(b"see file\r\nbegin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n"),
    }


def _structure() -> dict[str, bytes]:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(3000))
    cut = deep.split(b"Content-Type: multipart/mixed; boundary=b1000\r\n")[0]
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 1000
    same = b"".join([b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"] * 1000)
    return {
        "mime_1000_deep": cut + TEXT, "mime_3000_deep": deep + TEXT, "same_boundary_1000_deep": same + TEXT,
        "rfc822_1000_deep": nested + TEXT, "10000_parts": parts(*[b"\r\nx"] * 10_000),
        "100000_parts": parts(*[b""] * 100_000), "boundary_lookalikes": parts(b"\r\n" + b"--bx\r\n" * 300_000),
        "no_end_boundary": parts(TEXT, TEXT).replace(b"--b--", b""), "boundary_missing": letter(
            b"--b\r\n" + TEXT + b"\r\n--b--\r\n", kind=b"multipart/mixed"),
        "boundary_never_seen": letter(kind=b"multipart/mixed; boundary=zzz"),
        "boundary_is_spaces": letter(kind=b'multipart/mixed; boundary="   "'), "empty_multipart": parts(),
        "boundary_prefix": parts(TEXT, b"Content-Type: multipart/alternative; boundary=b2\r\n\r\n--b2\r\n" + TEXT
                                 + b"\r\n--b2--"),
        "multipart_in_base64": letter(base64.encodebytes(parts(TEXT)), kind=b"multipart/mixed; boundary=b",
                                      encoding=b"base64"),
        "partial": letter(kind=b'message/partial; id="a"; number=1; total=3'),
        "external_body": parts(TEXT, b'Content-Type: message/external-body; access-type=local-file; name="/etc/passwd"'
                                     b"\r\n\r\nContent-Type: text/plain\r\n\r\n"),
        "digest": parts(b"\r\n" + letter(), b"\r\n" + letter(), kind=b"digest"),
        "type_nonsense": letter(kind=b"/;=;;\x00text"),
        "only_content_type": b"Content-Type: multipart/mixed; boundary=b\r\n",
    }


def _bombs() -> dict[str, bytes]:
    return {
        "attachment_of_30_mb": parts(TEXT, _file(b"\x00\x01" * 11_000_000, b'attachment; filename="big.bin"')),
        "text_of_5_mb": letter(SPECIMEN.encode() * 30_000), "one_line_of_2_mb": letter(b"a" * 2_000_000),
        "newlines": letter(b"\r\n" * 200_000), "quote_lines": letter(b"> " * 30_000 + b"\r\n> a" * 100_000),
        "wrote_lines": letter("On On On 21.09.2026 10:00 Иван пишет\r\n".encode() * 1500),
        "digits": letter(b"1" * 100_000), "dashed_digits": letter(b"1-" * 50_000),
        "label_flood": letter("заказ № ".encode() * 8000), "spaces": letter(b" " * 100_000 + b"x"),
    }


def _html() -> dict[str, bytes]:
    pages = {
        "html_div_bomb": b"<div>" * 50_000, "html_comment_bomb": b"<!--" * 200_000, "html_a_bomb": b"<a" * 100_000,
        "html_table_bomb": b"<table><tr><td>" * 20_000, "html_attribute_bomb": b"<p " + b"a=1 " * 100_000 + b">",
        "html_hidden_depth": b"<div><object></div></object>" * 20_000,
        "html_entities": b"&lt;&#0;&#xd800;&nbsp;" * 3000,
        "html_script": b"<script>alert(1)</script><p>Hello<img src=x onerror=alert(1)>",
        "html_wide": b"<b>x</b>" * 60_000,
        "html_null": b"<scr\x00ipt>alert(1)</scr\x00ipt>", "html_empty": b"<html><body></body></html>",
        "html_xml": b'<?xml version="1.0" encoding="utf-8"?><html><body>ok</body></html>',
    }
    return {name: letter(page, kind=b"text/html; charset=utf-8") for name, page in pages.items()}


def _files() -> dict[str, bytes]:
    names = {
        "name_bidi": 'attachment; filename="scan\u202efdp.exe"'.encode(),
        "name_path": b'attachment; filename="../../../etc/cron.d/x"',
        "name_windows_path": b'attachment; filename="C:\\Windows\\x.exe"',
        "name_of_3000": b'attachment; filename="' + b"a" * 3000 + b'.pdf"',
        "name_encoded_path": b"attachment; filename*=utf-8''..%2f..%2fx", "name_dots": b'attachment; filename="..."',
        "name_crlf": b"attachment; filename*=utf-8''a%0d%0aX-Evil:%201.pdf",
        "name_nul": b'attachment; filename="a\x00.pdf"',
        "name_con": b"attachment; filename=CON.txt",
        "name_script": b'attachment; filename="<img src=x onerror=alert(1)>.png"',
        "name_2047": b'attachment; filename="=?utf-8?b?0KfQtdC6INC30LDQutCw0LfQsC5wZGY=?="',
        "name_split_percent": b"attachment; filename*0*=utf-8''%D0%A7%D; filename*1*=0%B5%D0%BA.pdf",
        "name_raw_cp1251": b'attachment; filename="' + "Чек заказа.pdf".encode("cp1251") + b'"',
        "name_both": b"attachment; filename=a.pdf; filename*=utf-8''b.pdf", "name_empty": b'attachment; filename=""',
    }
    pdf = b"%PDF-1.4\n%test\n"
    return {
        **{name: parts(TEXT, _file(pdf, value)) for name, value in names.items()},
        "nameless_pdf": parts(TEXT, b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                              + base64.encodebytes(pdf)),
        "nameless_jpeg_as_text": parts(TEXT, b"Content-Transfer-Encoding: base64\r\n\r\n"
                                       + base64.encodebytes(b"\xff\xd8\xff\xe0jpeg")),
        "body_is_pdf": letter(base64.encodebytes(pdf), kind=b"application/pdf", encoding=b"base64"),
        "winmail": parts(TEXT, _file(b"\x78\x9f\x3e\x22" + bytes(200), b'attachment; filename="winmail.dat"',
                                     b"application/ms-tnef")),
        "calendar": parts(TEXT, b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR",
            kind=b"alternative"),
        "smime": parts(TEXT, _file(b"0\x82\x00", b'attachment; filename="smime.p7s"', b"application/pkcs7-signature"),
                       kind=b"signed"),
        "zero_byte_file": parts(TEXT, _file(b"", b'attachment; filename="empty.jpg"', b"image/jpeg")),
    }


def _automatic() -> dict[str, bytes]:
    status = (b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
              b"Final-Recipient: rfc822; anna@mail.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
              b"Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n")
    original = b"Content-Type: message/rfc822\r\n\r\nMessage-ID: <ours@desk.example>\r\nSubject: x\r\n\r\nbody"
    mdn = b"Content-Type: message/disposition-notification\r\n\r\nDisposition: manual-action/MDN-sent; displayed\r\n"
    return {
        "bounce": parts(TEXT, status, original, kind=b"report; report-type=delivery-status"),
        "bounce_qmail": letter(b"Hi. This is the qmail-send program.\r\n\r\n<anna@mail.example>:\r\n550 no mailbox\r\n",
                               sender=b"MAILER-DAEMON@mx.example", subject=b"failure notice"),
        "bounce_garbage": parts(TEXT, b"Content-Type: message/delivery-status\r\n\r\n\xff\x00\r\n\r\n\r\n",
                                kind=b"report; report-type=delivery-status"),
        "vacation": letter(head=b"Auto-Submitted: auto-replied (vacation)\r\n",
            subject="Автоответ: в отпуске".encode()),
        "read_receipt": parts(TEXT, mdn, kind=b"report; report-type=disposition-notification"),
        "list_mail": letter(head=b"List-Id: <news.shop.example>\r\nPrecedence: bulk\r\n"),
        "null_return_path": letter(head=b"Return-Path: <>\r\n"),
        "control_headers": letter(head=b"X-Desk-Ticket: 1\r\nX-RT-Sign: 1\r\nX-Spam-Status: No\r\n"),
    }
