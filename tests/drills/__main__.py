"""Run the cells and print the table: what was planted, and what became of it. With EVERY_SUITE=1, all of them."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from . import cells, releases
from .judging import complaints, loss

EVERY = os.environ.get("EVERY_SUITE") == "1"


def main() -> int:
    """Print a row for each cell and a line with the sums; return 1 if anything is not as it must be."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, begin, wrong = Path(temporary), time.monotonic(), 0
        sums = [0, 0, 0, 0]
        history = releases.build(folder / "history")
        print("| from | to | answers | teams | toggle | edits | kept | named | lost | exit |\n|" + "---|" * 10)
        for cell in cells.cover(every=EVERY):
            place = folder / f"{cell.seed}"
            place.mkdir()
            told = (cell.old, cell.new, cell.answers, " + ".join(cell.teams), f"{cell.toggle} {cell.feature}".strip())
            try:
                outcome = cells.run(history, cell, place)
                found = complaints(history, cell, outcome, place)
            except AssertionError as error:
                wrong += 1
                print("|", " | ".join(told), "| failed |", flush=True)
                print(f"  {cell.seed}: {error}", file=sys.stderr)
                continue
            kept, named, lost = loss(outcome)
            counts = [len(outcome.work.planted), len(kept), len(named), len(lost)]
            sums = [one + more for one, more in zip(sums, counts, strict=True)]
            print("|", " | ".join([*told, *map(str, counts), " ".join(map(str, outcome.codes))]), "|", flush=True)
            wrong += len(found)
            for one in found:
                print(f"  {cell.seed}: {one}", file=sys.stderr)
            shutil.rmtree(place)
        planted, there, told_of, gone = sums
        count = len(cells.cover(every=EVERY))
        print(f"\n{count} cells: {planted} edits, {there} kept, {told_of} named, {gone} lost, ", end="")
        print(f"{wrong} complaints, {time.monotonic() - begin:.0f} s")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
