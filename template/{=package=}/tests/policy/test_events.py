"""Events as shipped: one line of JSON each, in the log `audit` (K3)."""

import json
import logging

import pytest

from ...core.events import Event, EventName
from ...policy.events import Events


async def test_an_event_is_one_line_of_json_with_what_is_known(caplog: pytest.LogCaptureFixture) -> None:
    """K3: what is not known is left out."""
    with caplog.at_level(logging.INFO, "audit"):
        await Events().emit(Event(name=EventName.TOKEN_DENIED, client_id="web", reason='said:\n"no" ✗'))

    (record,) = caplog.records
    assert (record.name, record.levelname) == ("audit", "INFO")
    assert "\n" not in record.getMessage()
    assert json.loads(record.getMessage()) == {
        "name": "token_denied",
        "client_id": "web",
        "reason": 'said:\n"no" ✗',
    }


async def test_a_log_that_nobody_reads_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """K3: the level decides."""
    with caplog.at_level(logging.WARNING, "audit"):
        await Events().emit(Event(name=EventName.TOKEN_ISSUED))

    assert caplog.records == []
