"""UserInfo, as a client asks it."""

import httpx

from .harness import ServerUnderTest


async def userinfo(server: ServerUnderTest, access_token: str) -> httpx.Response:
    """Ask UserInfo with an access token."""
    headers = {"Authorization": f"Bearer {access_token}"}
    return await server.http.get(server.authorization_server.server.urls.path("userinfo"), headers=headers)
