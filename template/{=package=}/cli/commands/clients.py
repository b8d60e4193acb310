"""Create, list, show and delete clients."""

import re
import secrets
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from ...app import AuthorizationServer
from ...core.client import AuthMethod, Client
from ...database import Conflict, Transaction
from ...grants.client_credentials import GRANT_TYPE as CLIENT_CREDENTIALS
from ...policy.clients import Clients
from ...server import Server
from .. import client_options
from ..composing import run_in_transaction, run_with_server
from ..refusal import Refusal
from ..tables import add_json_option, print_row, print_rows

DEMO_CLIENT = "demo-service"

_CLIENT_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")  # the same in a form, a header and on a command line


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command may be told."""
    verbs = parser.add_subparsers(title="verbs", metavar="verb", required=True)

    create = verbs.add_parser("create", help="keep a new client and print its id and, this once, its secret")
    create.add_argument("client_id", nargs="?", help="its id: letters, digits, - and _; a random one if not given")
    create.add_argument("--name", default="", help="what people call it")
    create.add_argument("--scope", action="append", default=[], help="what it may ask for; may be repeated")
    create.add_argument("--grant-type", action="append", default=[], help="may be repeated")
    create.add_argument("--auth-method", help=f"how it authenticates; {AuthMethod.CLIENT_SECRET_BASIC} if not given")
    for options in client_options.load():
        options.add_arguments(create)
    add_json_option(create)
    create.set_defaults(run=run_create)

    listing = verbs.add_parser("list", help="a line for each client")
    add_json_option(listing)
    listing.set_defaults(run=run_list)

    change = verbs.add_parser("change", help="replace what is kept of a client; what it holds stays good")
    change.add_argument("client_id")
    change.add_argument("--name", help="what people call it from now on")
    for options in client_options.load():
        if hasattr(options, "add_change_arguments"):
            options.add_change_arguments(change)
    change.set_defaults(run=run_change)

    for name, run, help_ in (
        ("show", run_show, "all that is known of a client"),
        ("rotate-secret", run_rotate_secret, "print a new secret, this once; the old one ends now"),
        ("disable", run_disable, "treat a client as unknown"),
        ("enable", run_enable, "undo `disable`"),
        ("delete", run_delete, "forget a client"),
    ):
        verb = verbs.add_parser(name, help=help_)
        verb.add_argument("client_id")
        if run in (run_show, run_rotate_secret):
            add_json_option(verb)
        verb.set_defaults(run=run)


def run_create(arguments: Namespace) -> None:
    """Print the id and the secret of the new client."""

    async def create(server: AuthorizationServer) -> tuple[Client, str | None]:
        client = _describe(arguments, server)
        async with server.server.database.transaction() as transaction:
            try:
                secret = await Clients().create(client, transaction, now=datetime.now(UTC))
            except Conflict:
                raise Refusal(f"there is a client {client.client_id} already") from None
            await transaction.commit()
        return client, secret

    client, secret = run_with_server(create)
    _print_credentials(client.client_id, secret, as_json=arguments.json)


def run_list(arguments: Namespace) -> None:
    """Print a line for each client, oldest first."""
    rows = [
        {
            "client_id": client.client_id,
            "name": client.client_name,
            "auth_method": client.token_endpoint_auth_method,
            "grant_types": sorted(client.grant_types),
            "disabled_at": disabled_at,
        }
        for client, disabled_at in run_in_transaction(Clients().list)
    ]
    print_rows(rows, as_json=arguments.json)


def run_show(arguments: Namespace) -> None:
    """Print everything but the secret, which nobody knows."""

    async def find(transaction: Transaction) -> tuple[Client, datetime | None]:
        return await _get(arguments.client_id, transaction)

    client, disabled_at = run_in_transaction(find)
    known = asdict(client) | {"disabled_at": disabled_at}
    metadata = known.pop("metadata")
    row = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in known.items()}
    print_row(metadata | row, as_json=arguments.json)


def run_change(arguments: Namespace) -> None:
    """Keep what is given in place of what the client had. Raises Refusal if it does not fit the client."""

    async def change(server: AuthorizationServer) -> None:
        async with server.server.database.transaction() as transaction:
            client, _ = await _get(arguments.client_id, transaction)
            changed = client if arguments.name is None else replace(client, client_name=arguments.name)
            for options in client_options.load():
                if hasattr(options, "change"):
                    changed = _ask(options.change, changed, arguments, server.server)
            if changed == client:
                raise Refusal(f"nothing of {client.client_id} would change: `clients change --help` says what can")
            await Clients().update(changed, transaction)
            await transaction.commit()

    run_with_server(change)
    print(f"{arguments.client_id} is changed")


def run_rotate_secret(arguments: Namespace) -> None:
    """Print the new secret. Raises Refusal for a client that has none."""

    async def rotate(transaction: Transaction) -> str | None:
        client, _ = await _get(arguments.client_id, transaction)
        if not client.has_secret:
            how = "is public" if client.is_public else f"authenticates with {client.token_endpoint_auth_method}"
            raise Refusal(f"{client.client_id} {how}: it has no secret")
        return await Clients().rotate_secret(client.client_id, transaction)

    _print_credentials(arguments.client_id, run_in_transaction(rotate), as_json=arguments.json)


def run_disable(arguments: Namespace) -> None:
    """Disable the client."""
    _set_disabled(arguments.client_id, datetime.now(UTC))
    print(f"{arguments.client_id} is disabled")


def run_enable(arguments: Namespace) -> None:
    """Enable the client."""
    _set_disabled(arguments.client_id, None)
    print(f"{arguments.client_id} is enabled")


def run_delete(arguments: Namespace) -> None:
    """Delete the client."""

    async def delete(transaction: Transaction) -> bool:
        await _end(arguments.client_id, transaction)
        return await Clients().delete(arguments.client_id, transaction)

    if not run_in_transaction(delete):
        raise _unknown(arguments.client_id)
    print(f"{arguments.client_id} is deleted")


async def demonstrate(server: AuthorizationServer) -> Sequence[str]:
    """Keep a client that asks in its own name, with a new secret each time, and tell how it gets a token."""
    client = Client(
        client_id=DEMO_CLIENT,
        client_name="Demo service",
        token_endpoint_auth_method=AuthMethod.CLIENT_SECRET_BASIC,
        grant_types=frozenset({CLIENT_CREDENTIALS}),
        scope=frozenset(server.server.scopes.supported()),
    )
    async with server.server.database.transaction() as transaction:
        await Clients().delete(DEMO_CLIENT, transaction)
        secret = await Clients().create(client, transaction, now=server.server.now())
        await transaction.commit()
    form = f"--data grant_type={CLIENT_CREDENTIALS}"
    return [f"a token: curl --user {DEMO_CLIENT}:{secret} {form} {server.server.urls.url('token')}"]


def _describe(arguments: Namespace, server: AuthorizationServer) -> Client:
    """Return the client that is asked for. Raises Refusal if it could never do what it is for."""
    client = Client(
        client_id=secrets.token_hex(10) if arguments.client_id is None else arguments.client_id,
        client_name=arguments.name,
        token_endpoint_auth_method=arguments.auth_method or AuthMethod.CLIENT_SECRET_BASIC,
        grant_types=frozenset(arguments.grant_type),
        scope=frozenset(" ".join(arguments.scope).split()),
    )
    if not _CLIENT_ID.fullmatch(client.client_id):
        raise Refusal(f"{client.client_id!r} cannot be a client id: use letters, digits, - and _")
    for options in client_options.load():
        client = _ask(options.describe, client, arguments, server.server)
    _check_offered("--grant-type", client.grant_types, server.grant_types)
    _check_offered("--scope", client.scope, server.server.scopes.supported())
    _check_offered("--auth-method", [client.token_endpoint_auth_method], server.authentication_methods)
    if not client.grant_types:
        client = replace(client, grant_types=frozenset({CLIENT_CREDENTIALS}))
    if client.is_public and CLIENT_CREDENTIALS in client.grant_types:
        raise Refusal(f"a public client cannot have {CLIENT_CREDENTIALS}: anybody could ask in its name")
    return client


def _ask(
    describe: Callable[[Client, Namespace, Server], Client], client: Client, arguments: Namespace, server: Server
) -> Client:
    """Return what a feature makes of the client. Raises Refusal if it cannot."""
    try:
        return describe(client, arguments, server)
    except ValueError as error:
        raise Refusal(str(error)) from None


def _check_offered(option: str, asked: Iterable[str], offered: Iterable[str]) -> None:
    for value in sorted(asked):
        if value not in (known := list(offered)):
            raise Refusal(f"{option} {value} is not offered here: choose from {', '.join(known)}")


async def _get(client_id: str, transaction: Transaction) -> tuple[Client, datetime | None]:
    """Return a client, also a disabled one, and when it was disabled. Raises Refusal if it is unknown."""
    for client, disabled_at in await Clients().list(transaction):
        if client.client_id == client_id:
            return client, disabled_at
    raise _unknown(client_id)


def _set_disabled(client_id: str, now: datetime | None) -> None:
    async def disable(transaction: Transaction) -> bool:
        if now is not None:
            await _end(client_id, transaction)
        return await Clients().disable(client_id, transaction, now=now)

    if not run_in_transaction(disable):
        raise _unknown(client_id)


async def _end(client_id: str, transaction: Transaction) -> None:
    """End what the client holds: enabled again, or under a new client of its name, none of it works."""
    for options in client_options.load():
        if hasattr(options, "end"):
            await options.end(client_id, transaction, datetime.now(UTC))


def _unknown(client_id: str) -> Refusal:
    return Refusal(f"there is no client {client_id}: `clients list` shows those there are")


def _print_credentials(client_id: str, secret: str | None, *, as_json: bool) -> None:
    credentials = {"client_id": client_id, **({"client_secret": secret} if secret else {})}
    print_row(credentials, as_json=as_json)
