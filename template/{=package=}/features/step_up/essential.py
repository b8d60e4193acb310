"""An essential `acr` of the claims parameter, which must be met as well (OIDC Core §5.5.1.1)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...core.authorization_request import AuthorizationRequest
from ...core.client import Client
from ...core.errors import InvalidRequest
from ...core.parameters import Parameters
from ...endpoints.authorization_rules import RequestCheck
from ...feature import Feature


def feature() -> Feature:
    """Return what the claims parameter adds, for a place in the list after OpenID Connect and before step-up."""
    return Feature(
        name="step_up_essential",
        specification="OIDC Core §5.5.1.1",
        extends={RequestCheck: lambda composition: RequestCheck(require_essential)},
    )


async def require_essential(
    parameters: Parameters, request: AuthorizationRequest, client: Client
) -> AuthorizationRequest:
    """Return the request with the values of an essential `acr` in the place of `acr_values`.

    What both together mean is left open by OIDC Core §5.5.1.1; the stricter counts. An essential `acr` without a
    value asks that it be told, which is no requirement. Raises InvalidRequest for values that are no strings.
    """
    asked = (request.details.get("claims") or {}).get("id_token", {}).get("acr") or {}
    if asked.get("essential") is not True:
        return request
    values = _read_values(asked)
    return replace(request, acr_values=values) if values else request


def _read_values(asked: Mapping[str, Any]) -> tuple[str, ...]:
    values = asked.get("values", [asked["value"]] if "value" in asked else [])
    if not isinstance(values, list) or any(not isinstance(value, str) for value in values):
        raise InvalidRequest("the values of acr in claims must be strings")
    return tuple(values)
