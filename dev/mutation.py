"""Disable each check of the server in turn, and say which test notices.

    python dev/mutation.py [--only core/pkce.py] [--list]

A check is a condition that leads to a refusal, a call of a `check_` function, an answer of a predicate, or a WHERE of
a statement that decides who wins. Each is taken out of a copy of the superset, and the tests that reach its line are
run until one fails. What no test notices is listed as surviving; `EXPLAINED` says why some may.
"""

import argparse
import ast
import contextlib
import io
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import coverage
import pytest

ROOT = Path(__file__).resolve().parents[1]
SUPERSET = ROOT / "template" / "{=package=}"
ROOMS = ("grants", "endpoints", "core", "stores", "ephemeral", "features", "protect", "outbound")
SKIPPED = ("tests", "demo", "migrations", "pages")
PREDICATES = ("is_", "find_fault", "judge", "covers", "_trusts", "_split", "_find_person")
REPORT = ROOT / "build" / "mutation.json"
WORKERS = 2
ALL_TESTS = ["authserver", "-k", "not postgresql", "--ignore", "authserver/tests/cli"]
"""One database is enough here, and what the command line starts is not measured."""
FIRST = 40
"""How many of the tests that reach a line are asked before the others."""
PATIENCE = 600
"""How many seconds the tests may take without a check."""

EXPLAINED = {
    "endpoints/visit.py: self.browser is None": "`owner` is asked of admitted visits only; `is_genuine` has its test",
    "outbound/jwks.py: kept.keys is None  [of or ]": "what was never fetched is stale as well; for the type checker",
    "core/refresh_token.py: family.rotated_at is None  [of or ]": "a family with a previous token has rotated",
}
"""Survivors that change nothing: file and source of the condition, and why."""


@dataclass(frozen=True)
class Mutant:
    """One check taken out: where it stood, what it said, and the file without it."""

    file: str
    line: int
    check: str
    source: str

    @property
    def key(self) -> str:
        """What `EXPLAINED` calls it."""
        return f"{self.file}: {self.check}"


def find_mutants(file: Path) -> Iterator[Mutant]:
    """Yield one mutant for each check in `file`."""
    text = file.read_text()
    name = str(file.relative_to(SUPERSET))
    for node, replacement, check in _find_checks(ast.parse(text)):
        yield Mutant(name, node.lineno, check, _replace(text, node, replacement))


def _find_checks(tree: ast.Module) -> Iterator[tuple[Any, str, str]]:
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        is_predicate = function.name.lstrip("_").startswith(tuple(p.lstrip("_") for p in PREDICATES))
        for node in _own_nodes(function):
            if isinstance(node, ast.If) and _refuses(node.body, is_predicate):
                yield from _conditions(node.test)
            elif isinstance(node, ast.Expr) and _is_check_call(node.value):
                yield node, "pass", ast.unparse(node)
            elif is_predicate and isinstance(node, ast.Return) and isinstance(node.value, ast.BoolOp):
                yield from _operands(node.value)
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "where":
            yield call, ast.unparse(call.func.value), f"where {', '.join(map(ast.unparse, call.args))}"


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of functions inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _own_nodes(child)


def _refuses(body: list[ast.stmt], is_predicate: bool) -> bool:
    last = body[-1]
    return isinstance(last, ast.Raise) or (is_predicate and isinstance(last, ast.Return))


def _is_check_call(node: ast.AST) -> bool:
    call = node.value if isinstance(node, ast.Await) else node
    if not isinstance(call, ast.Call):
        return False
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name.lstrip("_").startswith("check")


def _conditions(test: ast.expr) -> Iterator[tuple[ast.expr, str, str]]:
    yield test, "False", ast.unparse(test)
    if isinstance(test, ast.BoolOp):
        yield from _operands(test)


def _operands(test: ast.BoolOp) -> Iterator[tuple[ast.expr, str, str]]:
    word = " or " if isinstance(test.op, ast.Or) else " and "
    for left_out in test.values:
        kept = word.join(f"({ast.unparse(value)})" for value in test.values if value is not left_out)
        yield test, kept, f"{ast.unparse(left_out)}  [of{word}]"


def _replace(text: str, node: Any, replacement: str) -> str:
    lines = text.splitlines(keepends=True)
    before = "".join(lines[: node.lineno - 1]) + lines[node.lineno - 1].encode()[: node.col_offset].decode()
    after = lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode() + "".join(lines[node.end_lineno :])
    # Braces keep a replacement of several lines one expression.
    return f"{before}({replacement}){after}" if replacement != "pass" else f"{before}pass{after}"


class _ContextPerTest:
    """Tells coverage which test is running."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self._measured = measured

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._measured.switch_context(item.nodeid)
        result = yield
        return result


def run_tests(folder: Path, arguments: Iterable[str], plugins: Iterable[object] = ()) -> tuple[int, str]:
    """Run pytest in a fork, with `folder` as the only place of the superset; return its exit code and output."""
    read_end, write_end = os.pipe()
    if (child := os.fork()) == 0:
        os.close(read_end)
        signal.alarm(PATIENCE)  # a check may be what ends a loop
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            options = ["-q", "--no-header", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
            code = pytest.main([*options, "--rootdir", str(folder), *arguments], plugins=list(plugins))
        with os.fdopen(write_end, "w") as pipe:
            pipe.write(printed.getvalue())
        os._exit(int(code))
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        printed_by_child = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), printed_by_child


def map_lines(folder: Path) -> dict[str, dict[int, list[str]]]:
    """Run every test once; return by file and line which tests came by."""
    data = folder / "coverage"
    measured = coverage.Coverage(data_file=str(data), source=[str(folder / "authserver")])

    class Plugin(_ContextPerTest):
        def pytest_sessionstart(self) -> None:
            measured.start()

        def pytest_sessionfinish(self) -> None:
            measured.stop()
            measured.save()

    code, output = run_tests(folder, ALL_TESTS, [Plugin(measured)])
    if code != 0:
        sys.exit(f"the tests must pass before anything is taken out:\n{output[-3000:]}")
    found = coverage.CoverageData(str(data))
    found.read()
    return {
        str(Path(file).relative_to(folder / "authserver")): found.contexts_by_lineno(file)
        for file in found.measured_files()
    }


def find_test(folder: Path, mutant: Mutant, tests: list[str]) -> str | None:
    """Return the first test that fails without the check, or None if it survives."""
    target = folder / "authserver" / mutant.file
    original = target.read_text()
    target.write_text(mutant.source)
    try:
        code, output = run_tests(folder, ["-x", "--tb=no", *tests])
    finally:
        target.write_text(original)
    if code == 0:
        return None
    failed = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if failed:
        return failed[0].partition(" ")[2].partition(" - ")[0]
    return "the tests do not end" if code < 0 else "the server does not start"


def _is_near(test: str, mutant: Mutant) -> bool:
    """Say whether a test is named after the file; those are asked first."""
    return Path(mutant.file).stem.rstrip("s") in Path(test.partition("::")[0]).stem


def copy_superset(folder: Path) -> Path:
    """Return `folder` with a copy of the superset that may be broken."""
    shutil.copytree(SUPERSET, folder / "authserver", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def main() -> int:
    """Run, print one line a check, write the report; exit 1 if a check survives unexplained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="files that begin with this, such as core/pkce.py")
    parser.add_argument("--list", action="store_true", help="list the checks and run nothing")
    chosen = parser.parse_args()
    files = [file for room in ROOMS for file in sorted((SUPERSET / room).rglob("*.py"))]
    files = [file for file in files if not set(file.relative_to(SUPERSET).parts) & set(SKIPPED)]
    mutants = [m for file in files for m in find_mutants(file) if m.file.startswith(chosen.only)]
    if chosen.list:
        print(*(f"{mutant.file}:{mutant.line}  {mutant.check}" for mutant in mutants), sep="\n")
        return 0
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as name:
        folders: SimpleQueue[Path] = SimpleQueue()
        for index in range(WORKERS):
            folder = Path(name) / str(index)
            folder.mkdir()
            folders.put(copy_superset(folder))
        reached = map_lines(Path(name) / "0")

        def try_out(mutant: Mutant) -> tuple[Mutant, str | None]:
            contexts = reached.get(mutant.file, {}).get(mutant.line, [])
            tests = sorted({test for test in contexts if test}, key=lambda test: (not _is_near(test, mutant), test))
            folder = folders.get()
            try:
                first = find_test(folder, mutant, tests[:FIRST]) if tests else None
                return mutant, first or find_test(folder, mutant, tests[FIRST:] or ALL_TESTS)
            finally:
                folders.put(folder)

        results = []
        with ThreadPoolExecutor(WORKERS) as pool:
            for mutant, test in pool.map(try_out, mutants):
                verdict = test or ("explained" if mutant.key in EXPLAINED else "SURVIVED")
                results.append({"file": mutant.file, "line": mutant.line, "check": mutant.check, "test": verdict})
                print(f"{mutant.file}:{mutant.line}  {mutant.check}\n    {verdict}", flush=True)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(results, indent=1))
    survivors = [result for result in results if result["test"] == "SURVIVED"]
    print(
        f"{len(results)} checks taken out, {len(results) - len(survivors)} noticed or explained, {len(survivors)} not"
    )
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main())
