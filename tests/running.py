"""The superset as it runs for its owner: a process of its own, started by the command that they start."""

import html
import json
import os
import re
import secrets
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
PERSON, PASSWORD = "ada", "demo"


@dataclass(frozen=True)
class Person:
    """Somebody who goes through the pages without a browser: signs in, and allows all that is asked."""

    browser: httpx.Client
    issuer: str
    username: str = PERSON
    password: str = PASSWORD

    def sign_in(self, authorization_url: str) -> str:
        """Begin where a client sends people; return the URL that the client gets them back at."""
        return str(self._go_through(authorization_url).headers["location"])

    def approve(self, verification_uri: str) -> str:
        """Let the device in whose code is filled in; return the heading of the last page."""
        heading = re.search("<h1>(.*?)</h1>", self._go_through(verification_uri).text)
        return heading[1] if heading else ""

    def _go_through(self, url: str) -> httpx.Response:
        """Return the answer that leads away from the pages, or the page that asks for nothing."""
        response = self.browser.get(url)
        while True:
            if response.has_redirect_location:
                location = response.headers["location"]
                if not location.startswith(("/", f"{self.issuer}/oauth/")):
                    return response
                response = self.browser.get(httpx.URL(self.issuer).join(location))
                continue
            form = self._fill_in(response.text)
            if form is None:
                return response
            action, fields = form
            response = self.browser.post(httpx.URL(self.issuer).join(action), data=fields)

    def _fill_in(self, page: str) -> tuple[str, dict[str, str]] | None:
        """Return where the page's form leads and what it sends, with every box left ticked."""
        answers = {
            "step=login": {"username": self.username, "password": self.password},
            "step=consent": {"decision": "allow"},
            "/device": dict(re.findall(r'name="(user_code)"[^>]* value="([^"]*)"', page)),
        }
        for action, fields in answers.items():
            form = re.search(rf'action="([^"]*{action}[^"]*)".*?name="csrf" value="([^"]*)"', page, re.DOTALL)
            if form:
                ticked = re.findall(r'<input type="checkbox" name="([^"]*)" value="([^"]*)"[^>]* checked>', page)
                return html.unescape(form[1]), {"csrf": form[2], **dict(ticked), **fields}
        return None


@dataclass(frozen=True)
class Demo:
    """A server started by `dev`. `printed` is what it said."""

    issuer: str
    folder: Path
    printed: str

    def create_client(self, client_id: str, *options: str) -> dict[str, Any]:
        """Create a client with the command line; return what it printed."""
        command = [sys.executable, "-m", "authserver", "clients", "create", client_id, "--json", *options]
        answer = subprocess.run(command, cwd=self.folder, env=environment(), check=True, capture_output=True)
        created: dict[str, Any] = json.loads(answer.stdout)
        return created

    def sign_in(self, authorization_url: str) -> str:
        """Have a person come from a client; return the URL that the client gets them back at."""
        with self._browser() as browser:
            return Person(browser, self.issuer).sign_in(authorization_url)

    def approve(self, verification_uri: str) -> str:
        """Have a person let a device in; return the heading of the last page."""
        with self._browser() as browser:
            return Person(browser, self.issuer).approve(verification_uri)

    def _browser(self) -> httpx.Client:
        return httpx.Client(follow_redirects=False, timeout=30)


def environment() -> dict[str, str]:
    """What a process of the superset needs to be told."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "dev"), "AUTHSERVER_MODE": "development"}


@contextmanager
def demo(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Demo]:
    """Run `dev` in `folder` on a free port until the block ends, with further `settings` by their variables."""
    port = find_free_port()
    command = [sys.executable, "-u", "-m", "authserver", "dev", "--port", str(port)]
    with (folder / "errors").open("w") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment() | dict(settings or {}),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        issuer, printed = f"http://localhost:{port}", ""
        try:
            assert process.stdout is not None
            while "authorization link" not in printed:
                line = process.stdout.readline()
                assert line, (folder / "errors").read_text()
                printed += line
            wait_for(f"{issuer}/.well-known/jwks.json")
            yield Demo(issuer, folder, printed)
        finally:
            process.terminate()
            process.wait(timeout=30)
            if process.stdout:
                process.stdout.close()


def find_free_port() -> int:
    """Return a port where nobody listens, below those that the system hands out by itself to others meanwhile."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(url: str, trust: ssl.SSLContext | bool = True) -> None:
    """Return once `url` answers with 200."""
    for _ in range(600):
        try:
            if httpx.get(url, verify=trust).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers at {url}")
