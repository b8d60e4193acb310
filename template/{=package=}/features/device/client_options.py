"""Clients on devices without a browser, and what ends with a client."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from datetime import datetime

from ...core.client import Client
from ...database import Transaction
from ...grants import refresh_token
from ...server import Server
from .device_code import GRANT_TYPE
from .store import DeviceCodes


def add_arguments(parser: ArgumentParser) -> None:
    """Say what may be told."""
    parser.add_argument(
        "--device", action="store_true", help="it runs on a device without a browser: people enter a code elsewhere"
    )


def describe(client: Client, arguments: Namespace, server: Server) -> Client:
    """Return the client with the grants of a device (RFC 8628 §3.4), beside those it has."""
    if not arguments.device:
        return client
    return replace(client, grant_types=client.grant_types | {GRANT_TYPE, refresh_token.GRANT_TYPE})


async def end(client_id: str, transaction: Transaction, now: datetime) -> None:
    """Forget the devices that wait: nobody may let them in any more."""
    await DeviceCodes(transaction).forget_client(client_id)
