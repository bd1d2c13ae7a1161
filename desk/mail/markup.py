"""Linear looks at hostile HTML, before any parser sees it."""

from __future__ import annotations

import re

from . import limits

TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})[^<>]{0,4000}>?")
# Tags that never nest or that the next one of their kind closes: old HTML leaves them open.
FREE = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr", "p", "li", "td", "tr", "th", "dt", "dd", "option", "tbody", "thead", "tfoot", "colgroup", "o:p",
})
HIDDEN = ("style", "script", "head", "title")
SPACES = re.compile(r"[ \t\r\f\v]+")
BREAKS = frozenset({
    "p", "div", "br", "tr", "li", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "hr",
    "pre",
})


def without_comments(html: str) -> str:
    out, at = [], 0
    while (start := html.find("<!--", at)) >= 0:
        out.append(html[at:start])
        stop = html.find("-->", start + 2)
        if stop < 0:
            return "".join(out)
        at = stop + 3
    return "".join(out) + html[at:]


def too_deep(html: str) -> bool:
    """More than 256 open tags, counted so that no trick with misplaced closing tags hides the depth."""
    stack: list[str] = []
    for close, name in TAG.findall(without_comments(html)):
        name = name.lower()
        if name in FREE:
            continue
        if not close:
            stack.append(name)
            if len(stack) > limits.HTML_DEPTH:
                return True
        elif stack and stack[-1] == name:
            stack.pop()
    return False


def heavy(html: str) -> bool:
    """Too large, too deep or with tags too long to be parsed in bounded time."""
    return len(html) > limits.HTML or _longest_tag(html) > 32 * 1024 or too_deep(html)


def stripped(html: str) -> str:
    """Readable text of HTML that no parser should see: tags out, block ends become line ends."""
    html = without_comments(html)
    for name in HIDDEN:
        html = _without_element(html, name)
    text = TAG.sub(lambda m: "\n" if m.group(2).lower() in BREAKS else "", html)
    return re.sub(r"\n\s*\n+", "\n\n", SPACES.sub(" ", text)).strip()


def _longest_tag(html: str) -> int:
    """Thousands of attributes in one tag cost a parser quadratic time."""
    longest, at = 0, 0
    while (start := html.find("<", at)) >= 0:
        stop = html.find(">", start)
        if stop < 0:
            return max(longest, len(html) - start if html[start + 1:start + 2].isalpha() else 0)
        if html[start + 1:start + 2].isalpha():
            longest = max(longest, stop - start)
        at = stop
    return longest


def _without_element(html: str, name: str) -> str:
    out, at, low = [], 0, html.lower()
    while (start := low.find("<" + name, at)) >= 0:
        stop = low.find("</" + name, start)
        if stop < 0:
            break
        out.append(html[at:start])
        at = stop
    return "".join(out) + html[at:]
