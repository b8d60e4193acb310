"""`clients create` for devices without a browser, and what ends with such a client."""

import asyncio
from datetime import UTC, datetime, timedelta

from ...core.secrets import digest
from ...database import open_database
from ...features.device.device_code import GRANT_TYPE, DeviceCode
from ...features.device.store import DeviceCodes
from .conftest import CommandLine


def test_a_device_needs_no_redirect_uri_and_no_secret(settled: CommandLine) -> None:
    """RFC 8628 §3.1, RFC 6749 §2.1."""
    outcome = settled("clients", "create", "tv", "--device", "--public", "--scope", "notes:read", "--json")

    shown = settled("clients", "show", "tv", "--json").json
    assert outcome.json == {"client_id": "tv"}
    assert shown["grant_types"] == ["refresh_token", GRANT_TYPE]
    assert shown["token_endpoint_auth_method"] == "none"
    assert shown["redirect_uris"] == []


def test_the_grant_can_be_named_as_well(settled: CommandLine) -> None:
    """M4: those that are asked for are those it gets."""
    settled("clients", "create", "tv", "--grant-type", GRANT_TYPE, "--public")

    assert settled("clients", "show", "tv", "--json").json["grant_types"] == [GRANT_TYPE]


def test_an_application_may_run_on_devices_too(settled: CommandLine) -> None:
    """E1: beside the code flow."""
    settled("clients", "create", "app", "--device", "--redirect-uri", "https://app.example/callback")

    shown = settled("clients", "show", "app", "--json").json
    assert shown["grant_types"] == ["authorization_code", "refresh_token", GRANT_TYPE]


def test_other_clients_are_as_before(settled: CommandLine) -> None:
    """E1."""
    settled("clients", "create", "worker")

    assert settled("clients", "show", "worker", "--json").json["grant_types"] == ["client_credentials"]


def test_devices_that_wait_end_with_their_client(settled: CommandLine, database_url: str) -> None:
    """F8: a new client of that name gets nothing that the old one asked for; another's devices go on waiting."""
    now = datetime.now(UTC)

    async def keep(*names: str) -> None:
        database = open_database(database_url)
        async with database.transaction() as transaction:
            for name in names:
                code = DeviceCode(
                    digest=digest(name),
                    client_id=name,
                    scope="",
                    resources=(),
                    confirmation=None,
                    client_ip=None,
                    interval=timedelta(seconds=5),
                    created_at=now,
                    expires_at=now + timedelta(minutes=10),
                )
                assert await DeviceCodes(transaction).add(code, name)
            await transaction.commit()
        await database.close()

    async def find(name: str) -> bool:
        database = open_database(database_url)
        async with database.transaction() as transaction:
            found = await DeviceCodes(transaction).find_pending(name, now)
        await database.close()
        return found is not None

    for name in ("tv", "radio", "fridge"):
        settled("clients", "create", name, "--device", "--public")
    asyncio.run(keep("tv", "radio", "fridge"))

    settled("clients", "delete", "tv")
    settled("clients", "disable", "radio")

    assert [asyncio.run(find(name)) for name in ("tv", "radio", "fridge")] == [False, False, True]
