"""Create, list and disable people."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from getpass import getpass

from ...app import AuthorizationServer
from ...core.secrets import mint_secret
from ...database import Conflict, Transaction
from ...policy.principals import Principals
from ...stores.browser_sessions import BrowserSessions
from ...stores.grants import Grants
from ..composing import run_in_transaction
from ..refusal import Refusal
from ..tables import add_json_option, print_rows

DEMO_PERSON = "ada"
DEMO_PASSWORD = "demo"  # noqa: S105 - it is meant to be known


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command may be told. Passwords are no arguments: everybody on this computer can read those."""
    verbs = parser.add_subparsers(title="verbs", metavar="verb", required=True)

    create = verbs.add_parser("create", help="keep a new person")
    create.add_argument("--name", help="what pages and applications call them; the user name if not given")
    create.add_argument("--email")
    create.set_defaults(run=run_create)

    set_password = verbs.add_parser("set-password", help="give a person another password")
    set_password.set_defaults(run=run_set_password)

    listing = verbs.add_parser("list", help="a line for each person")
    add_json_option(listing)
    listing.set_defaults(run=run_list)

    disable = verbs.add_parser("disable", help="let a person sign in no more, nor their applications get tokens")
    disable.set_defaults(run=run_disable)

    enable = verbs.add_parser("enable", help="undo `disable`")
    enable.set_defaults(run=run_enable)

    for verb in (create, set_password, disable, enable):
        verb.add_argument("username")
    for verb in (create, set_password):
        verb.add_argument("--password-stdin", action="store_true", help="read the password from standard input")


def run_create(arguments: Namespace) -> None:
    """Print the subject of the new person."""
    password = _read_password(from_stdin=arguments.password_stdin)

    async def create(transaction: Transaction) -> str:
        now, told = datetime.now(UTC), {"name": arguments.name, "email": arguments.email}
        try:
            return await Principals().create(arguments.username, password, transaction, now=now, **told)
        except Conflict:
            raise Refusal(f"there is a person {arguments.username} already") from None

    print(f"{arguments.username} can sign in, as subject {run_in_transaction(create)}")


def run_set_password(arguments: Namespace) -> None:
    """Set the password."""
    username, password = arguments.username, _read_password(from_stdin=arguments.password_stdin)

    async def set_password(transaction: Transaction) -> bool:
        await _end(username, transaction)
        return await Principals().set_password(username, password, transaction)

    if not run_in_transaction(set_password):
        raise _unknown(username)
    print(f"{username} has a new password and is signed out everywhere")


def run_list(arguments: Namespace) -> None:
    """Print a line for each person."""
    names = ("username", "id", "name", "email", "created_at", "disabled_at")
    people = run_in_transaction(Principals().list)
    print_rows([{name: getattr(person, name) for name in names} for person in people], as_json=arguments.json)


def run_disable(arguments: Namespace) -> None:
    """Disable the person."""
    _set_disabled(arguments.username, datetime.now(UTC))
    print(f"{arguments.username} is disabled")


def run_enable(arguments: Namespace) -> None:
    """Enable the person."""
    _set_disabled(arguments.username, None)
    print(f"{arguments.username} is enabled")


async def demonstrate(server: AuthorizationServer) -> Sequence[str]:
    """Keep a person whose password everybody knows, and tell it."""
    principals = Principals()
    async with server.server.database.transaction() as transaction:
        if not await principals.set_password(DEMO_PERSON, DEMO_PASSWORD, transaction):
            now, told = server.server.now(), {"name": "Ada Lovelace", "email": "ada@example.org"}
            await principals.create(DEMO_PERSON, DEMO_PASSWORD, transaction, now=now, **told)
        await transaction.commit()
    return [f"a person: {DEMO_PERSON}, whose password is {DEMO_PASSWORD}"]


async def withdraw(server: AuthorizationServer) -> None:
    """Give that person a password that nobody knows, if the one that everybody knows is still theirs."""
    principals, now = Principals(), server.server.now()
    async with server.server.database.transaction() as transaction:
        if await principals.authenticate(DEMO_PERSON, DEMO_PASSWORD, transaction, acr_values=(), now=now):
            await principals.set_password(DEMO_PERSON, mint_secret(), transaction)
            await transaction.commit()


def _set_disabled(username: str, now: datetime | None) -> None:
    async def disable(transaction: Transaction) -> bool:
        if now is not None:
            await _end(username, transaction)
        return await Principals().disable(username, transaction, now=now)

    if not run_in_transaction(disable):
        raise _unknown(username)


async def _end(username: str, transaction: Transaction) -> None:
    """Sign the person out everywhere, and end what they gave to applications: somebody else may hold it."""
    subject = await Principals().find_subject(username, transaction)
    if subject is not None:
        await Grants(transaction).end_of_person(subject, datetime.now(UTC))
        await BrowserSessions(transaction).forget(subject)


def _unknown(username: str) -> Refusal:
    return Refusal(f"there is no person {username}: `users list` shows those there are")


def _read_password(*, from_stdin: bool) -> str:
    """Return a password, asked for twice. Raises Refusal if there is nobody to ask or nothing is answered."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not sys.stdin.isatty():
        raise Refusal("there is no terminal to ask for the password at: use --password-stdin")
    else:
        password = getpass("password: ")
        if getpass("again: ") != password:
            raise Refusal("these are two different passwords: nothing was changed")
    if not password:
        raise Refusal("the password is empty: nothing was changed")
    return password
