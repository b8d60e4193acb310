"""Where does the audit log go?

Decide: a table, a queue, a SIEM. As shipped, events are log lines of the logger `audit`, one JSON object each.
"""

import json
import logging
from dataclasses import asdict

from ..core.events import Event
from ..core.seam import stub

log = logging.getLogger("audit")


@stub("Decide where audit events go; as shipped, to the log.")
class Events:
    """Write every event as one line of JSON. No event ever holds a secret."""

    contract = 1

    async def emit(self, event: Event) -> None:
        """Take one event. A failure here is logged and breaks no request; keep it fast, requests wait for it."""
        if log.isEnabledFor(logging.INFO):
            told = {name: value for name, value in asdict(event).items() if value is not None}
            log.info(json.dumps(told, separators=(",", ":")))
