"""Serve for development, with something to try.

It makes its own database, its own keys and something to try them with, and is never for production.
"""

import socket
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address

from ...app import AuthorizationServer, create_app
from ...policy.keys import key_store
from ...stores.key_files import FileKeys, ensure_keys
from .. import commands
from ..composing import run_with_server
from ..configuration import MODE, load_settings, named_variables
from ..refusal import Refusal
from ..serving import add_listening_options, answer, bind
from .migrate import apply


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command may be told."""
    add_listening_options(parser, host="localhost")
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Prepare everything, say what there is to try, and serve until told to stop.

    Raises Refusal if the environment says that this is production.
    """
    if named_variables().get(MODE, "development") != "development":
        raise Refusal(f"{MODE} is not development here, where `dev` would let everybody in: use `serve`")
    settings = load_settings(development=True, port=arguments.port)
    sockets = bind(arguments.host, arguments.port)  # first: if it is taken, nothing has been touched
    apply(settings.database_url)
    files = FileKeys(settings.key_directory)
    if key_store(settings, files) is files:
        ensure_keys(settings.key_directory, settings.signing_algorithms, now=datetime.now(UTC))

    print(f"the issuer: {settings.issuer}")
    if settings.issuer.startswith("http://") and all(map(_is_private, sockets)):
        print(*run_with_server(_demonstrate, settings), sep="\n")
    else:  # there must be no secret that all know, not even one of an earlier time
        run_with_server(_withdraw, settings)
        print("there is nobody and nothing to try it with, because others can reach this server")
    print(f"other commands work on the same data with {MODE}=development", flush=True)
    return answer(lambda: create_app(settings), sockets, log_level=arguments.log_level)


def _is_private(listening: socket.socket) -> bool:
    """Say whether only this computer can reach it."""
    return ip_address(listening.getsockname()[0]).is_loopback


async def _withdraw(server: AuthorizationServer) -> None:
    for name in commands.names():
        withdraw = getattr(commands.load(name), "withdraw", None)
        if withdraw:
            await withdraw(server)


async def _demonstrate(server: AuthorizationServer) -> Sequence[str]:
    lines: list[str] = []
    for name in commands.names():
        demonstrate = getattr(commands.load(name), "demonstrate", None)
        lines += await demonstrate(server) if demonstrate else []
    for feature in server.features:
        lines += await feature.demonstrate(server.server) if feature.demonstrate else []
    return lines
