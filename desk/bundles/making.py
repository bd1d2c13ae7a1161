"""The worker's part: claim a bundle that waits, draw its files page by page, compose the PDF, fill the ZIP."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import undefer

from .. import audit, failpoints, inbox, spreadsheet
from ..blobs import BlobError, Blobs
from ..db import Database
from ..models import Bundle, InboundMail, Outbox, Ticket
from ..reading import Reader, ReadError
from ..settings import Settings
from . import dossier, paper
from .archive import Archive, plain
from .dossier import Dossier, File, Mail
from .orders import SCALE
from .paper import Shown

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=10)
ATTEMPTS = 3
MOST_PAGES = 100  # of one file drawn; the file itself is in the ZIP whole
PNG = b"\x89PNG"
PROGRESS_EVERY = 5  # files


class Maker:
    """Makes one bundle after another; the pages are drawn in a limited child of its own."""

    def __init__(self, database: Database, conf: Settings, *, now_fn: Callable[[], datetime]) -> None:
        self.database, self.conf, self.now_fn = database, conf, now_fn
        self.reader = Reader(conf.work)

    def run(self) -> bool:
        """Make the oldest bundle that waits; False when there was none."""
        bundle = self._claim()
        if bundle is None:
            return False
        failpoints.hit("bundles.claimed")
        try:
            with tempfile.TemporaryDirectory(prefix="desk-bundle-") as folder:
                self._make(bundle, Path(folder))
        except Exception as error:
            # Whatever is wrong with one ticket's files must not stop the others' bundles.
            log.exception("bundle %s", bundle.id)
            self._failed(bundle, f"{type(error).__name__}: {error}")
        return True

    def close(self) -> None:
        self.reader.close()

    def _claim(self) -> Bundle | None:
        now = self.now_fn()
        with self.database.write() as session:
            bundle = session.scalar(select(Bundle).where(or_(
                Bundle.state == "waiting", and_(Bundle.state == "working", Bundle.lease_until < now))).order_by(
                Bundle.id).limit(1).with_for_update(skip_locked=True))
            if bundle is None:
                return None
            bundle.attempts += 1
            bundle.state, bundle.lease_until, bundle.done = "working", now + LEASE, 0
            if bundle.attempts > ATTEMPTS:  # its worker died each time
                bundle.state, bundle.error = "failed", "the worker died while making it"
                return None
        return bundle

    def _make(self, bundle: Bundle, folder: Path) -> None:
        with self.database.read() as session:
            found = dossier.gather(session, self.conf, bundle)
        pictures, path = folder / "pages", folder / "bundle.zip"
        pictures.mkdir()
        with Archive(path) as archive:
            shown, inventory = self._fill(bundle, found, archive, pictures)
            pdf = paper.compose(found, [row[:4] for row in inventory], shown, pictures)
            archive.put("opis.csv", _table(inventory))
            archive.put("podborka.pdf", pdf)
        self._keep(bundle, pdf, path.read_bytes())

    def _fill(self, bundle: Bundle, found: Dossier, archive: Archive,
              pictures: Path) -> tuple[list[Shown], list[list[str]]]:
        """Originals, raw mails and letters into the archive; what is shown as pages, and the inventory."""
        shown: list[Shown] = []
        inventory: list[list[str]] = []
        for mail in found.mails:
            raw = self._raw(mail)
            name = f"mails/{mail.number:03}.eml"
            if raw and mail.whole:
                digest = archive.put(name, raw)
                inventory.append(["", f"Письмо № {mail.number} целиком", str(mail.number), digest, name])
            there = self.reader.attachments(raw) if mail.files else []
            for file in mail.files:
                data = _bytes(file, mail, there)
                pages = list(self._pages(file, data, pictures)) if data else []
                shown.append(Shown(f"{file.number}. {file.name}", [page.name for page in pages]))
                inventory.append(_original(file, mail, data, pages, archive))
                self._progress(bundle, file.number)
        for one in found.papers:
            for ending, data in (("pdf", one.pdf), ("docx", one.docx)):
                name = f"letters/{one.number:02}-{plain(one.title)}.{ending}"
                inventory.append(["", f"{one.title} ({ending})", "", archive.put(name, data), name])
        return [file for file in shown if file.pictures], inventory

    def _pages(self, file: File, data: bytes, folder: Path) -> Iterator[Path]:
        """Pictures of its pages with black boxes over what is covered; none when it cannot be drawn."""
        alone, boxes = _alone(file, data), file.hidden.get("boxes", [])
        pages = 1 if file.content_type.startswith("image/") else MOST_PAGES
        for number in range(1, pages + 1):
            try:
                data = self.reader.page(alone, 0, number)
            except ReadError:
                return
            covered = [box[1:] for box in boxes if box[0] == number]
            data = cover(data, covered) if covered else data
            ending = "png" if data.startswith(PNG) else "jpg"
            path = folder / f"{file.number:03}-{number:03}.{ending}"
            path.write_bytes(data)
            yield path

    def _raw(self, mail: Mail) -> bytes:
        with self.database.read() as session:
            if mail.inbound_id is not None:
                row = session.get_one(InboundMail, mail.inbound_id, options=[undefer(InboundMail.raw)])
                return inbox.raw(self.conf, row)
            out = session.get(Outbox, mail.outbox_id or 0, options=[undefer(Outbox.mime)])
            return out.mime if out is not None else b""

    def _progress(self, bundle: Bundle, done: int) -> None:
        if done % PROGRESS_EVERY == 0:
            with self.database.write() as session:
                row = session.get_one(Bundle, bundle.id)
                row.done, row.lease_until = done, self.now_fn() + LEASE

    def _keep(self, bundle: Bundle, pdf: bytes, archive: bytes) -> None:
        blobs = Blobs(self.conf.blobs_path)
        pdf_key, key = blobs.put(pdf), blobs.put(archive)
        now = self.now_fn()
        with self.database.write() as session:
            row = session.get_one(Bundle, bundle.id)
            row.state, row.sha256, row.pdf_sha256, row.size = "ready", key, pdf_key, len(archive)
            row.done, row.ready_at, row.error = row.total, now, ""
            audit.record(session, session.get(Ticket, row.ticket_id), "bundle.made", actor=f"user:{row.author_id}",
                         now=now, sha256=key)

    def _failed(self, bundle: Bundle, words: str) -> None:
        with self.database.write() as session:
            row = session.get_one(Bundle, bundle.id)
            row.state, row.error = "failed", words[:2000].replace("\x00", "")


def _bytes(file: File, mail: Mail, there: list[bytes]) -> bytes:
    """The file as it came, checked; nothing of what is left out."""
    if mail.out or "out" in file.hidden:
        return b""
    data = there[file.place] if file.place < len(there) else b""
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise BlobError(f"file {file.public_id} no longer reads as it did")
    return data


def _alone(file: File, data: bytes) -> bytes:
    """A mail with nothing but this file: a hundred pages do not send the whole letter to the child a hundred times."""
    head = f"Content-Type: {file.content_type}\r\nContent-Disposition: attachment; filename=file\r\n" \
           "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode("ascii", "replace") + base64.encodebytes(data)


def _original(file: File, mail: Mail, data: bytes, pages: list[Path], archive: Archive) -> list[str]:
    """One line of the inventory; a covered file goes in as its covered pages."""
    number, name = str(file.number), f"originals/{file.number:03}-{plain(file.name)}"
    if mail.out or "out" in file.hidden:
        return [number, f"{file.name} (изъят)", str(mail.number), file.sha256, ""]
    if not file.hidden:
        return [number, file.name, str(mail.number), archive.put(name, data), name]
    for page in pages:
        archive.put(f"{name}-{page.name}", page.read_bytes())
    return [number, f"{file.name} (закрыто частично: страницы картинками)", str(mail.number), file.sha256, name]


def cover(data: bytes, boxes: list[list[int]]) -> bytes:
    """The picture with black boxes, as a PNG: what was under them is not in it."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    pen = ImageDraw.Draw(image)
    for x, y, width, height in boxes:
        pen.rectangle((x * image.width // SCALE, y * image.height // SCALE, -(-(x + width) * image.width // SCALE),
                       -(-(y + height) * image.height // SCALE)), fill="black")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _table(inventory: list[list[str]]) -> bytes:
    """Every file, where it is in the archive and which mail it came in, for a spreadsheet."""
    return spreadsheet.table([["№", "Файл", "Письмо №", "SHA-256", "В архиве"], *inventory]).encode()
