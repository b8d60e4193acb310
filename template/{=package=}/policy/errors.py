"""What do refusals look like to the clients that call us directly?

Decide only if your API has an envelope of its own. Standard clients expect the body as RFC 6749 §5.2 writes it.
"""

from collections.abc import Mapping


class ErrorEnvelope:
    """The plain body of RFC 6749 §5.2. Status, challenges and cache headers are set elsewhere and stay as they are."""

    contract = 1

    def wrap(self, members: Mapping[str, str]) -> Mapping[str, object]:
        """Return the JSON body of a refusal from its members `error` and `error_description`."""
        return members
