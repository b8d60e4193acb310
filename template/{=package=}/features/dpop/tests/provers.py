"""Clients that prove a key to a server under test, as DPoP clients do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from ....core.jose import read_claims, read_jws
from ....tests.harness import Answer, ServerUnderTest
from .keys import SenderKey

NONCE = "DPoP-Nonce"


def confirmation_of(answer: Answer) -> dict[str, str] | None:
    """Return the `cnf` of the access token in an answer."""
    assert answer.status == 200, answer.body
    confirmation: dict[str, str] | None = read_claims(read_jws(answer["access_token"]).payload).get("cnf")
    return confirmation


@dataclass
class Prover:
    """A sender with a key, that keeps the last nonce which the server gave it (RFC 9449 §8.2)."""

    server: ServerUnderTest
    key: SenderKey = field(default_factory=SenderKey)
    nonce: str | None = None

    def url(self, endpoint: str) -> str:
        """Return the URL of an endpoint."""
        return self.server.authorization_server.server.urls.url(endpoint)

    def prove(self, endpoint: str = "token", method: str = "POST", **changes: Any) -> str:
        """Return a proof for an endpoint, with the nonce."""
        return self.key.prove(method, self.url(endpoint), self.server.clock(), **{"nonce": self.nonce, **changes})

    async def post(
        self, endpoint: str, client: str = "web", *, proofs: Sequence[str] | None = None, **form: str
    ) -> Answer:
        """Post a form with a new proof, or with these."""
        secret = self.server.secrets.get(client)
        proofs = [self.prove(endpoint)] if proofs is None else proofs
        answer = Answer.of(
            await self.server.http.post(
                self.server.authorization_server.server.urls.path(endpoint),
                data=form if secret else {"client_id": client, **form},
                auth=httpx.BasicAuth(client, secret) if secret else httpx.USE_CLIENT_DEFAULT,
                headers=[("DPoP", proof) for proof in proofs],
            )
        )
        self.nonce = answer.headers.get(NONCE, self.nonce)
        return answer

    async def token(self, client: str = "web", *, proofs: Sequence[str] | None = None, **form: str) -> Answer:
        """Post to the token endpoint: for itself, unless the form says otherwise."""
        form = {"grant_type": "client_credentials", "scope": "notes:read", **form}
        return await self.post("token", client, proofs=proofs, **form)

    async def patient_token(self, client: str = "web", **form: str) -> Answer:
        """Do the same, and again with the nonce if the server asks for one."""
        answer = await self.token(client, **form)
        if answer.body.get("error") == "use_dpop_nonce":
            answer = await self.token(client, **form)
        return answer

    async def call(
        self, path: str, token: str, *, method: str = "GET", scheme: str = "DPoP", proofs: Sequence[str] | None = None
    ) -> httpx.Response:
        """Call a resource of the server with an access token and a new proof, or these."""
        url = f"{self.server.settings.issuer}{path}"
        if proofs is None:
            now = self.server.clock()
            proofs = [self.key.prove(method, url, now, access_token=token, nonce=self.nonce)]
        headers = [("Authorization", f"{scheme} {token}"), *(("DPoP", proof) for proof in proofs)]
        response = await self.server.http.request(method, path, headers=headers)
        self.nonce = response.headers.get(NONCE, self.nonce)
        return response
