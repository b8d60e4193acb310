"""A plugin for the suites of rendered projects: what was tried hard in the superset is tried lightly there."""

import sys
from importlib.util import find_spec

from hypothesis import settings

settings.register_profile("lean", max_examples=10)
settings.load_profile("lean")

# At each request httpx looks whether Trio runs, by a package that is not there, and looks everywhere for it.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]
