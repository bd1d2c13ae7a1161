"""`desk user`: accounts of the team."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from .. import db, people
from ..models import ROLES, User
from ..settings import Settings
from .command import Commands, Refused, opened

REFUSALS = {
    "email_taken": "Такой адрес уже есть / there is an account with this e-mail already: see `desk user list`.",
    "email_wrong": "Это не адрес электронной почты / this is not an e-mail address.",
    "name_needed": "Нужно имя / give --name.",
    "last_admin": "Это последний администратор / this is the last admin: make somebody else an admin first.",
    "password_length": "Пароль: от 12 до 128 знаков / a password needs 12 to 128 characters.",
}


def add_to(commands: Commands) -> None:
    group = commands.group("user", "accounts of the team")
    add_options = group.add("add", add, "a new account; prints a link that signs in once")
    add_options.add_argument("email")
    add_options.add_argument("--name", required=True)
    add_options.add_argument("--role", choices=ROLES, default="advocate")
    add_options.add_argument("--password-stdin", action="store_true", help="read a password from standard input")
    group.add("list", list_, "all accounts")
    group.add("off", off, "an account may not sign in any more").add_argument("email")
    group.add("link", link, "a new link that signs in once").add_argument("email")


def add(options: argparse.Namespace) -> int:
    password = sys.stdin.readline().rstrip("\n") if options.password_stdin else ""
    with _writing() as (session, conf):
        user = people.create(session, email=options.email, name=options.name, role=options.role, password=password,
                             actor="command", now=db.now())
        print(people.sign_in_link(session, conf, user, now=db.now()))
    return 0


def list_(_options: argparse.Namespace) -> int:
    with _writing() as (session, _):
        for user in people.everybody(session):
            state = "" if user.active else "  off"
            print(f"{user.email:<32} {user.role:<9} {user.name}{state}")
    return 0


def off(options: argparse.Namespace) -> int:
    with _writing() as (session, _):
        user = _known(session, options.email)
        people.change(session, user, name=user.name, role=user.role, is_active=False, actor="command", now=db.now())
    return 0


def link(options: argparse.Namespace) -> int:
    with _writing() as (session, conf):
        print(people.sign_in_link(session, conf, _known(session, options.email), now=db.now()))
    return 0


def _known(session: Session, email: str) -> User:
    user = people.by_email(session, email)
    if user is None:
        raise Refused(f"Нет такого адреса / no account with the e-mail {email}: see `desk user list`.")
    return user


@contextmanager
def _writing() -> Iterator[tuple[Session, Settings]]:
    try:
        with opened() as (database, conf), database.write() as session:
            yield session, conf
    except people.PeopleError as error:
        raise Refused(REFUSALS.get(error.key, error.key)) from None
