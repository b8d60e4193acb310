"""Our server: the superset in `template/`, started by its own `serve` command."""

from __future__ import annotations

import shutil
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from operations import Material
from processes import free_port, pinned_server, run_to_end

HERE = Path(__file__).parent


class OurServer:
    """All checks on; in development mode only because it is called over http on 127.0.0.1."""

    def __init__(self, build: Path, kind: str, database: str | None = None, *, audit_log: bool) -> None:
        self.name = f"ours, {kind}"
        self.folder = build / f"ours-{kind.lower()}"
        self.audit_log = audit_log
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.log = build / f"ours-{kind.lower()}.log"
        self.env = {
            "PYTHONPATH": f"{HERE.parent}:{HERE}",
            "AUTHSERVER_MODE": "development",
            "AUTHSERVER_ISSUER": self.issuer,
            "AUTHSERVER_DATABASE_URL": database or f"sqlite:///{self.folder}/bench.db",
            "AUTHSERVER_KEY_DIRECTORY": str(self.folder / "keys"),
        }

    def install(self) -> None:
        """Begin with an empty folder: no key and, for SQLite, no database from another run."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def version(self) -> str:
        return f"Python {sys.version.split()[0]}, audit log {'on' if self.audit_log else 'off'}"

    async def prepare(self, codes: int) -> Material:
        command = [sys.executable, str(HERE / "seed.py"), str(codes)]
        return Material.of(await run_to_end(command, env=self.env, cwd=self.folder))

    def serve(self) -> AbstractContextManager[int]:
        command = [sys.executable, "-m", "authserver", "serve", f"--port={self.port}"]
        command.append("--log-level=info" if self.audit_log else "--log-level=warning")
        return pinned_server(command, env=self.env, cwd=self.folder, log=self.log)
