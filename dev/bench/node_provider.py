"""node-oidc-provider, installed from npm, with the adapter and the settings in `node/`."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

from operations import API_SCOPE, AUDIENCE, CLIENT_ID, CODE_CHALLENGE, PEOPLE, REDIRECT_URI, SCOPE, Material
from processes import free_port, pinned_server, run_to_end

SOURCE = Path(__file__).parent / "node"
CLIENT_SECRET = "bench-secret-of-256-bits-QmVuY2htYXJrU2VjcmV0"


class NodeProvider:
    """Serves with the plain http module, in production mode, on PostgreSQL."""

    name = "node-oidc-provider, PostgreSQL"

    def __init__(self, build: Path, database: str, *, in_memory: bool) -> None:
        self.folder = build / "node"
        self.in_memory = in_memory
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.log = build / "node.log"
        parties = {
            "issuer": self.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": REDIRECT_URI,
            "audience": AUDIENCE,
            "scope": SCOPE,
            "api_scope": API_SCOPE,
            "code_challenge": CODE_CHALLENGE,
            "people": PEOPLE,
            "in_memory": in_memory,
        }
        self.env = {
            "NODE_ENV": "production",
            "BENCH_DATABASE": database,
            "BENCH_PARTIES": json.dumps(parties),
        }

    def install(self) -> None:
        """Copy our few files next to the packages that npm installs; a second run finds them there."""
        shutil.copytree(SOURCE, self.folder, dirs_exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=self.folder, check=True, timeout=180, stdout=subprocess.DEVNULL)

    def version(self) -> str:
        package = self.folder / "node_modules" / "oidc-provider" / "package.json"
        node = subprocess.run(["node", "--version"], check=True, timeout=10, capture_output=True, text=True)
        where = "in memory" if self.in_memory else "in the database"
        version = json.loads(package.read_text())["version"]
        return f"oidc-provider {version}, node {node.stdout.strip()}, client and people {where}"

    async def prepare(self, codes: int) -> Material:
        """Let the provider's own models write the client, the codes and the access tokens for UserInfo."""
        command = ["node", "seed.js", str(codes)]
        return Material.of(await run_to_end(command, env=self.env, cwd=self.folder))

    def serve(self) -> AbstractContextManager[int]:
        return pinned_server(["node", "server.js"], env=self.env, cwd=self.folder, log=self.log)
