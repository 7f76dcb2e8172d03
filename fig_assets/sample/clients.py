"""Browsers, phones and scripts that sign in, with the headers each of them sends."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from fig_assets.sample.batch import Floats, Ints, cumulative

_HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
_CHROME_HTML = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
)
_WINDOWS = ("Windows NT 10.0; Win64; x64", "Windows 10")
_MAC = ("Macintosh; Intel Mac OS X 10_15_7", "Mac OS X")
_LINUX = ("X11; Linux x86_64", "Linux")


@dataclass(frozen=True)
class Client:
    """One user agent and what comes with it; `group` is desktop, phone, script or silent."""

    group: str
    share: float
    user_agent: str | None
    browser: str
    os: str
    device: str | None
    accept: str | None
    encoding: str | None


def _desktop_clients() -> list[Client]:
    found = []
    for age, version in enumerate(range(147, 135, -1)):
        for (platform, system), share in ((_WINDOWS, 9.0), (_MAC, 6.0), (_LINUX, 0.8)):
            agent = (
                f"Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) "
                f"Chrome/{version}.0.0.0 Safari/537.36"
            )
            weight = share / (1 + age) ** 1.3
            found.append(_desktop(weight, agent, "CHROME", system, _CHROME_HTML))
            if system == "Windows 10":
                edge = f"{agent} Edg/{version}.0.0.0"
                found.append(_desktop(weight / 3, edge, "EDGE", system, _CHROME_HTML))
        firefox = f"Mozilla/5.0 ({_WINDOWS[0]}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
        found.append(_desktop(1.5 / (1 + age), firefox, "FIREFOX", "Windows 10", _HTML))
        safari = (
            f"Mozilla/5.0 ({_MAC[0]}) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            f"Version/{19 - age // 3}.{age % 3} Safari/605.1.15"
        )
        found.append(_desktop(2.5 / (1 + age), safari, "SAFARI", "Mac OS X", _HTML))
    return found


def _desktop(share: float, agent: str, browser: str, system: str, accept: str) -> Client:
    encoding = "gzip, deflate, br, zstd" if browser in ("CHROME", "EDGE") else "gzip, deflate, br"
    return Client("desktop", share, agent, browser, system, "Computer", accept, encoding)


def _phone_clients() -> list[Client]:
    found = []
    for age in range(8):
        iphone = (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS {19 - age // 3}_{age % 3} like Mac OS X) "
            f"AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{19 - age // 3}.{age % 3} "
            "Mobile/15E148 Safari/604.1"
        )
        android = (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{147 - age}.0.0.0 Mobile Safari/537.36"
        )
        rest = ("Mobile", _HTML, "gzip, deflate, br")
        found.append(Client("phone", 5 / (1 + age), iphone, "SAFARI", "iOS", *rest))
        found.append(Client("phone", 4 / (1 + age), android, "CHROME", "Android", *rest))
    return found


def _script_clients() -> list[Client]:
    agents = (
        ("python-requests/2.32.3", 5.0, "gzip, deflate"),
        ("okta-sdk-java/20.0.1 java/17.0.12 Linux/6.1", 4.0, "gzip"),
        ("Go-http-client/2.0", 3.0, "gzip"),
        ("okta-sdk-golang/5.0.2 golang/go1.23 linux/amd64", 3.0, "gzip"),
        ("axios/1.7.9", 2.0, "gzip, compress, deflate, br"),
        ("curl/8.9.1", 1.0, None),
        ("okhttp/4.12.0", 1.5, "gzip"),
    )
    return [
        Client("script", share, agent, "UNKNOWN", "Unknown", "Unknown", "*/*", encoding)
        for agent, share, encoding in agents
    ]


_SILENT = tuple(
    Client("silent", 1.0, agent, "UNKNOWN", "Unknown", None, "*/*", None)
    for agent in (None, "unknown")
)
CLIENTS = (*_desktop_clients(), *_phone_clients(), *_script_clients(), *_SILENT)


@cache
def clients_of(group: str) -> tuple[Ints, Floats]:
    """Return the positions of a group's clients and their running shares."""
    found = [at for at, client in enumerate(CLIENTS) if client.group == group]
    return np.array(found, dtype=np.int64), cumulative([CLIENTS[at].share for at in found])
