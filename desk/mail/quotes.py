"""Which lines of a letter quote earlier mail or sign it. Only a view: nothing is ever cut from the text.

Line by line, every pattern anchored and bounded, so the time is linear in the text.
"""

from __future__ import annotations

import re

from . import armour, attribution, forwards, limits

BANNER = re.compile(
    r"[-—_=*]{2,20}\s?(?:исходное (?:сообщение|письмо)|первоначальное сообщение|оригинальное сообщение|"
    r"original[- ]?(?:message|appointment|nachricht)|reply message|ursprüngliche nachricht|message d[’']origine|"
    r"message original|mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht|"
    r"wiadomość oryginalna|originalmeddelande|oprindelig meddelelse|original besked|"
    r"вихідне повідомлення|оригінальне повідомлення)"
    r"\s?[-—_=*]{2,20}$|-{4,20}\s?(?:original|原始(?:邮件|信件)|.{1,100}\s(?:wrote|schrieb|написал(?:\(а\))?))\s?-{4,20}$|"
    r"[^\w]{0,30}(?:please )?(?:type your reply above|reply above|write your reply above|"
    r"пишите (?:ваш )?ответ выше|напишите ответ выше).{0,60}$|-{2,20} on .{0,200}wrote -{2,20}$", re.I)
QUOTE = re.compile(r"[A-ZА-ЯЁ]{0,3}>")
DASHES = re.compile(r"[-_–—]{2,}$")
MORE_THAN = re.compile(r">\s?\d")
RULE = re.compile(r"[-_=─—]{5,}$")
DEVICE = (r"(?:iphone|ipad|ipod|apple|mac|android|samsung|galaxy|xiaomi|redmi|poco|huawei|honor|realme|nokia|sony|htc|"
          r"lg|blackberry|windows|outlook|яндекс|yandex|mail|my ?mail|gmail|yahoo|aol|rambler|proton|blue ?mail|nine|"
          r"spark|aqua ?mail|thunderbird|typeapp|k-9|superhuman|front|airmail|telegram)")
SIGNED = re.compile(
    rf"\W{{0,2}}(?:(?:отправлено|написано|послано|надіслано) (?:со?|из|от|через|с помощью|з) "
    rf"(?:моего |моей |мобильн|устройств|телефон|смартфон|планшет|приложени|почт[ыа]|облака|vk |{DEVICE})"
    rf"|sent (?:from|via|with|using) (?:my |a |an |the )?(?:new |all new )?{DEVICE}|sent from my [^,:;?!]{{2,60}}$|"
    r"get (?:outlook|bluemail|typeapp) for |(?:получить|скачать) outlook для |пересылаю с (?:iphone|ipad)|"
    r"von meinem .{2,30} gesendet|gesendet (?:von|mit) |envoyé de(?:puis)? mon |enviado desde mi |enviado do meu |"
    r"inviato da(?:l mio)? i|verstuurd vanaf mijn |verzonden vanaf mijn |skickat från min |wysłane z )", re.I)
# What people say was sent: «Отправлено с почты 12.09, трек …» is no signature.
TOLD = re.compile(r"\d{1,2}\.\d{1,2}(?!\d)|\d{6}|\b(?:возврат|заявлени|претензи|товар|посылк|трек|заказ|ответ|чек)",
                  re.I)
SIGNED_LENGTH = 100
SIGNATURE_LINES = 15
BARE_LINES, BARE_LENGTH = 8, 70  # `--` without its space is a signature when what follows is small


def ends_with_attribution(text: str) -> bool:
    """Whether the last one to three lines announce a quote: mail programs wrap the announcement."""
    lines = [line.strip() for line in text.strip().split("\n")][-3:]
    joined = [" ".join(lines[start:]) for start in range(len(lines))]
    return any(attribution.is_certain(line) or attribution.is_likely(line) for line in joined)


def folds(text: str, subject: str = "") -> tuple[tuple[int, int], ...]:
    """Spans of earlier mail and signatures; empty when nothing would stay, or when the text is too long to judge."""
    if len(text) > limits.QUOTES or text.count("\n") > limits.QUOTE_LINES:
        return ()
    lines = text.split("\n")
    hidden = _hidden(lines, subject)
    if not any(line.strip() and not hide for line, hide in zip(lines, hidden, strict=True)):
        return ()
    return _spans(lines, hidden)


def remaining(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    """The text without the spans, stripped."""
    out, at = [], 0
    for start, end in spans:
        out.append(text[at:start])
        at = end
    return ("".join(out) + text[at:]).strip()


def _hidden(lines: list[str], subject: str) -> list[bool]:
    armoured = armour.lines(lines)
    hidden = [place in armoured for place in range(len(lines))]
    shown = forwards.shown_lines(lines, subject, lambda at: _announced(lines, at))
    at = 0
    while at < len(lines):
        if shown[0] <= at < shown[1]:
            at = shown[1]
            continue
        if hidden[at]:
            at += 1
            continue
        end = _fold_end(lines, at, shown)
        for place in range(at, end):
            hidden[place] = True
        at = max(end, at + 1)
    return hidden


def _fold_end(lines: list[str], at: int, shown: tuple[int, int]) -> int:
    """Where the fold that begins on this line ends; `at` itself when none begins here."""
    line = lines[at].strip()
    limit = shown[0] if shown[0] > at else len(lines)
    if not line:
        return at
    if QUOTE.match(line):
        end = min(_quote_end(lines, at), limit)
        return at if end - at <= 2 and all(MORE_THAN.match(row.strip()) for row in lines[at:end]) else end
    if size := _opening(lines, at):
        after = _skip_blank(lines, at + size)
        quoted = after < len(lines) and QUOTE.match(lines[after].strip())
        return min(_quote_end(lines, after) if quoted else len(lines), limit)
    below = _skip_blank(lines, at + 1) if DASHES.match(line) else at
    if below < limit and _is_signed(lines[below].strip()):
        return below + 1
    return _signature_end(lines, at, limit) if line == "--" else at


def _opening(lines: list[str], at: int) -> int:
    """How many lines open a quote here: an announcement, an Outlook block, or either below a rule."""
    if RULE.match(lines[at].strip()):
        after = _skip_blank(lines, at + 1)
        heads = after + _yandex_heads(lines, after)
        size = (_announcement(lines, heads) or _heading(lines, after)) if heads < len(lines) else 0
        return heads + size - at if size and heads > after else after + size - at if size else 0
    return _announcement(lines, at) or _heading(lines, at)


def _yandex_heads(lines: list[str], at: int) -> int:
    """«Кому: …;» and «Тема: …;» between a rule and the announcement."""
    count = 0
    while at + count < len(lines) and count < 6 and forwards.is_header(lines[at + count]):
        count += 1
    return count


def _announcement(lines: list[str], at: int) -> int:
    """How many lines announce a quote here: programs wrap the announcement onto a second or third line."""
    if not lines[at].strip() or QUOTE.match(lines[at].strip()):
        return 0
    for size in (1, 2, 3):
        window = [line.strip() for line in lines[at:at + size]]
        if len(window) < size or not all(window) or (size > 1 and not attribution.begins(window[0])):
            return 0
        if _announces(lines, at, window):
            # A sentence in front of a whole announcement is the writer's own.
            whole = any(attribution.begins(window[start]) and _announces(lines, at + start, window[start:])
                        for start in range(1, size))
            return 0 if whole else size
    return 0


def _announces(lines: list[str], at: int, window: list[str]) -> bool:
    line = " ".join(window)
    if attribution.is_certain(line):
        return True
    after = _skip_blank(lines, at + len(window))
    quoted = after < len(lines) and QUOTE.match(lines[after].strip()) is not None
    return quoted and attribution.is_likely(line)


def _is_signed(line: str) -> bool:
    return len(line) <= SIGNED_LENGTH and SIGNED.match(line) is not None and not TOLD.search(line)


def _heading(lines: list[str], at: int) -> int:
    """An Outlook block: a banner, or at least three header lines of which one names the sender."""
    if BANNER.match(lines[at].strip()):
        return 1
    return forwards.header_lines(lines, at) if forwards.is_heading(lines, at) else 0


def _announced(lines: list[str], at: int) -> bool:
    return BANNER.match(lines[at].strip()) is not None or _announcement(lines, at) > 0


def _quote_end(lines: list[str], at: int) -> int:
    end = at
    while at < len(lines):
        line = lines[at].strip()
        if QUOTE.match(line):
            end = at + 1
        elif line:
            break
        at += 1
    return end


def _signature_end(lines: list[str], at: int, limit: int) -> int:
    """Up to the next quote; a long tail after `--` is no signature."""
    end = at + 1
    while end < limit and not QUOTE.match(lines[end].strip()) and not _opening(lines, end):
        end += 1
        if end - at > SIGNATURE_LINES:
            return at
    tail = [line for line in lines[at + 1:end] if line.strip()]
    if lines[at].rstrip("\r") != "-- " and (len(tail) > BARE_LINES or any(_is_speech(line) for line in tail)):
        return at
    return end


def _is_speech(line: str) -> bool:
    """More than a name, an address or a slogan: such a line is no signature."""
    line = line.strip()
    return len(line) > BARE_LENGTH or RULE.match(line + "---") is not None or (
        line.endswith((".", "!", "?")) and line.count(" ") >= 2 and not _is_signed(line))


def _skip_blank(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _spans(lines: list[str], hidden: list[bool]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    at = 0
    for line, hide in zip(lines, hidden, strict=True):
        end = at + len(line) + 1
        if hide:
            if spans and spans[-1][1] == at:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((at, end))
        at = end
    total = at - 1
    return tuple((start, min(end, total)) for start, end in spans if start < total)
