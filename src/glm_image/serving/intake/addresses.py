"""Which places of the network a service may be sent to by strangers: public ones."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from glm_image.serving.errors import RequestError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives all addresses of a name."""

_LONGEST = 2048
_SAFE = "%/:=&?~#+!$,;'@()*[]"
_TRANSLATED = tuple(
    ipaddress.ip_network(block)
    for block in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10")
)
"""Blocks of IPv6 that lead on into IPv4, or nowhere."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One place to fetch from.

    Args:
        host: Name or address, for the certificate and the request.
        port: TCP port.
        path: Path and query.
        secure: Whether the connection is encrypted.
        addresses: What the name stands for, every one of them allowed.
    """

    host: str
    port: int
    path: str
    secure: bool
    addresses: tuple[str, ...]


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public network, and to one machine there."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None or address.scope_id is not None:
            return False
        if any(address in block for block in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the system resolves it."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Where may be fetched from.

    Args:
        schemes: Of addresses.
        ports: TCP ports.
        allows: Whether an address may be dialled.
        resolve: Looks names up.
    """

    schemes: tuple[str, ...] = ("https",)
    ports: tuple[int, ...] = (80, 443)
    allows: Callable[[Address], bool] = is_public
    resolve: Resolve = system_addresses

    async def target(self, url: str, *, field: str) -> Target:
        """Check an address and look its name up, once: what is returned is what is dialled.

        Raises:
            RequestError: It may not be fetched from, or is no address.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise refused("it is no address", field) from error
        if len(url) > _LONGEST or any(ord(one) <= 32 or one == "\\" for one in url):
            raise refused("it is too long, or holds spaces or backslashes", field)
        if parts.scheme not in self.schemes or not host:
            raise refused(f"it does not begin with {' or '.join(self.schemes)}", field)
        if "@" in parts.netloc:
            raise refused("it holds a user name", field)
        secure = parts.scheme == "https"
        port = (443 if secure else 80) if port is None else port
        if port not in self.ports:
            raise refused(f"port {port} is not fetched from", field)
        name = _plain_name(host, field)
        path = quote(parts.path or "/", safe=_SAFE)
        query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
        return Target(
            host=name,
            port=port,
            path=path + query,
            secure=secure,
            addresses=await self._addresses(name, port, field),
        )

    async def _addresses(self, name: str, port: int, field: str) -> tuple[str, ...]:
        try:
            found = tuple(dict.fromkeys(await self.resolve(name, port)))
            parsed = [ipaddress.ip_address(address) for address in found]
        except (OSError, UnicodeError, ValueError) as error:
            raise unreachable(field) from error
        # One bad address among good ones is how names are rebound.
        if not parsed or not all(self.allows(address) for address in parsed):
            raise refused("it leads to a place that is not fetched from", field)
        return found


def _plain_name(host: str, field: str) -> str:
    """A name or address in its one spelling.

    Raises:
        RequestError: It is spelt in one of the ways that only machines and attackers use.
    """
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise refused("its name is no name", field) from error
    last = name.rstrip(".").rpartition(".")[2]
    # 2130706433, 0x7f.1 and 0177.0.0.1 are addresses to the system, not names.
    if not last or last.isdigit() or last.startswith("0x"):
        raise refused("its name is no name", field)
    return name


def refused(message: str, field: str) -> RequestError:
    """The error about an address that is not fetched from."""
    return RequestError(
        message, field=field, hint="name a public https address, or send the picture itself"
    )


def unreachable(field: str) -> RequestError:
    """One answer for all ways of not arriving, so that nobody can map a network by asking."""
    return RequestError(
        "the picture cannot be fetched", field=field, hint="send the picture itself"
    )
