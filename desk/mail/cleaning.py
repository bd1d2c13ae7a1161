"""HTML of a stranger, made safe to show in a sandboxed frame: an allow-list, no styles, nothing from the network."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import nh3

from . import markup

TAGS = frozenset({
    "a", "b", "i", "em", "strong", "u", "s", "p", "br", "div", "span", "ul", "ol", "li", "blockquote", "pre",
    "code", "table", "thead", "tbody", "tr", "td", "th", "h1", "h2", "h3", "h4", "hr", "img",
})
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "width", "height"},
              "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
SCHEMES = {"http", "https", "mailto", "tel"}
# Their text is code or a heading of the window, not words of the letter.
DROPPED = {"script", "style", "title", "noscript", "template", "textarea", "xmp", "iframe", "svg", "math", "object"}
LINK = re.compile(r'<a ([^<>]{0,8000})>((?:(?!</a>).){0,2000})</a>( \[[^\]<>]{1,300}\])?', re.S)
HREF = re.compile(r'href="([^"]*)"')
HOST_LIKE = re.compile(r"(?:[\w-]{1,63}\.){1,10}[^\W\d_]{2,24}")
PLAIN_TAG = re.compile(r"<[^<>]{0,2000}>")
# Inside an attribute a quote is always escaped, so these cannot cut a tag in two.
IMAGE = re.compile(r'<img(?: [a-z]+="[^"]*")*>')
SRC = re.compile(r'(?<= )src="cid:(\d{1,4})"')
PASSES = 4
NUMBER = re.compile(r"\d{1,4}%?")


def clean_html(html: str, cid_urls: Mapping[str, str]) -> str:
    """Safe HTML, or '' when it is over 1 MiB or nested too deep: then the text is shown.

    Pictures stay only when `cid_urls` maps their Content-ID to an address of ours. A link whose text looks like
    another address gets its real host in brackets behind it. Cleaning twice changes nothing.
    """
    if markup.heavy(html):
        return ""

    known = {f"cid:{identifier}": f"cid:{place}" for place, identifier in enumerate(cid_urls)}
    urls = [entities.escape(url) for url in cid_urls.values()]
    cleaned = _allowed(html.replace("\x00", ""), known)
    for _ in range(PASSES):
        # Misnested links come out of one pass so that another one would change them: an opening for tricks.
        before, cleaned = cleaned, _allowed(cleaned, {place: place for place in known.values()})
        if cleaned == before:
            return LINK.sub(_with_host, IMAGE.sub(lambda match: _picture(match.group(), urls), cleaned))
    return ""


def _allowed(html: str, pictures: Mapping[str, str]) -> str:
    def attribute(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src":
            return pictures.get("cid:" + value[4:]) if value[:4].lower() == "cid:" else None
        if name in ("width", "height", "colspan", "rowspan"):
            return value if NUMBER.fullmatch(value) else None
        return value

    return nh3.clean(html, tags=set(TAGS), attributes=ATTRIBUTES, clean_content_tags=DROPPED,
                     attribute_filter=attribute, url_schemes=SCHEMES | {"cid"}, url_relative="deny",
                     link_rel="noopener noreferrer nofollow", set_tag_attribute_values={"a": {"target": "_blank"}})


def _picture(tag: str, urls: list[str]) -> str:
    """A picture of the letter itself, or nothing."""
    return SRC.sub(lambda match: f'src="{urls[int(match.group(1))]}"', tag) if SRC.search(tag) else ""


def _with_host(match: re.Match[str]) -> str:
    href = HREF.search(match.group(1))
    if not href:
        return match.group()
    host = _host(entities.unescape(href.group(1)))
    note = f" [{entities.escape(host)}]"
    shown = entities.unescape(PLAIN_TAG.sub("", match.group(2))).lower()
    named = {name.removeprefix("www.") for name in HOST_LIKE.findall(shown)}
    known = (match.group(3) or "") == note
    odd = "@" in _netloc(entities.unescape(href.group(1))) or "xn--" in host or not host.isascii()
    if not host or known or (not odd and named <= {host}):
        return match.group()
    return f"<a {match.group(1)}>{match.group(2)}</a>{note}{match.group(3) or ''}"


def _host(url: str) -> str:
    return _netloc(url).rpartition("@")[2].partition(":")[0].lower().removeprefix("www.")[:253]


def _netloc(url: str) -> str:
    """Host part of an http address, nothing for others."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return parts.netloc.replace("[", "").replace("]", "") if parts.scheme in ("http", "https") else ""
