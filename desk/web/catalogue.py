"""The catalogue of texts: collected from the pages, compared with the Russian one, compiled. Run by bin/translate.

The same sources give the same bytes: no dates, no line numbers, no guessed translations.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from .. import settings

SOURCES = ((settings.HERE / "web", [("**.py", "python")]), (settings.resource("templates"), [("**.html", "jinja2")]))
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
OPTIONS = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
FOLDER = settings.HERE / "translations" / "ru" / "LC_MESSAGES"


def collected() -> Catalog:
    """Every text of the pages."""
    out = Catalog(locale="ru", fuzzy=False, creation_date=None, revision_date=None)
    for folder, methods in SOURCES:
        for _, _, message, _, _ in extract_from_dir(folder, methods, OPTIONS, KEYWORDS):
            out.add(message)
    return out


def translated(path: Path = FOLDER / "messages.po") -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="ru")


def merged() -> Catalog:
    """The Russian catalogue with exactly the texts that the pages have now."""
    known, out = translated(), collected()
    for message in out:
        if message.id and (found := known.get(message.id)) is not None:
            message.string = found.string
    return out


def as_po(catalogue: Catalog) -> bytes:
    out = io.BytesIO()
    write_po(out, catalogue, width=118, omit_header=True, sort_output=True, no_location=True)
    return HEADER + out.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    out = io.BytesIO()
    written = read_po(io.BytesIO(as_po(catalogue)), locale="ru")
    written.creation_date = written.revision_date = NO_DATE
    write_mo(out, written)
    return out.getvalue()


HEADER = (b'# Russian texts of the pages. Collected and compiled by bin/translate.\n'
          b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: ru\\n"\n'
          b'"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && '
          b'(n%100<10 || n%100>=20) ? 1 : 2);\\n"\n\n')


def main() -> int:
    catalogue = merged()
    (FOLDER / "messages.po").write_bytes(as_po(catalogue))
    (FOLDER / "messages.mo").write_bytes(as_mo(catalogue))
    empty = [m.id for m in catalogue if m.id and not (m.string if isinstance(m.string, str) else all(m.string or ()))]
    for text in empty:
        print(f"not translated: {text!r}")
    return 1 if empty else 0


if __name__ == "__main__":
    sys.exit(main())
