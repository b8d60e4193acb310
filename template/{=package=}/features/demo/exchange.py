"""One request and its answer, kept to be shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from ...core.encoding import parse_json_object
from ...core.errors import TemporarilyUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request as it is told to people, and what came back."""

    method: str
    path: str
    with_token: bool
    status: int
    challenge: str | None
    body: str

    @property
    def is_good(self) -> bool:
        """Whether the answer is what was asked for."""
        return self.status < 400

    @property
    def members(self) -> Mapping[str, Any]:
        """What a good answer says, if it is a JSON object."""
        try:
            return parse_json_object(self.body.encode()) if self.is_good else {}
        except ValueError:
            return {}

    @property
    def phrase(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase


async def call(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    access_token: str | None = None,
    json_body: Mapping[str, str] | None = None,
) -> Exchange:
    """Call an API, with an access token in the header (RFC 6750 §2.1). Raises TemporarilyUnavailable."""
    headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
    try:
        response = await http.request(method, url, headers=headers, json=json_body)
    except httpx.HTTPError as error:
        raise TemporarilyUnavailable("the API cannot be reached", reason=str(error)) from error
    return Exchange(
        method=method,
        path=response.url.path,
        with_token=bool(access_token),
        status=response.status_code,
        challenge=response.headers.get("www-authenticate"),
        body=_pretty(response.text),
    )


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
