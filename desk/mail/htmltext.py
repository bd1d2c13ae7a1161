"""HTML → the text a person would read, with quotes of earlier mail marked by `> ` as in plain mail."""

from __future__ import annotations

import re
from collections.abc import Callable

import inscriptis
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

from . import limits, markup

CONFIG = ParserConfig(css=CSS_PROFILES["relaxed"].copy(), display_images=False, display_links=False)
OPEN, CITE, CLOSE = "\ue0a1", "\ue0a2", "\ue0a3"
BLOCKQUOTE = re.compile(r"<(/?)blockquote\b([^<>]{0,2000})>", re.I)
QUOTING = re.compile(r"type\s*=\s*[\"']?cite|class\s*=\s*[\"']?[^\"'>]{0,100}quote", re.I)
# The Bat! draws a coloured bar in front of what it quotes: a table whose first cell is thin and empty.
TABLE = re.compile(r"<(/?)table\b[^<>]{0,2000}>", re.I)
BAR = re.compile(r"(?:\s|<tbody[^<>]{0,200}>){0,20}<tr[^<>]{0,200}>\s{0,20}"
                 r"<td(?=[^<>]{0,300}width\s?[=:]\s?[\"']?[1-5](?:px)?[\"';\s>])"
                 r"(?=[^<>]{0,300}(?:bgcolor|background))[^<>]{0,300}>(?:\s|&nbsp;|<br\s?/?>){0,20}</td>", re.I)
BLANK = re.compile(r"\n{3,}")
# lxml refuses an encoding declaration in text, and characters that XML does not know.
DECLARATION = re.compile(r"<\?xml[^>]{0,200}\?>", re.I)
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ue0a1-\ue0a3\ufffe\uffff]")


def read(html: str, introduces_quote: Callable[[str], bool]) -> str:
    """Text of up to 1 MiB of HTML. `introduces_quote` tells whether a line announces the bare quote after it."""
    html = FORBIDDEN.sub("", html[: limits.HTML])
    if markup.heavy(html) or html.count("<") > limits.HTML_TAGS:
        return markup.stripped(html)
    marked = _barred(BLOCKQUOTE.sub(_mark, DECLARATION.sub("", html)))
    try:
        text = inscriptis.get_text(marked, CONFIG)
    except Exception:  # noqa: BLE001 - whatever a parser makes of hostile HTML, its words must stay readable
        return markup.stripped(html)
    lines = [line.rstrip() for line in text.replace("\xa0", " ").split("\n")]
    return BLANK.sub("\n\n", "\n".join(_quoted(lines, introduces_quote))).strip("\n")


def _mark(match: re.Match[str]) -> str:
    if match.group(1):
        return f"<div>{CLOSE}</div></blockquote>"
    return f"{match.group()}<div>{CITE if QUOTING.search(match.group(2)) else OPEN}</div>"


def _barred(html: str) -> str:
    """Tables that stand for a quote, marked like one."""
    out, at, open_ = [], 0, list[bool]()
    for tag in TABLE.finditer(html):
        if not tag.group(1):
            open_.append(BAR.match(html, tag.end()) is not None)
            out += [html[at:tag.start()], f"<div>{OPEN}</div>" if open_[-1] else "", tag.group()]
        else:
            out += [html[at:tag.end()], f"<div>{CLOSE}</div>" if open_ and open_.pop() else ""]
        at = tag.end()
    return "".join(out) + html[at:]


def _quoted(lines: list[str], introduces_quote: Callable[[str], bool]) -> list[str]:
    out: list[str] = []
    stack: list[int] = []
    recent = ""
    for line in lines:
        sign = line.strip()
        if sign in (OPEN, CITE):
            stack.append(int(sign == CITE or bool(sum(stack)) or introduces_quote(recent)))
        elif sign == CLOSE:
            if stack:
                stack.pop()
        else:
            depth = min(sum(stack), 20)
            line = re.sub("[\ue0a1-\ue0a3]", "", line)
            out.append(">" * depth + (" " if depth else "") + (line.strip() if depth else line))
            recent = f"{recent}\n{line}"[-400:] if line.strip() else recent
    return out
