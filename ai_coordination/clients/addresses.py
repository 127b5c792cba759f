"""Addresses of servers that are not AWS: how names become addresses, and which may be called."""

import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

LookUp = Callable[[str, int], Sequence[str]]

# Addresses of IPv6 that stand for one of IPv4 behind a translator (RFC 6052, RFC 8215).
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))

# AWS serves metadata of instances here, too.
_OF_THE_CLOUD = IPv6Network("fd00:ec2::/32")


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system knows them. Raises OSError, UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def resolve(host: str, port: int, seconds: float, asked: LookUp) -> list[str]:
    """The addresses of a name; none if it has none, or none is found within so many seconds.

    Resolvers have no deadline, so they get a thread of their own.
    """
    found: list[str] = []

    def run() -> None:
        try:
            found.extend(asked(host, port))
        except (OSError, UnicodeError):
            found.clear()

    thread = threading.Thread(target=run, name="resolver", daemon=True)
    thread.start()
    thread.join(seconds)
    return list(found)


def may_call(address: str, *, private: bool) -> bool:
    """Whether the engine calls an address.

    Never one that is link-local, or of the cloud itself: there credentials are served.
    """
    ip = _embedded(ip_address(address.partition("%")[0]))
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _OF_THE_CLOUD:
        return False
    if private:
        return True
    # Python counts two kinds of IPv6 addresses as global that no public host has.
    obsolete = isinstance(ip, IPv6Address) and (ip.is_site_local or ip.is_reserved)
    return ip.is_global and not obsolete


def _embedded(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address of IPv4 that one of IPv6 stands for."""
    if isinstance(ip, IPv4Address):
        return ip
    if any(ip in network for network in _NAT64):
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or ip
