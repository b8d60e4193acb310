"""A publisher of documents for the tests: a real TLS server on loopback, and whom a resolver makes of a name."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ...outbound.fetcher import Fetcher

HOST = "keys.client.example"

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Resolver:
    """Answers with `addresses`, and after the first time with `afterwards` if that is given."""

    addresses: Sequence[str] = ("127.0.0.1",)
    afterwards: Sequence[str] | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses."""
        self.asked.append((host, port))
        return self.addresses if self.afterwards is None or len(self.asked) == 1 else self.afterwards


@dataclass
class Publisher:
    """A server, what it was asked, and by which names. `say` writes its answer."""

    say: Say
    port: int = 0
    names: list[str | None] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where the document is."""
        return f"https://{HOST}:{self.port}/jwks?v=1"

    def fetcher(self, resolver: Resolver | None = None, **options: float) -> Fetcher:
        """Return a fetcher that trusts the CA of this server and finds it by its name."""
        return Fetcher(
            allow_loopback=True,
            resolve=resolver or Resolver(),
            ssl_context=_authority().trusting,
            **options,  # type: ignore[arg-type]
        )

    @property
    def authority(self) -> str:
        """The certificate of the CA of this server, in PEM."""
        return _authority().pem

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode("ascii"))
            await self.say(writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.hung_up.set()
            writer.close()


def answer(
    body: bytes = b'{"keys": []}', status: str = "200 OK", content_type: str = "application/json", **headers: str
) -> Say:
    """Return what says this answer whole."""

    async def say(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)

    return say


@asynccontextmanager
async def publishing(say: Say | None = None, *, name: str = HOST, tls: bool = True) -> AsyncIterator[Publisher]:
    """Run a server whose certificate is for `name`, until the block ends."""
    publisher = Publisher(say or answer())
    context = _authority().serving(name) if tls else None
    if context is not None:
        context.sni_callback = lambda _, asked, __: publisher.names.append(asked)
    server = await asyncio.start_server(publisher.serve, "127.0.0.1", 0, ssl=context)
    publisher.port = server.sockets[0].getsockname()[1]
    try:
        yield publisher
    finally:
        server.close()
        await server.wait_closed()


@dataclass(frozen=True)
class Authority:
    """A certification authority that nobody else trusts."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def trusting(self) -> ssl.SSLContext:
        """A client's context that trusts this authority alone."""
        return ssl.create_default_context(cadata=self.pem)

    @property
    def pem(self) -> str:
        """The certificate as text."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def serving(self, name: str) -> ssl.SSLContext:
        """A server's context with a certificate for `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            alternative: x509.GeneralName = x509.IPAddress(ip_address(name))
        except ValueError:
            alternative = x509.DNSName(name)
        certificate = (
            _described("server", self.certificate.subject, key.public_key())
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory() as folder:
            file = Path(folder) / "server.pem"
            form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            file.write_bytes(
                key.private_bytes(serialization.Encoding.PEM, form, none)
                + certificate.public_bytes(serialization.Encoding.PEM)
            )
            context.load_cert_chain(file)
        return context


@cache
def _authority() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("authority")
    certificate = (
        _described("authority", name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate)


def _described(subject: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
