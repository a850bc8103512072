"""Who asks, and what they may do."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from glm_image.serving.accounts import Key, KeyLimits, Scope, Standing
from glm_image.serving.errors import AuthError, Code, ForbiddenError
from glm_image.serving.records import LOCAL_KEY
from glm_image.serving.service import Service

_REASONS = {
    Standing.MALFORMED: (Code.TOKEN_MALFORMED, "the key is no key of this service"),
    Standing.UNKNOWN: (Code.TOKEN_REJECTED, "the key is unknown"),
    Standing.REVOKED: (Code.KEY_DISABLED, "the key was revoked"),
    Standing.EXPIRED: (Code.TOKEN_EXPIRED, "the key has expired"),
}

_SIGNED = re.compile(r"eyJ[\w-]*\.[\w-]+\.[\w-]+")
"""A JSON Web Token. Source: RFC 7519, section 3.1; zai-sdk sends one on request."""

_HINT = "send 'Authorization: Bearer gi_...'; 'glm-image keys create' makes a key"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks.

    Args:
        key_id: Owner of all that the caller makes and sees.
        limits: What the caller may do at once.
        scopes: What the caller may do at all.
    """

    key_id: str
    limits: KeyLimits
    scopes: tuple[Scope, ...]

    @property
    def is_admin(self) -> bool:
        """Whether the caller may look after the service."""
        return Scope.ADMIN in self.scopes


async def identify(service: Service, header: str | None) -> Caller:
    """The caller behind an ``Authorization`` header.

    A service that only its own machine can reach, and for which no key was ever made, is open to
    everybody there, whatever key their client makes up.

    Raises:
        AuthError: There is no key, or it does not count.
    """
    token = _token(header)
    if token is not None:
        standing, key = await service.call(service.store.examine, token)
        if standing is Standing.GOOD and key is not None:
            return _caller(service, key)
    else:
        standing = Standing.UNKNOWN
    if service.settings.on_loopback and not await service.call(service.store.has_keys):
        limits = service.limits_of(None)
        return Caller(key_id=LOCAL_KEY, limits=limits, scopes=(Scope.ADMIN,))
    if token is None:
        raise AuthError("there is no key", code=Code.AUTH_ABSENT, field="Authorization", hint=_HINT)
    if _SIGNED.fullmatch(token):
        raise AuthError(
            "the client signs a token with its key instead of sending the key",
            code=Code.TOKEN_MALFORMED,
            field="Authorization",
            hint="zai-sdk: leave disable_token_cache=True, its default; "
            "this service keeps no secret that a signature could be checked with",
        )
    code, message = _REASONS.get(standing, _REASONS[Standing.UNKNOWN])
    raise AuthError(message, code=code, field="Authorization", hint=_HINT)


def _token(header: str | None) -> str | None:
    """The token of a header; None if there is none."""
    if header is None or not header.strip():
        return None
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthError(
            "the header holds no bearer token",
            code=Code.TOKEN_MALFORMED,
            field="Authorization",
            hint=_HINT,
        )
    return token.strip()


def _caller(service: Service, key: Key) -> Caller:
    scopes = tuple(scope for scope in Scope if key.may(scope))
    return Caller(key_id=key.id, limits=service.limits_of(key), scopes=scopes)


def service_of(request: Request) -> Service:
    """The service that answers a request."""
    service = request.app.state.service
    if not isinstance(service, Service):
        raise TypeError("the application was not made by create_app")
    return service


ServiceDep = Annotated[Service, Depends(service_of)]

_bearer = HTTPBearer(
    auto_error=False, scheme_name="key", description="A key: gi_<id>.<secret>", bearerFormat="key"
)


def _needs(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    async def caller(
        request: Request, service: ServiceDep, _: Annotated[object, Security(_bearer)]
    ) -> Caller:
        found = await identify(service, request.headers.get("authorization"))
        request.state.key_id = found.key_id
        if scope not in found.scopes and not found.is_admin:
            raise ForbiddenError(
                f"the key may not {scope.value}",
                field="Authorization",
                hint="use a key that has this scope",
            )
        return found

    return caller


Drawer = Annotated[Caller, Depends(_needs(Scope.GENERATE))]
"""A caller who may draw."""

Reader = Annotated[Caller, Depends(_needs(Scope.READ))]
"""A caller who may look."""

Admin = Annotated[Caller, Depends(_needs(Scope.ADMIN))]
"""A caller who may look after the service."""
