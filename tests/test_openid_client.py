"""openid-client of npm, unmodified, against a running server that wants a nonce in every DPoP proof."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .running import ROOT, Demo, demo

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "clients"
CALLBACK = "http://127.0.0.1:9/callback"
SCOPE = "openid profile email offline_access notes:read"
NONCES = {"AUTHSERVER_DPOP__REQUIRE_NONCE": "true", "AUTHSERVER_DEVICE__INTERVAL": "1"}


@pytest.fixture(scope="module")
def program() -> Path:
    """The program beside the packages that its lock file names; skips where there is no Node or no way to get them."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("no Node: install nodejs and npm")
    lock = HERE / "package-lock.json"
    folder = ROOT / "build" / "clients" / hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    for path in HERE.iterdir():
        shutil.copy(path, folder)
    if not (folder / "installed").exists():
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"npm cannot install openid-client: {' '.join(done.stderr.split())[:200]}")
        (folder / "installed").touch()
    return folder / "openid_client.mjs"


@pytest.fixture(scope="module")
def server(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo server that wants nonces."""
    with demo(tmp_path_factory.mktemp("demo"), NONCES) as running:
        yield running


def run(program: Path, server: Demo, scenario: str, **told: Any) -> dict[str, Any]:
    """Run a scenario, do what it asks a person for, and return what came of it."""
    people: dict[str, Callable[[str], str]] = {"sign_in": server.sign_in, "approve": server.approve}
    told = {"issuer": server.issuer, "scope": SCOPE, "algorithm": "ES256", **told}
    command = ["node", *_options(), str(program), scenario, json.dumps(told)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            for line in process.stdout:
                said: dict[str, Any] = json.loads(line)
                todo = next((name for name in people if name in said), None)
                if todo is None:
                    return said
                process.stdin.write(people[todo](said[todo]) + "\n")
                process.stdin.flush()
        finally:
            process.kill()
    raise AssertionError("it ended without a word")


@cache
def _options() -> list[str]:
    """What Node is told: 18, which Debian 12 has, makes WebCrypto global only if asked."""
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout
    return ["--experimental-global-webcrypto"] if version.startswith("v18.") else []


def errors_at(result: dict[str, Any], path: str) -> list[str]:
    """Return the errors that requests to `path` were answered with, in order."""
    return [error for _, asked, _, *errors in result["requests"] if asked == path for error in errors]


@pytest.mark.parametrize("algorithm", ["ES256", "PS256"])
def test_it_pushes_signs_in_refreshes_and_introspects_with_dpop(server: Demo, program: Path, algorithm: str) -> None:
    """RFC 9126, 7636, 9449 with nonces, 6749, 7662, 7009 and OIDC Core: a confidential client, the whole way."""
    created = server.create_client(f"web-{algorithm}", "--redirect-uri", CALLBACK, "--scope", SCOPE, "--dpop-bound")

    result = run(
        program,
        server,
        "code",
        **created,
        redirect_uri=CALLBACK,
        api=f"{server.issuer}/demo/api/notes",
        algorithm=algorithm,
    )

    assert "failed" not in result, result
    assert set(result["pushed"]) == {"client_id", "request_uri"}
    for tokens in (result["tokens"], result["refreshed"]):
        assert tokens["token_type"].lower() == "dpop"
        assert tokens["claims"]["cnf"] == {"jkt": result["thumbprint"]}
        assert tokens["claims"]["iss"] == server.issuer
        assert tokens["id"]["sub"] == tokens["claims"]["sub"]
    assert result["tokens"]["refresh_token"] != result["refreshed"]["refresh_token"]
    assert result["userinfo"]["preferred_username"] == result["again"]["preferred_username"] == "ada"
    assert result["notes"][0] == 200
    assert result["introspection"]["active"] is True
    assert result["introspection"]["cnf"] == {"jkt": result["thumbprint"]}
    assert result["afterwards"] == {"active": False}
    assert result["refused"] == "invalid_grant"
    # It learns the nonce once, where it first comes, and keeps up with it from then on.
    assert errors_at(result, "/oauth/par") == ["use_dpop_nonce"]
    assert errors_at(result, "/oauth/token") == ["invalid_grant"]
    assert errors_at(result, "/oauth/userinfo") == []


def test_a_public_client_goes_the_same_way(server: Demo, program: Path) -> None:
    """RFC 9126 §2, RFC 9449 §5: it pushes with `none`, and its refresh token is bound to its key."""
    created = server.create_client("app", "--public", "--native", "--redirect-uri", CALLBACK, "--scope", SCOPE)

    result = run(program, server, "code", **created, redirect_uri=CALLBACK, api=f"{server.issuer}/demo/api/notes")

    assert "failed" not in result, result
    assert result["refreshed"]["claims"]["cnf"] == {"jkt": result["thumbprint"]}
    assert result["refused"] == "invalid_grant"


def test_a_device_is_let_in(server: Demo, program: Path) -> None:
    """RFC 8628: it asks, a person approves on another screen, and polling ends with tokens bound to its key."""
    created = server.create_client("tv", "--device", "--scope", SCOPE)

    result = run(program, server, "device", **created)

    assert "failed" not in result, result
    assert result["heading"] == "You allowed it"
    assert result["asked"]["interval"] == 1
    for tokens in (result["tokens"], result["refreshed"]):
        assert tokens["token_type"].lower() == "dpop"
        assert tokens["scope"] == SCOPE
    assert result["userinfo"]["preferred_username"] == "ada"
    assert errors_at(result, "/oauth/token") == ["use_dpop_nonce"]


def test_a_public_device_that_cannot_prove_a_key_is_told(server: Demo, program: Path) -> None:
    """H5: openid-client brings no proof to the device authorization endpoint, and the shipped setting wants one of
    public clients.
    """
    created = server.create_client("lamp", "--public", "--device", "--scope", SCOPE)

    result = run(program, server, "device", **created)

    assert result["error"] == "invalid_request"
    assert "proof" in result["description"]
