"""What a next version may change. Each function edits a template in place, as its maintainers would by hand."""

import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ..test_toggling import DEVICE_REVISION

PACKAGE = "template/{=package=}"

Change = Callable[[Path], None]

CORE_REVISION = '''"""A grant may have a note."""

import sqlalchemy as sa
from alembic import op

from ...defaults import TABLE_PREFIX


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table(f"{TABLE_PREFIX}core_grants") as batch:
        batch.add_column(sa.Column("note", sa.String(), nullable=True))


def downgrade() -> None:
    """Undo it."""
'''


def edit(path: Path, old: str, new: str) -> None:
    """Replace `old`, which must be there. Raises AssertionError."""
    text = path.read_text()
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new))


def rename_module(template: Path) -> None:
    """`core/urls.py` gets another name and another docstring; its test goes with it."""
    package = template / PACKAGE
    _move(template, "core/urls.py", "core/addresses.py")
    _move(template, "tests/core/test_urls.py", "tests/core/test_addresses.py")
    edit(package / "core/addresses.py", '"""Where every endpoint is', '"""The addresses: where every endpoint is')
    _mend_imports(template, "urls", "addresses")


def rename_with_shim(template: Path) -> None:
    """`core/secrets.py` gets another name, and the old one still leads there."""
    package = template / PACKAGE
    _move(template, "core/secrets.py", "core/minting.py")
    _mend_imports(template, "secrets", "minting")
    names = ("digest", "is_digest_of", "mint_secret")
    lines = [f"from .minting import {name} as {name}" for name in names]
    (package / "core/secrets.py").write_text('"""Moved to `minting.py`; this name goes with 2.0."""\n\n' + _text(lines))


def delete_module(template: Path) -> None:
    """`core/reading.py` goes, and its test; what it did is done in `core/encoding.py`."""
    package = template / PACKAGE
    body = (package / "core/reading.py").read_text().partition("\n\n\n")[2]
    (package / "core/reading.py").unlink()
    (package / "tests/core/test_reading.py").unlink()
    encoding = package / "core/encoding.py"
    encoding.write_text(f"{encoding.read_text()}\n\n{body}")
    edit(encoding, "import json\n", "import json\nfrom collections.abc import AsyncIterable\n")
    _mend_imports(template, "reading", "encoding")


def split_module(template: Path) -> None:
    """`core/encoding.py` becomes two modules of other names, and nothing is left of it."""
    core = template / PACKAGE / "core"
    docstring, _, text = (core / "encoding.py").read_text().partition("\n\n")
    start, end = text.index("def encode_base64url"), text.index("def parse_json_object")
    (core / "base64url.py").write_text(f"{docstring}\n\nimport base64\n\n\n{text[start:end].rstrip()}\n")
    rest = text[:start].replace("import base64\n", "") + text[end:]
    (core / "json_text.py").write_text(f"{docstring}\n\n{rest}")
    (core / "encoding.py").unlink()
    pattern = re.compile(r"^from (\.+|\.+core\.)encoding import (.+)$", re.MULTILINE)

    def both(match: re.Match[str]) -> str:
        names = match[2].split(", ")
        homes = {
            "base64url": [name for name in names if "base64" in name],
            "json_text": [name for name in names if "base64" not in name],
        }
        return "\n".join(f"from {match[1]}{home} import {', '.join(some)}" for home, some in homes.items() if some)

    _rewrite(template, lambda text: pattern.sub(both, text))


def move_folders(template: Path) -> None:
    """A folder of pages, one of modules and one of tests get other names."""
    package = template / PACKAGE
    for old, new in (
        ("endpoints/pages/templates", "endpoints/pages/html"),
        ("cli/client_options", "cli/options"),
        ("tests/core", "tests/protocol"),
    ):
        _move(template, old, new)
    edit(package / "endpoints/pages/__init__.py", '/ "templates"', '/ "html"')
    edit(
        package / "cli/commands/clients.py", "from .. import client_options", "from .. import options as client_options"
    )


def change_defaults(template: Path) -> None:
    """Against our rules: the endpoints are elsewhere by default, and a profile has one feature more."""
    edit(template / "questions/server.yml", "default: /oauth", "default: /auth")
    features = template / "questions/features.jinja"
    edit(features, '"oidc": ["code_flow", ', '"oidc": ["introspection", "code_flow", ')


def add_question(template: Path) -> None:
    """One more question, one file that goes by it, and one that everybody gets."""
    questions = template / "questions/server.yml"
    questions.write_text(f"{questions.read_text()}\naudit:\n  type: bool\n  help: Audited?\n  default: false\n")
    folder = template / PACKAGE
    (folder / "core/audit.py").write_text('"""What an auditor reads."""\n')
    (folder / "core/always.py").write_text('"""What everybody gets."""\n')
    (folder / "tests/policy/test_tables.py").write_text('"""What a team may have called so too."""\n')
    mark = "# {% if not audit | default(false) %}/{=package=}/core/audit.py# {% endif %}"
    edit(template / "copier.yml", "_exclude:\n", f'_exclude:\n  - "{mark}"\n')


def add_question_unguarded(template: Path) -> None:
    """The same, but for an older answer that lacks the new one."""
    add_question(template)
    edit(template / "copier.yml", "not audit | default(false)", "not audit")


def rename_question(template: Path) -> None:
    """`table_prefix` has another name; who answered the old one is asked nothing."""
    questions = template / "questions/storage.yml"
    edit(questions, "table_prefix", "tables_begin_with")
    edit(questions, "default: oauth_", "default: \"{= table_prefix | default('oauth_') =}\"")
    edit(template / PACKAGE / "defaults.py", "{=table_prefix=}", "{=tables_begin_with=}")


def remove_choice(template: Path) -> None:
    """Nobody may choose PS256 any more."""
    edit(template / "questions/server.yml", '    "PS256: RSA with a modern padding": PS256\n', "")


def change_seam(template: Path) -> None:
    """Scopes are asked something more, so their contract is another; the shipped answer knows it."""
    package = template / PACKAGE
    policy = package / "policy/scopes.py"
    edit(policy, "    contract = 1\n", "    contract = 2\n")
    policy.write_text(
        f'{policy.read_text()}\n    def newest(self) -> str | None:\n        """New."""\n        return None\n'
    )
    server = package / "server.py"
    edit(server, 'Seam("scopes.Scopes", Scopes)', 'Seam("scopes.Scopes", Scopes, ("It is asked for the newest.",))')
    edit(server, "class Scopes(Protocol):\n", "class Scopes(Protocol):\n    def newest(self) -> str | None: ...\n\n")


def fix_vulnerability(template: Path) -> None:
    """Two modules refuse what they took."""
    core = template / PACKAGE / "core"
    edit(
        core / "encoding.py",
        '    encoded = text.encode("ascii")\n',
        '    if len(text) > 100_000:\n        raise ValueError("too long")\n    encoded = text.encode("ascii")\n',
    )
    edit(
        core / "secrets.py",
        "    return compare_digest(digest(secret), stored)",
        "    return len(secret) < 1000 and compare_digest(digest(secret), stored)",
    )


def add_migrations(template: Path) -> None:
    """The chains of core and of a feature go on."""
    package = template / PACKAGE
    for folder, text in (("stores/migrations", CORE_REVISION), ("features/device/migrations", DEVICE_REVISION)):
        count = len([*(package / folder).glob("[0-9]*.py")])
        (package / folder / f"{count + 1:04}_drilled.py").write_text(text)


def edit_everywhere(template: Path) -> None:
    """Every module and test, policy too, is touched a little, here and there."""
    chance = random.Random(4)
    for path in sorted((template / PACKAGE).rglob("*.py")):
        lines = path.read_text().splitlines(keepends=True)
        if (
            path.name in ("defaults.py",)
            or path.parts[-2:] == ("features", "__init__.py")
            or "migrations" in path.parts
        ):
            continue
        ends = [
            n for n, line in enumerate(lines) if line.startswith("    return ") and line.rstrip()[-1] not in "([{\\"
        ]
        if ends and (number := chance.choice(ends)) and '"""' not in lines[number]:
            lines.insert(number, "    # Upstream thought about this.\n")
        path.write_text("".join(lines))
    pages = template / PACKAGE / "endpoints/pages"
    edit(pages / "style.css", "}\n", "}\n/* Upstream. */\n")
    for page in sorted((pages / "templates").glob("*.html")):
        page.write_text(f"{page.read_text()}{{# Upstream. #}}\n")


def all_at_once(template: Path) -> None:
    """A year later."""
    for change in (
        edit_everywhere, fix_vulnerability, rename_module, rename_with_shim, delete_module, move_folders, add_question,
        rename_question, change_seam, add_migrations,
    ):  # fmt: skip
        change(template)


def _move(template: Path, old: str, new: str) -> None:
    package = template / PACKAGE
    package.joinpath(old).rename(package / new)
    copier = template / "copier.yml"
    copier.write_text(re.sub(rf"(/\{{=package=\}}/){re.escape(old)}\b", rf"\g<1>{new}", copier.read_text()))


def _mend_imports(template: Path, old: str, new: str) -> None:
    pattern = re.compile(rf"^from (\.+core\.){old} import", re.MULTILINE)
    _rewrite(template, lambda text: pattern.sub(rf"from \g<1>{new} import", text))
    pattern = re.compile(rf"^from \.{old} import", re.MULTILINE)
    for path in (template / PACKAGE / "core").glob("*.py"):
        path.write_text(pattern.sub(f"from .{new} import", path.read_text()))


def _rewrite(template: Path, change: Callable[[str], str]) -> None:
    """Change every module, and let Ruff sort its imports and join those of one module."""
    changed = []
    for path in (template / PACKAGE).rglob("*.py"):
        text = path.read_text()
        if (better := change(text)) != text:
            path.write_text(better)
            changed.append(path)
    tool = [sys.executable, "-m", "ruff", "check", "--no-cache", "--quiet", "--select", "I", "--fix"]
    subprocess.run([*tool, "--isolated", "--line-length", "120", *changed], check=True)


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
