"""Random graphs of statements and functions, deep and crosswise, against the plain reading."""

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.workflow.projects import Json
from tests.workflow.steps.test_python import DAYS, LOGIN, built, python
from tests.workflow.test_oracle import assert_equal_to_oracle

DEEP = 7
"""How many features are computed from those before them."""


def mixed(chance: Random, known: list[str], prefix: str, aggregate: str = "") -> Json:
    """Give features that each read some before them, by a statement or a function."""
    made: Json = {}
    for number in range(DEEP):
        one, other = chance.choice(known), chance.choice(known)
        way = chance.randrange(6 if aggregate else 5)
        name = f"{prefix}{number}"
        if way == 0:
            made[name] = python("half", f"${one}")
        elif way == 1 and one != other:
            made[name] = python("ratio", f"${one}", f"${other}")
        elif way == 2:
            versions = {"1": {"function": f"${one} - ${other}", "type": "float"},
                        "3": python("half", f"${other}")}  # fmt: skip
            made[name] = {"default_version": chance.choice([1, 3]), "versions": versions}
            known.append(f"{name}@{chance.choice([1, 3])}")
        elif way == 5:
            made[name] = {"function": f"{aggregate} / ${one}", "type": "float"}
        else:
            made[name] = {"function": f"@COALESCE(${one}, 1) * ${other}", "type": "float"}
        known.append(name)
    return made


def project_of(chance: Random) -> Json:
    windows = {"n": {"function": "@COUNT(*)", "type": "float"}, "s": "@AVG($seconds)"}
    asn = {
        "source": "login",
        "granularity_field": "asn",
        "features": {**windows, **mixed(chance, [*windows], "w", "@SUM($seconds)")},
    }
    small = {"function": "$asn % 1000", "type": "float"}
    base = {
        "source": "login",
        "granularity_field": "event_id",
        "features": {"number": "$asn", "small": small, **mixed(chance, ["seconds", "small"], "b")},
    }
    joined = {
        "source": "asn",
        "granularity_match": {"field": "number", "period": "daily"},
        "features": "*",
    }
    names = [f"asn_daily_w{number}" for number in range(DEEP)]
    below = {"features": mixed(chance, ["b6", "b5", *names], "r")}
    groups = [base, joined, below]
    chance.shuffle(groups)
    return {
        "events/login.json": LOGIN,
        "features/asn.json": {
            "name": "asn", "granularity": "asn", "period": ["daily"], "groups": [asn]
        },
        "features/request.json": {
            "name": "request", "granularity": "request_id", "groups": groups
        },
    }  # fmt: skip


@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(chance=st.randoms(use_true_random=True))
def test_any_mixture_gives_what_the_plain_reading_gives(
    tmp_path_factory: pytest.TempPathFactory, chance: Random
) -> None:
    project = built(tmp_path_factory.mktemp("mixed"), project_of(chance))
    project.run(DAYS[:3])

    assert_equal_to_oracle(project, DAYS[:3])
    assert project.stale(DAYS[:3]) == {}
