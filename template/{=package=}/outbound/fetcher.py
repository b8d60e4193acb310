"""A JSON document from a URL that a stranger chose, without calling whom the stranger means (SSRF)."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

import anyio
import httpx

from ..core.encoding import parse_json_object
from ..core.reading import read_at_most
from .addresses import Address, is_loopback
from .freshness import read_lifetime
from .location import Location, parse_location
from .resolving import Resolve, SystemResolver, choose_addresses

MAX_SIZE: Final = 5_120
TIMEOUT: Final = 5.0
CONCURRENCY: Final = 16
_ATTEMPTS: Final = 3  # addresses of one host


class FetchError(Exception):
    """The document cannot be had, or must not be asked for. The text is for the log only."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document, and how long its headers let it be kept; None if they do not say (RFC 9111 §4.2.1)."""

    body: Mapping[str, Any]
    lifetime: timedelta | None


class Fetcher:
    """Fetches what may be fetched, and says FetchError to everything else.

    A host is resolved once, every address it has must be a public one, and the connection goes to such an address:
    what the name means a moment later does not matter. TLS still proves the name. With `allow_loopback`, for
    development, this machine may be called too, then also by http.

    `resolve`, `ssl_context` and `transport` can be replaced: by a resolver of one's own, trust in a private CA
    (SSL_CERT_FILE does that too), or something that forwards requests to a proxy for such fetches. A transport is
    made for each fetch and closed after it: a connection that proved one name is never used for another.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        resolve: Resolve | None = None,
        ssl_context: ssl.SSLContext | None = None,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
        timeout: float = TIMEOUT,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._system = SystemResolver()
        self._resolve = resolve or self._system
        self._given_context = ssl_context
        self._make_transport = transport or self._connect
        self._timeout = timeout
        self._places = anyio.Semaphore(concurrency)

    async def fetch_json(self, url: str, *, max_size: int = MAX_SIZE) -> Fetched:
        """Return the JSON object at `url`, of at most `max_size` bytes. Raises FetchError.

        No redirect is followed and no compressed answer read. All of it, the wait for a free place and the last
        byte of the body included, takes at most the timeout.
        """
        try:
            location = parse_location(url)
            if location.scheme != "https" and not self._allow_loopback:
                raise ValueError("it is not https")
            with anyio.fail_after(self._timeout):
                async with self._places:
                    return await self._fetch(location, max_size)
        except TimeoutError:
            raise FetchError(f"{url!r}: it takes too long") from None
        except (ValueError, OSError, httpx.HTTPError, httpx.StreamError) as error:
            raise FetchError(f"{url!r}: {str(error) or type(error).__name__}") from error

    async def close(self) -> None:
        """Let go of what is held; the next use takes it up again."""
        self._system.close()

    async def _fetch(self, location: Location, max_size: int) -> Fetched:
        found = await self._resolve(location.hostname, location.port)
        addresses = choose_addresses(found, allow_loopback=self._allow_loopback)[:_ATTEMPTS]
        if location.scheme != "https" and not all(map(is_loopback, addresses)):
            raise ValueError("it is not https")
        while True:
            try:
                return await self._ask(location, addresses.pop(0), max_size)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if not addresses:
                    raise

    async def _ask(self, location: Location, address: Address, max_size: int) -> Fetched:
        async with httpx.AsyncClient(
            transport=self._make_transport(),
            trust_env=False,  # a second line: with a transport of its own it takes no proxy from there anyway
            follow_redirects=False,
            timeout=httpx.Timeout(self._timeout, connect=self._timeout / 2),
        ) as client:
            request = client.build_request(
                "GET",
                httpx.URL(
                    scheme=location.scheme,
                    host=str(address),
                    port=location.port,
                    raw_path=location.target.encode("ascii"),
                ),
                headers={
                    "Host": location.authority,
                    "Accept": "application/json, */*;q=0.5",
                    "Accept-Encoding": "identity",  # a small answer must not be able to become a large one
                    "Connection": "close",
                },
                extensions={"sni_hostname": location.hostname},
            )
            response = await client.send(request, stream=True)
            try:
                return await _read(response, max_size)
            finally:
                await response.aclose()

    def _connect(self) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=self._context, trust_env=False, http2=False, retries=0)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return self._given_context or httpx.create_ssl_context()


async def _read(response: httpx.Response, max_size: int) -> Fetched:
    if response.status_code != 200:
        raise ValueError(f"the status is {response.status_code}")
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise ValueError("the answer is compressed")
    if not _is_json(response.headers.get("content-type", "")):
        raise ValueError("the answer is not JSON")
    body = parse_json_object(await read_at_most(max_size, response.aiter_bytes()))
    return Fetched(body, read_lifetime(response.headers))


def _is_json(content_type: str) -> bool:
    """`application/json`, or a type that is JSON by its suffix, as `application/jwk-set+json` (RFC 6839 §3.1)."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
