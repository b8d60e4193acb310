"""What was measured, as medians over the rounds, in JSON and as a table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median

BASELINE = "node-oidc-provider, PostgreSQL"
LINE = "{:18} {:30} {:>7} {:>7} {:>5} {:>7} {:>7} {:>9}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One operation in one round."""

    requests: int
    seconds: float
    cpu_seconds: float
    core_seconds: float
    p50: float
    p99: float

    @property
    def cpu_per_request(self) -> float:
        return self.cpu_seconds / self.requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The medians of one operation on one server."""

    requests_per_second: float
    cpu_us_per_request: float
    core_used: float
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, rounds: list[Measurement]) -> Figures:
        return cls(
            requests_per_second=round(median(one.requests / one.seconds for one in rounds), 1),
            cpu_us_per_request=round(median(one.cpu_per_request * 1e6 for one in rounds), 1),
            core_used=round(median(one.cpu_seconds / one.seconds for one in rounds), 3),
            p50_ms=round(median(one.p50 * 1000 for one in rounds), 3),
            p99_ms=round(median(one.p99 * 1000 for one in rounds), 3),
        )


@dataclass(slots=True, kw_only=True)
class Report:
    """Every measurement, with where and when it was made."""

    connections: int
    cores: dict[str, int]
    machine: str
    started_at: str
    versions: dict[str, str] = field(default_factory=dict)
    measured: dict[str, dict[str, list[Measurement]]] = field(default_factory=dict)

    def add(self, server: str, operation: str, measurement: Measurement) -> None:
        self.measured.setdefault(operation, {}).setdefault(server, []).append(measurement)

    def figures(self) -> dict[str, dict[str, Figures]]:
        return {
            operation: {server: Figures.of(rounds) for server, rounds in servers.items()}
            for operation, servers in self.measured.items()
        }

    @property
    def disturbance(self) -> float:
        """The share of the server's core that others used while servers were measured."""
        all_of_them = [one for servers in self.measured.values() for rounds in servers.values() for one in rounds]
        others = sum(one.core_seconds - one.cpu_seconds for one in all_of_them)
        return round(max(others, 0) / sum(one.seconds for one in all_of_them), 3)

    def as_json(self) -> dict[str, object]:
        figures = self.figures()
        return {
            "started_at": self.started_at,
            "machine": self.machine,
            "cores": self.cores,
            "connections": self.connections,
            "versions": self.versions,
            "disturbance": self.disturbance,
            "medians": {
                operation: {server: asdict(one) for server, one in servers.items()}
                for operation, servers in figures.items()
            },
            "per_core_against_node": {
                operation: {server: per_core(servers, server) for server in servers}
                for operation, servers in self.measured.items()
            },
            "rounds": {
                operation: {server: [asdict(one) for one in rounds] for server, rounds in servers.items()}
                for operation, servers in self.measured.items()
            },
        }

    def table(self) -> str:
        """The medians, an operation after the other."""
        heads = ["", "", "req/s", "CPU us", "core", "p50 ms", "p99 ms", "per core"]
        lines = [LINE.format(*heads)]
        for operation, servers in self.figures().items():
            for number, (server, one) in enumerate(servers.items()):
                ratio = per_core(self.measured[operation], server)
                lines.append(
                    LINE.format(
                        "" if number else operation.replace("_", " "),
                        server,
                        f"{one.requests_per_second:,.0f}",
                        f"{one.cpu_us_per_request:,.0f}",
                        f"{one.core_used:.0%}",
                        f"{one.p50_ms:.1f}",
                        f"{one.p99_ms:.1f}",
                        f"{ratio:.2f} x" if ratio else "-",
                    )
                )
        return "\n".join(lines)


def per_core(servers: dict[str, list[Measurement]], server: str) -> float | None:
    """How many requests `server` answers with the CPU time that node-oidc-provider needs for one.

    The median over rounds of the quotient within a round: the two stood next to each other then.
    """
    if BASELINE not in servers:
        return None
    pairs = zip(servers[BASELINE], servers[server], strict=True)
    return round(median(theirs.cpu_per_request / ours.cpu_per_request for theirs, ours in pairs), 2)
