"""Events -> the JSON lines of a raw sign-in log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import orjson

from fig_assets.sample.batch import KINDS, REASONS, TOKENS, UNKNOWN, Ints, generator
from fig_assets.sample.clients import CLIENTS
from fig_assets.sample.events import EVENT_NAMES, Events
from fig_assets.sample.places import CITIES, NETWORK_TYPES
from fig_assets.sample.world import World, person_name

_LINE_STREAM = 7
_MESSAGES = ("User login", "Authentication of user via MFA", "User logout")
_LINES_OF_BUSINESS = ("Manufacturing", "Finance", "Retail", "Software", "Health Care")
_PASSWORDS = ("Summer2026!", "Welcome1", 'pa"ss\\word', "P@ssw0rd", "correct horse", "naïve•7")


@dataclass(frozen=True)
class Memory:
    """Texts about one world that do not change: by actor, address or client and language."""

    actors: dict[int, str] = field(default_factory=dict)
    chains: dict[int, str] = field(default_factory=dict)
    places: dict[int, str] = field(default_factory=dict)
    networks: dict[int, str] = field(default_factory=dict)
    facts: dict[int, str] = field(default_factory=dict)
    headers: dict[int, str] = field(default_factory=dict)


def lines_of(
    world: World, events: Events, *, late: bool = False, memory: Memory | None = None
) -> list[str]:
    """Write `events` as JSON texts without line ends, in their order.

    A few objects are null or left out, in ordinary and in malicious events alike. `memory` spares
    writing again what was written about the same world before.
    """
    known = Memory() if memory is None else memory
    rng = generator(world.seed, _LINE_STREAM, events.day.toordinal(), int(late))
    batch, size = events.batch, len(events)
    address = batch.address
    columns = (
        events.id,
        _events(events),
        _times(events.day, batch.time_ms),
        _times(events.day, batch.time_ms - 5 - rng.gamma(2.0, 60.0, size).astype(np.int64)),
        _each(batch.org, lambda org: f'"{world.org_id[org]}"'),
        _actors(world, events, known.actors),
        _chains(world, rng, address, known.chains),
        _holed(rng, _each(address, lambda at: _geography(world, at), known.places), 0.008, "null"),
        _each(batch.client, _client),
        _each(batch.client * 100 + batch.language + 1, _headers, known.headers),
        _each(address, lambda at: _security(world, at), known.networks),
        _metadata(world, rng, address, known.facts),
        _each(batch.reason * 2 + batch.failed, _outcome),
        _sessions(events.session),
        _debug(rng, events),
    )
    return [
        f'{{"uuid":"{uuid}",{event},"published":"{published}Z","start_time":"{start}Z",'
        f'"org_id":{org},"actor":{actor},"client":{{{chain},'
        f'"geographical_context":{place},{client}}},"request":{headers},'
        f'"security_context":{network},{metadata}"outcome":{outcome},'
        f'"authentication_context":{session},"debug_context":{debug},"target":[]}}'
        for (
            uuid, event, published, start, org, actor, chain, place, client, headers, network,
            metadata, outcome, session, debug,
        ) in zip(*columns, strict=True)
    ]  # fmt: skip


def _json(value: object) -> str:
    return orjson.dumps(value).decode("utf-8")


def _each(
    keys: Ints, write: Callable[[int], str], known: dict[int, str] | None = None
) -> list[str]:
    """Write each different key once, unless it is `known`; return texts in the order of `keys`."""
    texts = {} if known is None else known
    listed: list[int] = keys.tolist()
    for key in set(listed).difference(texts):
        texts[key] = write(key)
    return [texts[key] for key in listed]


def _holed(rng: np.random.Generator, texts: list[str], share: float, hole: str) -> list[str]:
    """Replace a random `share` of `texts` by `hole`."""
    for at in np.flatnonzero(rng.random(len(texts)) < share).tolist():
        texts[at] = hole
    return texts


def _times(day: date, time_ms: Ints) -> Sequence[str]:
    midnight = np.datetime64(day.isoformat(), "ms")
    texts: list[str] = np.datetime_as_string(midnight + time_ms, unit="ms").tolist()
    return texts


def _events(events: Events) -> list[str]:
    def write(key: int) -> str:
        event, failed = divmod(key, 2)
        return (
            f'"event_name":"{EVENT_NAMES[event]}","display_message":"{_MESSAGES[event]}",'
            f'"severity":"{"WARN" if failed else "INFO"}"'
        )

    return _each(events.event * 2 + events.batch.failed, write)


def _actors(world: World, events: Events, known: dict[int, str]) -> list[str]:
    people, batch = world.people, events.batch

    def write(actor: int) -> str:
        if actor == UNKNOWN:
            return ""
        name = people.name[actor]
        return _json(
            {
                "id": people.id[actor],
                "type": "User" if actor < people.persons else "PublicClientApp",
                "email": f"{name}@{world.org_domain[int(people.org[actor])]}",
                "display_name": name.rstrip("0123456789").replace(".", " ").title(),
            }
        )

    texts = _each(batch.actor, write, known)
    for at in np.flatnonzero(batch.actor == UNKNOWN).tolist():
        number = int(batch.name[at])
        typed = f"{person_name(number)}@{world.org_domain[int(batch.org[at])]}"
        if number % 97 == 0:
            typed = _PASSWORDS[number // 97 % len(_PASSWORDS)]
        texts[at] = f'{{"id":"unknown","type":"User","email":{_json(typed)},"display_name":null}}'
    return texts


def _chains(
    world: World, rng: np.random.Generator, address: Ints, known: dict[int, str]
) -> list[str]:
    """Write the address and the chain of addresses: some requests came through more than one."""
    text = world.addresses.text

    def link(at: int) -> str:
        version = "V6" if ":" in text[at] else "V4"
        return f'{{"ip":"{text[at]}","version":"{version}"}}'

    texts = _each(address, lambda at: f'"ip_address":"{text[at]}","ip_chain":[{link(at)}', known)
    edges = world.addresses.pools["hosting"]
    for at in np.flatnonzero(rng.random(len(texts)) < 0.12).tolist():
        via = rng.integers(edges.start, edges.stop, int(rng.integers(1, 4))).tolist()
        texts[at] += "".join(f",{link(edge)}" for edge in via)
    return [f"{found}]" for found in texts]


def _geography(world: World, address: int) -> str:
    city = CITIES[int(world.addresses.city[address])]
    east, north = (dice % 6 / 50 - 0.05 for dice in world.addresses.dice[address, :2].tolist())
    return _json(
        {
            "city": city.name,
            "country": city.country,
            "geolocation": {
                "lat": round(city.latitude + north, 4),
                "lon": round(city.longitude + east, 4),
            },
        }
    )


def _client(client: int) -> str:
    found = CLIENTS[client]
    agent = {"raw_user_agent": found.user_agent, "browser": found.browser, "os": found.os}
    return f'"user_agent":{_json(agent)},"device":{_json(found.device)}'


def _headers(key: int) -> str:
    client, language = CLIENTS[key // 100], key % 100 - 1
    headers = {"accept": client.accept, "accept-encoding": client.encoding}
    if client.accept != "*/*" and 0 <= language < len(CITIES):
        headers["accept-language"] = CITIES[language].language
    return f'{{"http_headers":{_json(headers)}}}'


def _security(world: World, address: int) -> str:
    network = int(world.addresses.network[address])
    unknown = world.addresses.dice[address, 2] < 5
    kind = NETWORK_TYPES[int(world.networks.type[network])]
    return _json(
        {
            "as_number": None if unknown else int(world.networks.number[network]),
            "as_org": None if unknown else world.networks.org[network],
            "is_proxy": kind == "vpn",
        }
    )


def _metadata(
    world: World, rng: np.random.Generator, address: Ints, known: dict[int, str]
) -> list[str]:
    """Write what an address database says; it is silent about some, and absent for a few events."""

    def write(at: int) -> str:
        known = {"key": world.addresses.text[at], "value": _facts(world, at)}
        return f'"metadata":{{"ip_metadata":{_json(known)}}},'

    texts = _holed(rng, _each(address, write, known), 0.012, '"metadata":{"ip_metadata":null},')
    return _holed(rng, texts, 0.005, "")


def _facts(world: World, address: int) -> dict[str, object] | None:
    dice = int(world.addresses.dice[address, 3])
    kind = NETWORK_TYPES[int(world.networks.type[int(world.addresses.network[address])])]
    if dice < 6:
        return None
    hidden = kind == "vpn" or (kind == "hosting" and dice < 200) or dice < 20
    proxy = {"vpn": "vpn", "hosting": "hosting"}.get(kind, "residential") if hidden else None
    routing = {"mobile": "mobile gateway", "vpn": "anonymizer", "corporate": "regional proxy"}
    business = {"hosting": "Internet Hosting Services", "corporate": ""}
    return {
        "anonymizer_status": ("active" if dice % 5 else "suspect") if hidden else "inactive",
        "hosting_facility": kind == "hosting" or (kind == "vpn" and dice % 2 == 0),
        "ipRoutingType": routing.get(kind, "fixed"),
        "org_type": business.get(kind, "Telecommunications") or _LINES_OF_BUSINESS[dice % 5],
        "residence": kind == "isp" and dice % 10 > 0,
        "proxy_level": ("elite", "anonymous", "transparent")[dice % 3] if hidden else None,
        "proxy_type": proxy,
    }


def _outcome(key: int) -> str:
    reason, failed = divmod(key, 2)
    return _json({"result": "FAILURE" if failed else "SUCCESS", "reason": REASONS[reason]})


def _sessions(sessions: list[str]) -> list[str]:
    return [
        f'{{"authentication_step":0,"external_session_id":"{session}"}}'
        if session
        else '{"authentication_step":0,"external_session_id":null}'
        for session in sessions
    ]


def _debug(rng: np.random.Generator, events: Events) -> list[str]:
    batch, size = events.batch, len(events)
    service = batch.kind == KINDS.index("service")
    silent = rng.random(size) < 0.006
    token = np.where(~service & (rng.random(size) < 0.01), len(TOKENS), batch.token)

    def write(key: int) -> str:
        rest, kind = divmod(key, len(TOKENS) + 1)
        flags, quiet = divmod(rest, 2)
        suspect, api = divmod(flags, 2)
        data: dict[str, object] = {"request_uri": "/api/v1/authn" if api else "/idp/idx/identify"}
        if not quiet:
            data["threat_suspected"] = "true" if suspect else "false"
        if kind < len(TOKENS):
            data["device_token_type"] = TOKENS[kind]
        data["ssws_present_and_valid"] = bool(api)
        return f'{{"debug_data":{_json(data)}}}'

    flags = events.suspect.astype(np.int64) * 2 + batch.api_token
    return _each((flags * 2 + silent) * (len(TOKENS) + 1) + token, write)
