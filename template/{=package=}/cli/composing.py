"""The composed server, for as long as a command needs it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..app import AuthorizationServer
from ..database import Transaction
from ..features import Settings
from .configuration import load_settings
from .refusal import Refusal

T = TypeVar("T")


def compose(settings: Settings) -> AuthorizationServer:
    """Return the server. Raises ConfigurationError, or Refusal for what a policy or a setting does not fit."""
    try:
        return AuthorizationServer(settings)
    except (TypeError, ValueError) as error:  # a policy of another contract, a method or database that is unknown
        raise Refusal(str(error)) from error


def run_with_server(work: Callable[[AuthorizationServer], Awaitable[T]], settings: Settings | None = None) -> T:
    """Return what `work` returns, given the composed server, and let go of everything."""
    server = compose(settings or load_settings())

    async def run() -> T:
        try:
            return await work(server)
        finally:
            await server.close()

    return asyncio.run(run())


def run_in_transaction(work: Callable[[Transaction], Awaitable[T]]) -> T:
    """Return what `work` returns, and commit what it did in the transaction that it is given."""

    async def run(server: AuthorizationServer) -> T:
        async with server.server.database.transaction() as transaction:
            result = await work(transaction)
            await transaction.commit()
        return result

    return run_with_server(run)
