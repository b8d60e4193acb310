"""An API that asks for access tokens (RFC 6750): what stands between `make_guard` and its two routes is all of it.

An API in a process of its own takes `protect/` and `core/` along, and has `RemoteKeys(jwks_uri)` for keys. Such an
API cannot see that an authorization was revoked until its token expires; here `Authors` can, and so the person is
refused at once.
"""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from ...database import Database, Transaction
from ...feature import Composition
from ...protect import Guard, LocalKeys, TokenContext
from ...protect.constraint import TokenConstraint
from ...protect.metadata import metadata_url
from ...stores.grants import Grants

PATH = "/demo/api/notes"
READ, WRITE = "notes:read", "notes:write"


class Note(BaseModel):
    """A note."""

    text: Annotated[str, Field(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class Author:
    """Whose notes they are."""

    subject: str
    name: str


def notes_router(guard: Guard[Author]) -> APIRouter:
    """Return the API. Its notes are gone when the process ends."""
    router = APIRouter(tags=["demo"])
    notes: dict[str, list[Note]] = {}
    Reader = Annotated[TokenContext[Author], Depends(guard.requires(READ))]
    Writer = Annotated[TokenContext[Author], Depends(guard.requires(WRITE))]

    @router.get(PATH)
    async def read_notes(token: Reader) -> list[Note]:
        """Return the notes of whoever the token speaks for."""
        author = token.principal
        return notes.get(author.subject, [Note(text=f"Welcome, {author.name}. This note is yours alone.")])

    @router.post(PATH, status_code=201)
    async def write_note(note: Note, token: Writer) -> Note:
        """Keep a note; ten of them at most."""
        notes[token.subject] = [*notes.get(token.subject, []), note][-10:]
        return note

    return router


def make_guard(composition: Composition, authors: "Authors") -> Guard[Author]:
    """Return the guard of the server's default audience, with this server's own keys."""
    server = composition.server
    audience = server.settings.default_audience
    return Guard(
        issuer=server.urls.issuer,
        audience=audience,
        keys=LocalKeys(server.keys, server.now),
        algorithms=server.settings.signing_algorithms,
        realm="notes",
        resource_metadata=metadata_url(audience),
        load_principal=authors.load,
        constraints=composition.extensions(TokenConstraint),  # type: ignore[type-abstract]
        now=server.now,
    )


class Names(Protocol):
    """What the API asks of `policy/principals.py`."""

    async def is_active(self, subject: str, transaction: Transaction) -> bool: ...
    async def display_name(self, subject: str, transaction: Transaction) -> str: ...


@dataclass(frozen=True, slots=True)
class Authors:
    """Makes of an access token the author that it speaks for."""

    database: Database
    names: Names

    async def load(self, token: TokenContext[None]) -> Author | None:
        """Return the author, or None if the authorization has ended. A client without a person writes for itself."""
        if token.grant_id is None:
            return Author(token.subject, token.client_id)
        async with self.database.transaction() as transaction:
            grant = await Grants(transaction).find_live(token.grant_id)
            if grant is None or not await self.names.is_active(grant.subject, transaction):
                return None
            return Author(grant.subject, await self.names.display_name(grant.subject, transaction))
