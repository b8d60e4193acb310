"""What an API elsewhere carries along works there, without the rest of the server."""

import shutil
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[3]
FILES = ("htu", "proof", "nonces", "proofs", "resource")

SCRIPT = """
import sys
from datetime import timedelta
from notes_api.features.dpop.nonces import SharedNonces
from notes_api.features.dpop.proofs import Proofs
from notes_api.features.dpop.resource import DPoPTokens, url_at
from notes_api.protect import Guard

proofs = Proofs(
    records=object(), nonces=SharedNonces(object(), timedelta(minutes=5)), algorithms=["ES256"], window=timedelta(60)
)
tokens = DPoPTokens(proofs=proofs, url_of=url_at("https://api.example.com"))
Guard(issuer="https://as.example", audience="https://api.example.com", keys=object(), constraints=[tokens])
print(*sorted({name.split(".")[1] for name in sys.modules if name.startswith("notes_api.")}))
"""


def test_five_files_and_two_floors_are_all_that_is_needed(tmp_path: Path) -> None:
    """I1: as the guide on protecting an API says."""
    carried = tmp_path / "notes_api"
    for floor in ("core", "protect"):
        shutil.copytree(PACKAGE / floor, carried / floor)
    room = carried / "features" / "dpop"
    room.mkdir(parents=True)
    for name in FILES:
        shutil.copy(PACKAGE / "features" / "dpop" / f"{name}.py", room)

    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.stdout.split() == ["core", "features", "protect"], done.stderr
