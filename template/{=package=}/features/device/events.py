"""What the audit log is told of devices."""

from enum import StrEnum


class DeviceEvent(StrEnum):
    """The names that this room adds to those of `core/events.py`."""

    DEVICE_AUTHORIZATION_ISSUED = "device_authorization_issued"
    DEVICE_APPROVED = "device_approved"
    DEVICE_DENIED = "device_denied"
    USER_CODE_REFUSED = "user_code_refused"
