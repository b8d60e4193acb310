"""What can be told of the device authorization grant."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from pydantic import AfterValidator, BaseModel, ConfigDict

from ...settings import LOOPBACK_HOSTS, Resource, Seconds


def _check_secure(url: str) -> str:
    """Return `url` if nobody on the way can lead people elsewhere; raises ValueError if not."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.netloc.partition(":")[0] not in LOOPBACK_HOSTS:
        raise ValueError("must be https; http is for loopback in development only")
    return url


class DeviceSettings(BaseModel):
    """How long a device may wait and how often it may ask, and where people enter its code."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    code_lifetime: Annotated[Seconds, Ge(timedelta(minutes=1)), Le(timedelta(minutes=30))] = timedelta(minutes=10)
    """How long a person may take to enter the code and to answer (RFC 8628 §3.2)."""

    interval: Annotated[Seconds, Ge(timedelta(seconds=1)), Le(timedelta(minutes=1))] = timedelta(seconds=5)
    """How long a device has to wait between two requests for tokens; whoever is faster gets slower (RFC 8628 §3.5)."""

    user_code_attempts: Annotated[int, Ge(3), Le(100)] = 10
    """How many wrong user codes may come from one address in ten minutes (RFC 8628 §5.1)."""

    verification_uri: Annotated[Resource, AfterValidator(_check_secure)] | None = None
    """A short URL to show instead, if you have one that leads to the page here, query included (RFC 8628 §3.3)."""

    public_clients_prove_key: bool = True
    """Where senders can prove a key, ask public clients to: a device code has nothing else to protect it."""
