"""Two servers as production runs them, on the same data, behind nginx that takes turns and says who answered."""

import itertools
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .running import ROOT, find_free_port, wait_for

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
ANSWERED_BY = "x-answered-by"

# What stands in `location` is what docs/behind-a-proxy.md tells. The header is for the tests.
CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
{user}
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    upstream nodes {{
        {nodes}
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name localhost;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
        client_max_body_size 64k;
        add_header X-Answered-By $upstream_addr always;
        location / {{
            proxy_pass http://nodes;
            proxy_next_upstream off;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""


@dataclass
class Nodes:
    """Two nodes, `a` and `b` by their addresses, and the issuer, which is the proxy."""

    issuer: str
    folder: Path
    a: str
    b: str
    settings: Mapping[str, str]
    trust: ssl.SSLContext
    answered: list[tuple[str, str]] = field(default_factory=list)
    """Each path that was asked for, and the node that answered."""

    _next: str | None = None

    def browser(self, *turns: str) -> httpx.Client:
        """Return an HTTP client whose requests are answered by these nodes in turn; of none, by whoever it is."""
        return httpx.Client(transport=_ByTurns(self, turns), base_url=self.issuer, timeout=60)

    def endpoint(self, name: str) -> str:
        """Return the URL of an endpoint."""
        return f"{self.issuer}/oauth/{name}"

    def command(self, *words: str, given: str = "") -> str:
        """Run a command of the server, as its owner does on any node; return what it prints."""
        command = [sys.executable, "-m", "authserver", *words]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment(), input=given, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def environment(self) -> dict[str, str]:
        """What every process of the server is told."""
        return {**os.environ, "PYTHONPATH": str(ROOT / "dev"), **self.settings}

    def note(self, path: str, node: str) -> None:
        """Remember who answered. The other one is next, as long as one request follows another."""
        assert node in (self.a, self.b), node
        self.answered.append((path, node))
        self._next = self.a if node == self.b else self.b

    def is_next(self, node: str) -> bool:
        """Say whether the next request goes to this node."""
        return self._next == node

    def lose_count(self) -> None:
        """Say that others have asked meanwhile, so that nobody knows whose turn it is."""
        self._next = None


class _ByTurns(httpx.BaseTransport):
    """Asks something harmless until it is the turn of the node that shall answer."""

    def __init__(self, nodes: Nodes, turns: tuple[str, ...]) -> None:
        self._nodes, self._turns = nodes, itertools.cycle(turns) if turns else None
        self._inner = httpx.HTTPTransport(verify=nodes.trust)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        wanted = next(self._turns) if self._turns else None
        if wanted is not None:
            while not self._nodes.is_next(wanted):
                self._send(httpx.Request("GET", f"{self._nodes.issuer}/.well-known/jwks.json"))
        response = self._send(request)
        assert wanted in (None, response.headers[ANSWERED_BY])
        return response

    def _send(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        response.read()
        self._nodes.note(request.url.path, response.headers[ANSWERED_BY])
        return response

    def close(self) -> None:
        self._inner.close()


@contextmanager
def two_nodes(folder: Path, settings: Mapping[str, str]) -> Iterator[Nodes]:
    """Run two nodes and their proxy until the block ends; skips where there is no nginx."""
    if not Path(NGINX).exists():
        pytest.skip("no nginx: install it")
    port, first, second = (find_free_port() for _ in range(3))
    issuer = f"https://localhost:{port}"
    told = {
        "AUTHSERVER_ISSUER": issuer,
        "AUTHSERVER_KEY_DIRECTORY": str(folder / "keys"),
        "AUTHSERVER_TRUSTED_PROXIES": "loopback",
        **settings,
    }
    trust = _make_certificate(folder)
    nodes = Nodes(issuer, folder, f"127.0.0.1:{first}", f"127.0.0.1:{second}", told, trust)
    nodes.command("migrate")
    nodes.command("keys", "rotate")
    with ExitStack() as running:
        for number in (first, second):
            command = [sys.executable, "-m", "authserver", "serve", "--port", str(number)]
            running.enter_context(_process(command, folder, nodes.environment(), f"node-{number}.log"))
        for number in (first, second):
            wait_for(f"http://127.0.0.1:{number}/.well-known/jwks.json")
        (folder / "nginx.conf").write_text(
            CONFIGURATION.format(
                folder=folder,
                port=port,
                nodes=" ".join(f"server {node} max_fails=0;" for node in (nodes.a, nodes.b)),
                user="user root;" if os.geteuid() == 0 else "",
            )
        )
        command = [NGINX, "-e", str(folder / "nginx.log"), "-c", str(folder / "nginx.conf")]
        running.enter_context(_process(command, folder, dict(os.environ), "nginx-said.log"))
        wait_for(f"{issuer}/.well-known/jwks.json", trust)
        yield nodes


@contextmanager
def _process(command: list[str], folder: Path, environment: dict[str, str], log: str) -> Iterator[None]:
    with (folder / log).open("w") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def _make_certificate(folder: Path) -> ssl.SSLContext:
    """Write a certificate of localhost for the proxy; return what trusts it."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    names: list[Any] = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    pem, pkcs8, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "certificate.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key.private_bytes(pem, pkcs8, plain))
    return ssl.create_default_context(cadata=certificate.decode())
