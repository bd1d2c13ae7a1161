"""Reading a mail: bytes → letter and facts, in a warm child process with limits.

`read` is the pure work; `Reader` runs it in a child of its own, so that no mail, however large, deep or
hostile, can harm the process that holds the database. The child answers in JSON and never sees a secret.

Protocol on the child's stdin and stdout: a request is one byte (a key of WORK or WITH_FILE), four bytes (number of
the attachment, and of its page), eight bytes (length) and the raw mail; an answer is one byte (`+` or `-`),
eight bytes (length) and JSON, the attachment's bytes, or the words of the error.
"""

from __future__ import annotations

import functools
import json
import os
import re
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta, timezone
from typing import IO, Any, BinaryIO, Protocol

from . import facts, mail, opening, settings, supervise
from .facts import ocr

HEAD = struct.Struct(">cIQ")
ANSWER = struct.Struct(">cQ")
LENGTH = struct.Struct(">Q")
OCR_TRUST = 0.7  # of a fact found in recognised text
OUR_TAG = re.compile(r"\[#\d{1,9}\]")
MOSCOW = timezone(timedelta(hours=3))
PICTURES = {"thumb": b"t", "view": b"v"}


class ReadError(Exception):
    """A mail could not be read. `permanent`: trying again cannot help. `reason` is a stable key."""

    def __init__(self, reason: str, words: str, *, permanent: bool) -> None:
        super().__init__(words)
        self.reason = reason
        self.permanent = permanent


@dataclass(frozen=True)
class Reading:
    """A letter without its attachments' bytes, what was found in it, and what the consumer has not told."""

    letter: mail.Letter
    facts: list[facts.Fact]
    marketplace: str
    topics: list[str]
    demands: list[str]
    missing: list[str]


def read(raw: bytes) -> dict[str, Any]:
    """Everything about a mail as plain JSON values: `letter`, `facts`, `marketplace`, `topics`, `demands`, `missing`.

    Files are not opened: that is slow work, done by `files`.
    """
    letter = mail.parse(raw)
    found = _facts(letter, sources(letter))
    return _understood(letter, found) | {"facts": [asdict(fact) for fact in found]}


def file(raw: bytes, place: int) -> dict[str, Any]:
    """What one file of a mail tells: `{text, parts: [{start, end, page, source}], pages, note, facts}`.

    Facts stand in `attachment`, or in `ocr` when the text was recognised on a picture; their spans are spans of
    `text`. `note` as in facts.files. Slow, so not part of `read`; only for the limited child.
    """
    letter = _parsed(raw)
    found = opening.contents(letter.attachments[place], recognise=ocr.available())
    said = [facts.Source(where, text) for where, text in found.by_trust().items() if text.strip()]
    return found.as_dict() | {"facts": [asdict(fact) for fact in _less_sure(_facts(letter, said))]}


def _less_sure(found: list[facts.Fact]) -> list[facts.Fact]:
    """What was recognised may be misread; a receipt's code says the same better."""
    coded = any(fact.kind == "receipt" and fact.place == "attachment" for fact in found)
    return [replace(fact, confidence=round(fact.confidence * OCR_TRUST, 2)) if fact.place == "ocr" else fact
            for fact in found if not (coded and fact.kind == "receipt" and fact.place == "ocr")]


@functools.lru_cache(1)
def _parsed(raw: bytes) -> mail.Letter:
    """The files of one letter are asked for one after another."""
    return mail.parse(raw)


def as_json(raw: bytes, *, with_files: bool = True) -> dict[str, Any]:
    """One mail in the flat form that `desk parse --json` prints; with its files opened or without."""
    letter = mail.parse(raw)
    opened = list(_opened(letter)) if with_files else []
    found = _facts(letter, [*sources(letter), *(facts.Source("attachment", text) for text in opened)])
    data = _understood(letter, found, "\n\n".join(opened))
    values = data["letter"]
    flat = {key: values[key] for key in (
        "message_id", "in_reply_to", "references", "date", "subject", "kind", "auto_submitted", "bounce", "text",
        "reply_text", "attachments")}
    first = letter.forwarded
    return flat | {
        "forwarded": {"from": first.from_, "date": first.date, "subject": first.subject} if first else None,
        "from": letter.from_.address, "from_name": letter.from_.name,
        "to": [a.address for a in letter.to if a.address], "cc": [a.address for a in letter.cc if a.address],
        **facts.lists(found), "marketplace": data["marketplace"] or None,
        "topics": data["topics"], "demands": data["demands"], "missing": data["missing"],
        "facts": [{"kind": f.kind, "value": f.value, "source": f.place, "quote": f.quote, "confidence": f.confidence}
                  for f in found]}


def _understood(letter: mail.Letter, found: list[facts.Fact], opened: str = "") -> dict[str, Any]:
    """`opened`: the text of the files, which speaks where the letter only says «see attached»."""
    said, known = letter.reply_text or letter.text, known_topics()
    topics, demands = facts.topics(letter.subject, said, known), facts.demands(letter.subject, said, known)
    if opened and topics == ["other"] and demands == ["none"]:
        said = f"{said}\n\n{opened}"
        topics, demands = facts.topics(letter.subject, said, known), facts.demands(letter.subject, said, known)
    missing = facts.missing(found, f"{letter.subject}\n{said}", known, topics=topics, demands=demands,
                            name=letter.from_.name, has_files=any(not a.inline or a.content_type.startswith("image/")
                                                                  for a in letter.attachments))
    return {"letter": letter.as_dict(), "marketplace": facts.marketplace(found) or "",
            "topics": topics, "demands": demands, "missing": missing}


def _facts(letter: mail.Letter, said: list[facts.Source]) -> list[facts.Fact]:
    senders = [letter.from_.address, letter.forwarded.from_ if letter.forwarded else ""]
    domains = [address.rpartition("@")[2].strip("<> ") for address in senders]
    return facts.find(said, known_formats(), domains, sent=_sent_on(letter))


def sources(letter: mail.Letter) -> list[facts.Source]:
    """The letter's texts by who speaks; spans in the body's parts are spans of `letter.text`."""
    parts = facts.places(letter.text, letter.folds, forwarded=letter.forwarded is not None)
    links = facts.links(letter.html) if letter.html and not any(part.place == "quote" for part in parts) else None
    # The tag of our own letters, `[#1042]`, is no order number, however it stands beside the word "order".
    subject = OUR_TAG.sub(lambda tag: " " * len(tag.group()), letter.subject)
    return [facts.Source("subject", subject), *parts, *([links] if links else [])]


def _opened(letter: mail.Letter) -> Iterator[str]:
    """The texts of the first files that can be read."""
    for place in opening.readable(letter):
        text = opening.contents(letter.attachments[place], recognise=False).said
        if text.strip():
            yield text


def _sent_on(letter: mail.Letter) -> date | None:
    """The day on the writer's calendar; most live by Moscow's clock or later."""
    return letter.date.astimezone(MOSCOW).date() if letter.date else None


def from_dict(data: dict[str, Any]) -> Reading:
    letter = mail.Letter.from_dict(data["letter"], ())
    return Reading(letter, [facts.Fact(**fact) for fact in data["facts"]], data["marketplace"], data["topics"],
                   data["demands"], data["missing"])


@functools.cache
def known_formats() -> facts.Formats:
    return facts.load_formats(settings.resource("config") / "marketplaces.toml")


@functools.cache
def known_topics() -> facts.Topics:
    return facts.load_topics(settings.resource("config") / "topics.toml")


class Limits(Protocol):
    """Of one request to the child: bytes of address space, seconds of its processor, seconds by the clock."""

    @property
    def parser_memory_bytes(self) -> int: ...
    @property
    def parser_cpu_seconds(self) -> int: ...
    @property
    def parser_wall_seconds(self) -> float: ...


class Reader:
    """One warm child. Not for several threads at once; start one Reader for each."""

    def __init__(self, conf: Limits) -> None:
        self.conf = conf
        self.child: subprocess.Popen[bytes] | None = None

    def read(self, raw: bytes) -> Reading:
        """Raises ReadError; the next call works again, whatever happened to the child."""
        return from_dict(json.loads(self._ask(b"r", 0, raw)))

    def file(self, raw: bytes, place: int) -> dict[str, Any]:
        """As the function `file`; raises ReadError."""
        found: dict[str, Any] = json.loads(self._ask(b"f", place, raw))
        return found

    def as_json(self, raw: bytes) -> dict[str, Any]:
        """As the function `as_json`; when opening the files is too much, without them. Raises ReadError."""
        try:
            answer = self._ask(b"j", 0, raw)
        except ReadError:
            answer = self._ask(b"l", 0, raw)
        flat: dict[str, Any] = json.loads(answer)
        return flat

    def outline(self, raw: bytes) -> dict[str, Any]:
        """How the mail is built, as mail.outline; raises ReadError."""
        found: dict[str, Any] = json.loads(self._ask(b"o", 0, raw))
        return found

    def attachment(self, raw: bytes, place: int) -> bytes:
        return self._ask(b"a", place, raw)

    def attachments(self, raw: bytes) -> list[bytes]:
        """The bytes of all of them, by their numbers: a letter of a hundred files is sent to the child once."""
        answer, out = memoryview(self._ask(b"A", 0, raw)), []
        while answer:
            length = LENGTH.unpack_from(answer)[0]
            out.append(bytes(answer[LENGTH.size:LENGTH.size + length]))
            answer = answer[LENGTH.size + length:]
        return out

    def picture(self, raw: bytes, place: int, size: str) -> bytes:
        """A picture or a first page, drawn anew as a JPEG; `size` is a key of pictures.LONGEST."""
        return self._ask(PICTURES[size], place, raw)

    def page(self, raw: bytes, place: int, number: int) -> bytes:
        """As opening.page, for `number` up to 65535."""
        return self._ask(b"p", place | number << 16, raw)

    def enclosed(self, raw: bytes, place: int) -> dict[str, Any]:
        """As opening.enclosed."""
        found: dict[str, Any] = json.loads(self._ask(b"e", place, raw))
        return found

    def close(self) -> None:
        if self.child is not None:
            self.child.kill()
            for pipe in (self.child.stdin, self.child.stdout):
                if pipe:
                    pipe.close()
            self.child.wait()
            self.child = None

    def _ask(self, what: bytes, number: int, raw: bytes) -> bytes:
        child = self._running_child()
        try:
            _write(child.stdin, HEAD.pack(what, number, len(raw)) + raw)
            limit = time.monotonic() + self.conf.parser_wall_seconds
            sign, length = ANSWER.unpack(_read_within(child.stdout, ANSWER.size, limit))
            answer = _read_within(child.stdout, length, limit)
        except TimeoutError:
            self.close()
            raise ReadError("timeout", f"no end after {self.conf.parser_wall_seconds:g} s", permanent=False) from None
        except (EOFError, OSError):
            code = child.wait()
            self.close()
            raise ReadError("crash", f"the parser ended ({_end(code)})", permanent=False) from None
        if sign == b"-":
            raise ReadError("parse_failed", answer.decode("utf-8", "replace")[:2000], permanent=True)
        return answer

    def _running_child(self) -> subprocess.Popen[bytes]:
        if self.child is None or self.child.poll() is not None:
            self.close()
            limits = [str(self.conf.parser_memory_bytes), str(self.conf.parser_cpu_seconds)]
            self.child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-c", "from desk import reading; reading.serve()", *limits],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, close_fds=True,
                env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(sys.path)})
        return self.child


def serve() -> None:
    """The child: answer requests until stdin ends, which it does when the parent dies."""
    memory, cpu = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    supervise.die_with_parent()
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a stray print must not damage the protocol
    known_formats()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while head := source.read(HEAD.size):
        what, number, length = HEAD.unpack(head)
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime)
        resource.setrlimit(resource.RLIMIT_CPU, (spent + cpu, resource.RLIM_INFINITY))
        sign, answer = _answer(what, number, source.read(length))
        _write(sink, ANSWER.pack(sign, len(answer)) + answer)


def _files(raw: bytes) -> bytes:
    """Every file of a letter with its length before it."""
    return b"".join(part for file in _parsed(raw).attachments for part in (LENGTH.pack(len(file.data)), file.data))


WORK: dict[bytes, Callable[[bytes], Any]] = {
    b"r": read, b"o": mail.outline, b"j": as_json, b"l": functools.partial(as_json, with_files=False), b"A": _files}
WITH_FILE: dict[bytes, Callable[[bytes, int], Any]] = {
    b"f": file, b"e": lambda raw, place: opening.enclosed(_attached(raw, place)),
    b"a": lambda raw, place: _attached(raw, place).data,
    b"t": lambda raw, place: opening.picture(_attached(raw, place), "thumb"),
    b"v": lambda raw, place: opening.picture(_attached(raw, place), "view"),
    b"p": lambda raw, number: opening.page(_attached(raw, number & 0xFFFF), number >> 16)}


def _attached(raw: bytes, place: int) -> mail.Attachment:
    return _parsed(raw).attachments[place]


def _answer(what: bytes, number: int, raw: bytes) -> tuple[bytes, bytes]:
    try:
        answer = WITH_FILE[what](raw, number) if what in WITH_FILE else WORK[what](raw)
        if isinstance(answer, bytes):
            return b"+", answer
        return b"+", json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
    except Exception as error:  # noqa: BLE001 - the outermost loop of the child; its parent holds the mail
        return b"-", f"{type(error).__name__}: {error}".encode("utf-8", "replace")


def _write(sink: IO[bytes] | None, data: bytes) -> None:
    assert sink is not None
    view = memoryview(data)
    while view:
        view = view[sink.write(view):]


def _read_within(source: IO[bytes] | BinaryIO | None, count: int, limit: float) -> bytes:
    assert source is not None
    pieces: list[bytes] = []
    while count:
        ready, _, _ = select.select([source], [], [], max(0.0, limit - time.monotonic()))
        if not ready:
            raise TimeoutError
        piece = os.read(source.fileno(), min(count, 1 << 20))
        if not piece:
            raise EOFError
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _end(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"code {code}"
