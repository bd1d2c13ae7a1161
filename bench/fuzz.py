"""Damaged and crossed mails through the whole reader for --seconds: nothing raised, slow, large, hidden or unclean.

Seeds are tests/mails, the nasty corpus, letters of bench.mails and the shapes of tests/mail/*.toml. What breaks a rule
is kept as a file in --keep, and the end is 1. The same --seed and number of mails give the same mails.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import resource
import signal
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from bench import mails
from desk import mail, reading
from tests.mails import nasty

TESTS = Path(__file__).parent.parent / "tests"
SEED_BYTES = 200_000
SLOW, HUGE = 10.0, 512 * 1024  # seconds of the processor for a mail; KiB of memory in all
TOKENS = (
    b"\x00", b"\r\n", b"\n\n", b"\r", b'"', b"(", b")", b"<", b">", b";", b",", b"=", b"\\", b"@", b"--b\r\n",
    b"--", b"\xff\xfe", b"\xf0\x9f", b"=?utf-8?b?", b"=?koi8-r?q?=F0", b"?=", b"=D0", b"&#x1f;", b"<div>",
    b"<blockquote>", b"</table>", b"> ", b"-- \n", b"Content-Type: text/html\r\n\r\n",
    b"Content-Type: message/rfc822\r\n\r\n", b"charset=\"", b"filename*0*=",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"begin 644 x\n", b"end\n", b"{\\rtf1 ", b"\\u55357?", b"\x30\x80\x06\x09", b"\x78\x9f\x3e\x22",
    b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"Authentication-Results: a; dkim=pass header.d=",
    b"Final-Recipient: rfc822;", "От: a@b.example\n".encode(),
)


class _Late(BaseException):
    """Not an Exception: the reader catches those."""


@dataclass
class Tally:
    mails: int = 0
    slowest: float = 0.0
    slow: bytes = b""
    bad: list[tuple[str, bytes]] = field(default_factory=list)


def main() -> int:
    options = _options()
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGPROF, _late)
    dice, seeds, tally = random.Random(options.seed), _seeds(), Tally()
    end = time.monotonic() + options.seconds
    while time.monotonic() < end and len(tally.bad) < options.most:
        _try(_mutated(dice, seeds), tally)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{tally.mails} mails from {len(seeds)} seeds in {options.seconds:g} s, slowest "
          f"{tally.slowest * 1000:.0f} ms, peak memory {peak // 1024} MiB, {len(tally.bad)} bad")
    _keep(Path(options.keep), [("the slowest", tally.slow), *tally.bad])
    return 1 if tally.bad or peak > HUGE else 0


def _keep(folder: Path, found: list[tuple[str, bytes]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, (why, raw) in enumerate(found):
        (folder / f"fuzz-{number}.eml").write_bytes(raw)
        print(f"{folder}/fuzz-{number}.eml: {why}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=20, help="bad mails before it gives up")
    parser.add_argument("--keep", default="var/fuzz", help="folder for the bad ones")
    return parser.parse_args()


def _late(number: int, frame: FrameType | None) -> None:
    raise _Late


def _try(raw: bytes, tally: Tally) -> None:
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SLOW)
    try:
        check(raw)
    except _Late:
        tally.bad.append((f"more than {SLOW:g} s of the processor", raw))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        tally.bad.append((f"{type(error).__name__}: {error}"[:300], raw))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    tally.mails += 1
    if (took := time.process_time() - began) > tally.slowest:
        tally.slowest, tally.slow = took, raw


def check(raw: bytes) -> None:
    """Raises when a rule of the reader is broken."""
    values = reading.read(raw)
    line = json.dumps(values, ensure_ascii=False)
    line.encode()
    assert "\\u0000" not in line, "NUL in a text"
    letter = reading.from_dict(json.loads(line)).letter
    assert "unreadable" not in letter.warnings, "the reader gave up"
    assert bool(letter.reply_text) == bool(letter.text.strip()), "an answer is hidden"
    ends = [place for fold in letter.folds for place in fold]
    assert ends == sorted(set(ends)), "folds out of order"
    assert not ends or (ends[0] >= 0 and ends[-1] <= len(letter.text)), "folds outside the text"
    cleaned = mail.clean_html(letter.html, {})
    assert mail.clean_html(cleaned, {}) == cleaned, "cleaning twice differs"
    assert "<script" not in cleaned.lower(), "a script survived"
    mail.trust(letter.checks, "mx.example")
    json.dumps(mail.outline(raw))


def _seeds() -> list[bytes]:
    found = [path.read_bytes() for path in sorted((TESTS / "mails").glob("*.eml"))]
    found += [raw for raw in nasty.corpus().values() if 0 < len(raw) <= SEED_BYTES]
    found += _letters()
    for name, key in (("bounces", "text"), ("pages", "html"), ("replies", "text")):
        kind = b"html" if key == "html" else b"plain"
        for case in tomllib.loads((TESTS / "mail" / f"{name}.toml").read_text(encoding="utf-8"))["case"]:
            found.append(b"From: a@b.example\r\nSubject: Re: x\r\nContent-Type: text/" + kind
                         + b"; charset=utf-8\r\n\r\n" + case[key].encode())
    return found


def _letters() -> list[bytes]:
    wanted = ["--count", "60", "--out", "-", "--attachments-per-ten", "2", "--attachment-kb", "2", "5"]
    return [made.raw for made in mails.Generator(mails.parse_arguments(wanted)).mails()]


def _mutated(dice: random.Random, seeds: list[bytes]) -> bytes:
    raw = bytearray(dice.choice(seeds))
    for _ in range(dice.choice((1, 2, 3, 5, 10, 30))):
        dice.choice(CHANGES)(dice, raw, seeds)
    return bytes(raw[:SEED_BYTES * 2]) or b"x"


def _flip(dice: random.Random, raw: bytearray, seeds: list[bytes]) -> None:
    if raw:
        raw[dice.randrange(len(raw))] = dice.randrange(256)


def _cut(dice: random.Random, raw: bytearray, seeds: list[bytes]) -> None:
    at = dice.randrange(len(raw) + 1)
    del raw[at:at + dice.choice((1, 2, 20, 300, 5000))]


def _repeat(dice: random.Random, raw: bytearray, seeds: list[bytes]) -> None:
    at = dice.randrange(len(raw) + 1)
    raw[at:at] = bytes(raw[at:at + dice.randrange(1, 200)]) * dice.choice((1, 2, 50))


def _token(dice: random.Random, raw: bytearray, seeds: list[bytes]) -> None:
    at = dice.randrange(len(raw) + 1)
    raw[at:at] = dice.choice(TOKENS) * dice.choice((1, 1, 3, 200))


def _splice(dice: random.Random, raw: bytearray, seeds: list[bytes]) -> None:
    other = dice.choice(seeds)
    start, at = dice.randrange(len(other)), dice.randrange(len(raw) + 1)
    raw[at:at] = other[start:start + dice.choice((50, 500, 5000))]


def _swap_lines(dice: random.Random, raw: bytearray, seeds: list[bytes]) -> None:
    lines = bytes(raw).split(b"\n")
    one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    raw[:] = b"\n".join(lines)


def _enclose(dice: random.Random, raw: bytearray, seeds: list[bytes]) -> None:
    """The mail as a part of another one."""
    kind = dice.choice((b"mixed", b"alternative", b"report; report-type=delivery-status"))
    inner = dice.choice((b"", b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: application/pkcs7-mime\r\n\r\n"))
    raw[:] = (b"From: x@y.example\r\nContent-Type: multipart/" + kind + b"; boundary=zz\r\n\r\n--zz\r\n"
              + inner + bytes(raw) + b"\r\n--zz--\r\n")


CHANGES: tuple[Callable[[random.Random, bytearray, list[bytes]], None], ...] = (
    _flip, _flip, _cut, _repeat, _token, _token, _token, _splice, _swap_lines, _enclose)

if __name__ == "__main__":
    sys.exit(main())
