"""`desk backup`, `desk restore`, `desk audit verify`: what keeps the desk's memory safe."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import audit, backups, db, settings
from ..db import Database
from .command import Commands, Refused, opened


def add_to(commands: Commands) -> None:
    options = commands.add("backup", backup, "copy database, mails, key and settings to a folder; stops nothing")
    options.add_argument("folder", type=Path, metavar="FOLDER", help="on another disk; may hold earlier backups")
    options.add_argument("--keep", type=int, default=0, metavar="N", help="remove all but the newest N afterwards")
    options = commands.add("restore", restore, "bring back a backup into an empty DESK_HOME")
    options.add_argument("folder", type=Path, metavar="FOLDER/desk-…")
    commands.group("audit", "the history of all tickets").add(
        "verify", verify, "check that no event was changed or taken away")


def backup(options: argparse.Namespace) -> int:
    with opened() as (database, conf):
        try:
            place = backups.make(database, conf, options.folder, now=db.now(), keep=max(options.keep, 0))
        except (backups.BackupError, OSError) as error:
            raise Refused(f"Резервной копии нет / no backup was made: {error}") from None
    print(place)
    return 0


def restore(options: argparse.Namespace) -> int:
    conf = settings.load()
    database = Database(conf.database_url)
    try:
        backups.restore(database, conf, options.folder, now=db.now())
    except (backups.BackupError, OSError) as error:
        raise Refused(f"Ничего не восстановлено / nothing was restored: {error}") from None
    finally:
        database.dispose()
    print("Restored. Letters that waited are listed on the page “State of the desk”: look whether they were sent, "
          "then send or leave them. Mail that came since is read again from the mailbox. Now run `desk doctor`.")
    return 0


def verify(_options: argparse.Namespace) -> int:
    with opened() as (database, _conf), database.read() as session:
        faults = list(audit.faults(session, now=db.now()))
        number, last = audit.last_seal(session)
    for fault in faults:
        print(fault)
    print(f"{number} sealed events, last seal {last}" + ("" if faults else ": nothing was changed"))
    return 1 if faults else 0
