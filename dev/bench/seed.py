"""Migrate our server's database and make a key, a client, people and codes, through the server's own stores.

Reads the server's settings from the environment and how many codes from the arguments; writes JSON.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta

from authserver.core.authorization_code import AuthorizationCode
from authserver.core.client import AuthMethod, Client
from authserver.core.grant import Authentication, AuthorizationGrant
from authserver.core.secrets import digest, mint_secret
from authserver.database import Transaction, open_database
from authserver.migrate import upgrade
from authserver.policy.clients import Clients
from authserver.policy.principals import Principals
from authserver.settings import ServerSettings
from authserver.stores.authorization_codes import AuthorizationCodes
from authserver.stores.grants import Grants
from authserver.stores.key_files import ensure_keys
from operations import CLIENT_ID, CODE_CHALLENGE, PEOPLE, REDIRECT_URI, SCOPE

BATCH = 500


async def make_client(transaction: Transaction, now: datetime) -> str:
    """Register the client and return its secret."""
    client = Client(
        client_id=CLIENT_ID,
        token_endpoint_auth_method=AuthMethod.CLIENT_SECRET_BASIC,
        grant_types=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
        redirect_uris=(REDIRECT_URI,),
        scope=frozenset(SCOPE.split()),
    )
    secret = await Clients().create(client, transaction, now=now)
    assert secret is not None
    return secret


async def make_people(transaction: Transaction, now: datetime) -> list[str]:
    return [
        await Principals().create(
            f"person-{number}", mint_secret(), transaction, now=now, email=f"person-{number}@example.com"
        )
        for number in range(PEOPLE)
    ]


async def make_code(transaction: Transaction, subject: str, now: datetime) -> str:
    """A grant and its code, as the authorization endpoint leaves them, but good for an hour."""
    grant = AuthorizationGrant(
        id=mint_secret(),
        client_id=CLIENT_ID,
        authentication=Authentication(subject=subject, auth_time=now, amr=("pwd",), sid=mint_secret()),
        scope=SCOPE,
        details={"nonce": mint_secret()},
        created_at=now,
        expires_at=now + timedelta(days=30),
    )
    code = mint_secret()
    await Grants(transaction).add(grant)
    await AuthorizationCodes(transaction).add(
        AuthorizationCode(
            digest=digest(code),
            redirect_uri=REDIRECT_URI,
            code_challenge=CODE_CHALLENGE,
            expires_at=now + timedelta(hours=1),
            redeemed_at=None,
            grant=grant,
        )
    )
    return code


async def seed(settings: ServerSettings, wanted: int) -> dict[str, object]:
    database, now, codes = open_database(settings.database_url), datetime.now(UTC), list[str]()
    try:
        async with database.transaction() as transaction:
            secret = await make_client(transaction, now)
            people = await make_people(transaction, now)
            await transaction.commit()
        while len(codes) < wanted:
            async with database.transaction() as transaction:
                for number in range(len(codes), min(len(codes) + BATCH, wanted)):
                    codes.append(await make_code(transaction, people[number % PEOPLE], now))
                await transaction.commit()
    finally:
        await database.close()
    return {"client_secret": secret, "codes": codes, "access_tokens": []}


def main() -> None:
    settings = ServerSettings()
    upgrade(settings.database_url)
    ensure_keys(settings.key_directory, ["ES256"], now=datetime.now(UTC))
    print(json.dumps(asyncio.run(seed(settings, int(sys.argv[1])))))


if __name__ == "__main__":
    main()
