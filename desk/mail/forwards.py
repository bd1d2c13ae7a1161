"""Forwarded letters: the forwarded part is the complaint's evidence, so it is read and never folded."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import words
from .letter import Forwarded

MARKER = re.compile(
    r"(?:[-—_=]{3,20}\s?(?:forwarded (?:message|by .{1,100})|пересылаемое сообщение|пересланное сообщение|"
    r"переадресованное сообщение|перенаправленное сообщение|пересылаемое письмо|пересланное письмо|"
    r"weitergeleitete nachricht|message transféré|mensaje reenviado|messaggio inoltrato|mensagem encaminhada|"
    r"doorgestuurd bericht|переслане повідомлення|wiadomość przekazana|přeposlaná zpráva|välitetty viesti|"
    r"vidarebefordrat meddelande|videresendt (?:meddelelse|melding)|yönlendirilen ileti|továbbított üzenet|"
    r"mesaj redirecționat|mensagem reencaminhada|転送メッセージ|转发邮件信息|轉寄郵件|전달된 메시지)\s?[-—_=]{3,20}"
    r"|начало (?:переадресованного|пересылаемого|пересланного) (?:сообщения|письма):|begin forwarded message:"
    r"|anfang der weitergeleiteten nachricht:|début du message (?:réexpédié|transféré)\s?:"
    r"|inicio del mensaje reenviado:|inizio messaggio inoltrato:|begin doorgestuurd bericht:|vidarebefordrat brev:"
    r"|start på videresendt besked:|videresendt melding:|início da mensagem (?:re)?encaminhada:"
    r"|(?:下面是被)?转发的邮件[：:]|початок переадресованого (?:листа|повідомлення):)$", re.I)
END = re.compile(r"-{3,20}\s?(?:конец пересылаемого сообщения|end (?:of )?forwarded message)\s?-{3,20}$", re.I)
SUBJECT = re.compile(r"(?:\[[^\[\]]{1,30}\]\s?)?(?:fwd?|пересл|пер|перенапр|wg|tr|rv|enc|doorst|i)"
                     r"\s?(?:\[\d+\])?\s?[:：]", re.I)
NAMES = {
    "from": "от from отправитель von de da van från fra od від lähettäjä kimden gönderen feladó από "
            "差出人 发件人 寄件者",
    "date": "дата date отправлено отправленные sent gesendet datum envoyé enviado enviada fecha inviato data "
            "verzonden skickat sendt wysłano надіслано створено время lähetetty gönderildi tarih odesláno odoslané "
            "elküldve trimis στάλθηκε изпратено 送信日時 日時 发送时间 日期 时间 寄件日期",
    "subject": "тема subject betreff objet asunto oggetto assunto onderwerp ämne emne temat aihe konu předmět predmet "
               "tárgy subiect θέμα относно 件名 主题 主旨",
    "to": "кому to an à para a aan till til do получатель vastaanottaja kime komu címzett către προς "
          "宛先 收件人 收件者",
    "cc": "копия cc kopie копія kopio 抄送 副本",
    "other": "bcc reply-to ответить importance важность attachments вложения priority приоритет organization",
}
KEYS = {name: key for key, names in NAMES.items() for name in names.split()} | {
    "от кого": "from", "від кого": "from", "보낸 사람": "from", "보낸 날짜": "date", "받는 사람": "to",
    "제목": "subject"}
WORDS = "|".join(sorted(KEYS, key=len, reverse=True))
HEADER = re.compile(rf"[*|]{{0,2}}({WORDS})(?:\s(?:el|em))?[*|]{{0,2}}\s?[:：][*|]{{0,2}}\s?(.*)$", re.I)
INLINE = re.compile(r"(\d{1,2}\.\d{1,2}\.\d{4},? (?:в )?\d{1,2}:\d{2}(?::\d{2})?),? (.{1,300}@[^\s>]{1,200}>?):$")
CLOCK = re.compile(r"\d{1,2}:\d{2}|\bklo?\.? \d{1,2}\.\d{2}")
HEADING_LINES = 12


def is_forward_subject(subject: str) -> bool:
    return SUBJECT.match(subject.strip()) is not None


def is_header(line: str) -> bool:
    return HEADER.match(_bare(line)) is not None


def read(text: str, subject: str) -> Forwarded | None:
    """The forwarded letter's head as the text shows it, or nothing."""
    lines = text[:65536].split("\n")[:2000]
    start = _start(lines, subject, lambda at: False)
    if start is None:
        return None
    found: dict[str, str] = {}
    for line in lines[start:start + HEADING_LINES + 4]:
        line = _bare(line)
        if match := HEADER.match(line):
            found.setdefault(KEYS[match.group(1).lower()], match.group(2).strip())
        elif match := INLINE.match(line):
            found.setdefault("date", match.group(1))
            found.setdefault("from", match.group(2))
            break
        elif line and found:
            break
    if not found.get("from") and not found.get("subject"):
        return None
    return Forwarded(*(words.tidy(found.get(key, ""))[:500] for key in ("from", "date", "subject")))


def shown_lines(lines: list[str], subject: str, opens: Callable[[int], bool]) -> tuple[int, int]:
    """The lines of a forward, which stay shown; an empty range when there is none.

    `opens` tells whether a quote is announced on a line: a forward named below it belongs to the quoted history.
    """
    start = _start(lines, subject, opens)
    if start is None:
        return (len(lines), len(lines))
    end = next((at + 1 for at in range(start, len(lines)) if END.match(_bare(lines[at]))), len(lines))
    return (start, end)


def is_heading(lines: list[str], at: int) -> bool:
    """Three or more header lines in a row with a sender, and an address or a time as only programs write there."""
    if not HEADER.match(_bare(lines[at])):
        return False
    found: dict[str, str] = {}
    for line in lines[at:at + header_lines(lines, at)]:
        if match := HEADER.match(_bare(line)):
            found.setdefault(KEYS[match.group(1).lower()], match.group(2))
    if "from" not in found or not found.keys() & {"subject", "date"} or len(found) < 3:
        return False
    return "@" in found["from"] or CLOCK.search(found.get("date", "")) is not None


def header_lines(lines: list[str], at: int) -> int:
    """How many lines the block takes; single blank lines between headers are HTML's."""
    end = at
    for place in range(at, min(at + 2 * HEADING_LINES, len(lines))):
        line = _bare(lines[place])
        if HEADER.match(line):
            end = place + 1
        elif line and not lines[place].startswith((" ", "\t")) and place > end:
            break
    return end - at


def _start(lines: list[str], subject: str, opens: Callable[[int], bool]) -> int | None:
    """By its mark; else, when the subject says so, where the first strange words begin."""
    marked = next((at for at, line in enumerate(lines) if MARKER.match(_bare(line))), None)
    if marked is not None and not any(opens(at) for at in range(marked)):
        return marked
    if not is_forward_subject(subject):
        return None
    heading = next((at for at in range(len(lines)) if is_heading(lines, at)), None)
    if heading is not None:
        return heading
    return next((at for at, line in enumerate(lines) if line.startswith(">") or opens(at)), None)


def _bare(line: str) -> str:
    return line.strip().lstrip("> ").replace("\xa0", " ").replace("\u202f", " ").strip()
