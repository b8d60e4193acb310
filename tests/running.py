"""The superset as it runs for its owner: a process of its own, started by the command that they start."""

import html
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
PERSON, PASSWORD = "ada", "demo"


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
        """Go through the pages as a person would, without a browser; return the URL that the client is sent to."""
        with httpx.Client(follow_redirects=False, timeout=30) as browser:
            response = browser.get(authorization_url)
            while True:
                if response.has_redirect_location:
                    location = response.headers["location"]
                    if not location.startswith(("/", f"{self.issuer}/oauth/")):
                        return str(location)
                    response = browser.get(httpx.URL(self.issuer).join(location))
                    continue
                response = self._fill_in(browser, response)

    def _fill_in(self, browser: httpx.Client, page: httpx.Response) -> httpx.Response:
        step = "login" if "step=login" in page.text else "consent"
        form = re.search(rf'action="([^"]*step={step}[^"]*)".*?name="csrf" value="([^"]*)"', page.text, re.DOTALL)
        assert form, page.text
        answers = {"login": {"username": PERSON, "password": PASSWORD}, "consent": {"decision": "allow"}}
        action = httpx.URL(self.issuer).join(html.unescape(form[1]))
        return browser.post(action, data={"csrf": form[2], **answers[step]})


def environment() -> dict[str, str]:
    """What a process of the superset needs to be told."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "dev"), "AUTHSERVER_MODE": "development"}


@contextmanager
def demo(folder: Path) -> Iterator[Demo]:
    """Run `dev` in `folder` on a free port until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-u", "-m", "authserver", "dev", "--port", str(port)]
    with (folder / "errors").open("w") as errors:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=errors, text=True
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


def wait_for(url: str) -> None:
    """Return once `url` answers with 200."""
    for _ in range(300):
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers at {url}")
