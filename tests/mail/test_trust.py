"""Whether the sender is who he says: results of the mailbox's own server only, and domains made to deceive."""

from __future__ import annotations

import json
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import mail

GENUINE = [domain for shop in tomllib.loads((Path(__file__).parents[2] / "config" / "marketplaces.toml").read_text(
    encoding="utf-8"))["marketplace"] for domain in shop["domains"]]
YANDEX = ("mx.yandex.ru; spf=pass (mx.yandex.ru: domain of shop.example designates 192.0.2.1 as permitted sender, rule=[ip4:192.0.2.0/24]) "
          "smtp.mail=ivan@shop.example; dkim=pass header.i=@shop.example")


def trust(*results: str, authserv_id: str = "mx.yandex.ru", sender: str = "Ivan <ivan@shop.example>") -> mail.Trust:
    head = "".join(f"Authentication-Results: {value}\r\n" for value in results)
    return mail.trust(mail.parse(f"{head}From: {sender}\r\nSubject: x\r\n\r\nx".encode()).checks, authserv_id)


def test_the_mailboxs_own_server_is_believed() -> None:
    assert trust(YANDEX) == mail.Trust("mx.yandex.ru", True, "pass", "pass", "", "pass")


@pytest.mark.parametrize("results", [
    ["mx.evil.example; dkim=pass header.d=shop.example", "mx.yandex.ru; spf=fail smtp.mailfrom=ivan@shop.example"],
    ["mx.yandex.ru; spf=fail smtp.mailfrom=ivan@shop.example", YANDEX],
    ["mx.yandex.ru; dmarc=fail (p=REJECT) header.from=shop.example; dkim=pass header.d=shop.example"],
    ["mx.yandex.ru; spf=softfail smtp.mailfrom=ivan@shop.example; dkim=none"],
    ["mx.yandex.ru; dkim=fail reason=\"bad; dkim=pass header.d=shop.example\" header.d=shop.example"],
    ["mx.yandex.ru (dkim=pass header.d=shop.example; x); spf=fail smtp.mailfrom=x@shop.example"],
])
def test_only_the_topmost_word_of_that_server_counts(results: list[str]) -> None:
    assert trust(*results).verdict == "fail"


@pytest.mark.parametrize("results", [
    ["mx.yandex.ru; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=x@evil.example"], ["mx.yandex.ru; none"], [],
    ["mx.evil.example; dmarc=pass header.from=shop.example"], ["mx.yandex.ru.evil.example; dmarc=pass"],
    ["mx.yandex.ru; dkim=pass header.d=shop.example.evil.example"], ["mx.yandex.ru; dkim=pass header.d=example"], [""], [";;==;"],
])
def test_a_pass_for_somebody_else_or_by_somebody_else_proves_nothing(results: list[str]) -> None:
    assert trust(*results).verdict == "none"


@pytest.mark.parametrize("result", [
    "mx.yandex.ru; dmarc=pass header.from=shop.example", "mx.yandex.ru; dkim=fail header.d=other.example; dkim=pass header.i=@mail.shop.example",
    "iva8.mx.yandex.ru 1; SPF = pass smtp.mailfrom=\"ivan@shop.example\"", "mx.yandex.ru; dkim=pass (2048-bit key; secure) header.d=shop.example",
])
def test_forms_of_a_pass(result: str) -> None:
    assert trust(result).verdict == "pass"


def test_without_a_name_to_believe_the_topmost_is_a_claim() -> None:
    found = trust("spf=pass smtp.mailfrom=ivan@shop.example", YANDEX, authserv_id="")
    assert (found.trusted, found.host, found.spf, found.dkim, found.verdict) == (False, "", "pass", "", "pass")


def test_it_survives_the_trip_from_the_child() -> None:
    read = mail.parse(f"Authentication-Results: {YANDEX}\r\nFrom: ivan@shop.example\r\n\r\nx".encode())
    assert mail.Letter.from_dict(json.loads(json.dumps(read.as_dict()))).checks == read.checks != ()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["spf", "dkim", "=", "pass", ";", " ", "(", ")", '"', "\\", "header.d=", "a.example", "@", "\x00", "é", "mx"]),
                max_size=60).map("".join))
def test_whatever_the_header_says(value: str) -> None:
    trust(value, value, authserv_id="mx")


@pytest.mark.parametrize("unit", ["(", '"', "spf=pass ", "header.d=", "smtp.mailfrom=@", ";", '\\"', "((", "dkim=pass header.d=a;"])
def test_long_headers_cost_no_more_than_their_length(unit: str) -> None:
    start = time.process_time()
    trust(unit * 30_000, authserv_id="")
    assert time.process_time() - start < 4


@pytest.mark.parametrize("domain", [
    "0zon.ru", "ozon-support.ru", "оzon.ru", "оzon.ru".encode("idna").decode(), "ozon.ru.evil.example", "ozzon.ru", "ozonpay.ru", "wildberies.ru",
    "wildberries-refund.ru", "wildberriespay.com", "aliexpres.ru", "market-yandex.shop", "avit0.ru", "lamodа.ru", "ozon.top", "yanclex.ru",
    "mail.0zon.ru", "megamarkel.ru",
])
def test_a_domain_made_to_deceive(domain: str) -> None:
    assert mail.looks_like(domain, GENUINE)


@pytest.mark.parametrize("domain", [
    "yandex.ru", "ya.ru", "yandex.kz", "mail.ru", "gmail.com", "ozon.ru", "sender.ozon.ru", "ozone.ru", "wb.ru", "rambler.ru", "inbox.ru",
    "market.yandex.ru", "пример.рф", "xn--e1afmkfd.xn--p1ai", "avito.ru", "list.ru", "bk.ru", "megafon.ru", "", "localhost", "xn--", "xn--\x80",
])
def test_an_honest_domain(domain: str) -> None:
    assert not mail.looks_like(domain, GENUINE)
    assert not mail.mixed(domain)


def test_letters_of_two_alphabets_in_one_word() -> None:
    assert mail.mixed("bаnk.example")
    assert mail.mixed("bаnk.example".encode("idna").decode())
    assert not mail.mixed("банк.example")
