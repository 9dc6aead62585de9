"""Listening for clients: which hosts are this machine alone, and a socket or one clear line."""

import contextlib
import ipaddress
import socket

from mindseye.tools.errors import BadInput


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a host."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def listen(host: str, port: int, option: str) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises:
      BadInput: the address is taken or is none; `option` is what the person gave it with.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise BadInput(f"{option}: cannot listen on {host}:{port}: {error}") from error
