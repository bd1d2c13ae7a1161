"""The plain words in which mail servers say that a letter could not be delivered, or not yet.

qmail, Exim, Postfix, Sendmail, Exchange (also Russian and German), Gmail, Yandex, Mail.ru, Yahoo, AOL,
Lotus Notes, MDaemon, CommuniGate and those who copy them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import addresses, words

SUBJECT = re.compile(
    r"(?:недоставленное сообщение|письмо не доставлено|сообщение не доставлено|недоставлено|"
    r"не уда(?:лось|[её]тся) доставить|mail failure|mail system error|undeliver(?:ed|able)|unable to deliver|"
    r"non[ -]?deliver(?:y|able)|delivery status(?: notification|$)|delivery (?:failure|notification|has failed|report)|"
    r"mail delivery|(?:mail|message) could not be delivered|(?:permanent|message) delivery|failure notice|"
    r"failed (?:mail|delivery)|returned mail|mail returned|"
    r"there was an error sending your mail|error sending message \[|\[bounce\]$|"
    r"\*{2}message you sent blocked|\[postmaster\] email delivery failure|notification: (?:in|out)bound mail failure|"
    r"notice: mail delivery status|warning: delayed mail|предупреждение: (?:сообщение|письмо) не доставлено|"
    r"メール(?:が|を)?配信でき|メッセージを配信できません|配信不能|"
    r"returned to sender|could ?not (?:send|deliver)|message status - undeliverable|"
    r"warning: (?:could not|message \S{1,40} delayed)|"
    r"unzustellbar|nicht zustellbar|non remis|échec de la remise|no se puede entregar|"
    r"non recapitabile|onbestelbaar|não é possível entregar|nie można dostarczyć|olevererbart)", re.I)
OWN_WORDS = re.compile(
    r"(?:qmail-send program|this is the mail system at|created automatically by (?:the )?mail|the postfix program|"
    r"(?:permanent fatal|fatal|transient non-fatal) errors|address(?:es|\(es\))? failed|failed (?:address|recipient)|"
    r"did not reach (?:some|the) (?:or all )?(?:of the )?(?:intended )?recipient|failed to deliver to '|"
    r"delivery (?:has failed )?to (?:these|the following) recipient|final-recipient:|diagnostic-code:|"
    r"(?:could|can)(?: ?not|n't) be delivered to (?:one|the following|these|some|all)|user unknown|"
    r"(?:unable|able) to deliver your (?:message|mail)|(?:message|mail) (?:was not|wasn't|couldn't be) delivered to|"
    r"wasn't able to deliver your|delivery attempts|undeliverable message|unknown user|"
    r"message was undeliverable due|-{4,} failure reasons|could not be delivered to: ?<?\S+@|"
    r"no valid recipients|had trouble delivering your message|had delivery (?:problems|errors)|"
    r"xmail bounce:|did not receive the attached mail|not delivered to the following|"
    r"не удалось выполнить доставку|не доставлено следующ|ваше письмо не может\s+быть|"
    r"письмо отправлено почтовым сервером|fehler bei der nachrichtenzustellung|"
    r"konnte nicht (?:an \S{1,80} )?zugestellt|n'a pas pu être remis|échec de la remise|no se pudo entregar)", re.I)
FAILED = re.compile(r"(?:not (?:be |been |yet been )?(?:deliver|reach|sent)|fail|unable|reject|unknown|refused|"
                    r"не доставлен|не удалось|отклонен|nicht zugestellt)", re.I)
DELAY = re.compile(
    r"(?:warning message only|not yet been delivered|do not need to resend|will (?:be retried|continue|keep trying)|"
    r"delivery (?:\S{1,20} ){0,5}(?:is delayed|has been delayed)|message (?:\S{1,40} )?(?:is )?delayed|\(delay\)|"
    r"delayed mail|still being retried|has been delayed|could not send message for past|"
    r"доставка (?:\S{1,20} )?(?:задерж|отложен)|ещ[её] не доставлен|zustellung verzögert)", re.I)
GIVEN_UP = re.compile(r"(?:given up|giving up on|permanent|failed permanently|has failed)", re.I)
COPY = re.compile(
    r"^[ \t]*(?:-{2,}\s?(?:below this line|this is a copy|original message|undelivered message|unsent message|returned|"
    r"enclosed|copy of)|received: |return-path: |-{3,} ?forwarded|\*{10,}$)", re.I | re.M)
SUBJECT_KEPT = 100  # the copy mark is never looked for in the notice's first characters

ADDRESS = r"<?([^\s<>()\"',;:\[\]]{1,64}@[^\s<>()\"',;:\[\]]{1,255})>?"
HEADED = re.compile(r"^[ \t]*<([^\s<>]{1,64}@[^\s<>]{1,255})>:?[ \t]*", re.M)
LABELLED = re.compile(rf"(?:failed (?:address|recipient)|failed to deliver to|recipient(?: address)?|получател[ьюя]\w?)"
                      rf"\s?:?\s?['\"]?{ADDRESS}['\"]?", re.I)
LISTED = re.compile(rf"^[ \t*'\"]{{0,8}}(?:mailto:)?{ADDRESS}['\":]{{0,2}}(?: on \d.{{0,60}}| \(.{{0,200}}\))?[ \t]*$",
                    re.M)
NAMED = re.compile(rf"^[ \t]{{0,8}}[^\n@<>()]{{1,80}}[ \t][<(]{ADDRESS}[)>][ \t]*$", re.M)
ANYWHERE = re.compile(ADDRESS)
SPOKEN = re.compile(r"(?<![\d.])[45](?:\.\d{1,3}\.\d{1,3}|\d\d[ -])")
EMPTY_WORDS = re.compile(r"\b(?:because|since|reasons?|technical details of.{0,60}|follows)\s?:$", re.I)
RULE = re.compile(r"(?:-{3,}|={3,}|_{3,}|\*{3,})")
RECIPIENTS = 100
REASON_LINES = 8
REASON_CHARS = 500


@dataclass(frozen=True, slots=True)
class Notice:
    """`text`: the notice without the copy of the letter."""

    failures: tuple[tuple[str, str], ...]  # everybody who was not reached, and why
    spoken: str  # why, when nobody is named
    delayed: bool
    text: str

    @property
    def recipient(self) -> str:
        return self.failures[0][0] if self.failures else ""

    @property
    def reason(self) -> str:
        return self.failures[0][1] if self.failures else self.spoken


def read(text: str, not_these: set[str]) -> Notice:
    """Who was not reached and why, as far as the words tell."""
    copy = COPY.search(text, SUBJECT_KEPT)
    text = text[:copy.start()] if copy else text
    delayed = bool(DELAY.search(text)) and not GIVEN_UP.search(text)
    for pattern in (HEADED, LABELLED, LISTED, NAMED, ANYWHERE):
        found: dict[str, str] = {}
        for match in pattern.finditer(text):
            address = match.group(1).strip("'\".").lower()
            if address not in found and addresses.valid(address) and address not in not_these \
                    and not _of_server(address):
                found[address] = _reason(text, match, pattern is ANYWHERE)
            if found and (pattern is ANYWHERE or len(found) >= RECIPIENTS):
                break
        if found:
            return Notice(tuple(found.items()), "", delayed, text)
    return Notice((), _spoken(text), delayed, text)


def is_subject(subject: str) -> bool:
    return SUBJECT.match(subject.strip()) is not None


def is_failure(text: str) -> bool:
    """Words of a server about a letter of ours that went astray, in the text's first lines."""
    return OWN_WORDS.search(text[:3000]) is not None


def is_delay(subject: str) -> bool:
    return DELAY.search(subject) is not None


def _of_server(address: str) -> bool:
    return address.startswith(("postmaster@", "mailer-daemon@", "abuse@", "noreply@", "no-reply@", "support@"))


def _reason(text: str, match: re.Match[str], inside: bool) -> str:
    """The lines that follow the address, up to the next blank one; else the line with a server's number."""
    lines: list[str] = []
    for line in [] if inside else text[match.end():match.end() + 4000].split("\n")[:REASON_LINES * 2]:
        line = line.strip()
        listed = LISTED.match(line)
        if RULE.match(line) or (lines and (listed or not line)) or len(lines) >= REASON_LINES:
            break
        if line and not EMPTY_WORDS.search(line) and not listed:
            lines.append(line)
    said = words.tidy(" ".join(lines)).removeprefix("(reason: ").lstrip(":; ") if lines else ""
    return said.removesuffix(")")[:REASON_CHARS] if said.count(")") > said.count("(") else (
        said[:REASON_CHARS] or _spoken(text))


def _spoken(text: str) -> str:
    """The first line that holds a server's number, or else one that says it failed."""
    lines = text.split("\n")[:200]
    for pattern in (SPOKEN, FAILED):
        if found := next((line for line in lines if pattern.search(line)), ""):
            return words.tidy(found)[:REASON_CHARS]
    return ""
