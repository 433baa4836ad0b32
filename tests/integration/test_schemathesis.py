"""Whatever is asked by the descriptions is answered as they say, and never with a server's error.

schemathesis makes the requests, valid and invalid ones, from what each application says of itself;
they go to the real applications over real stores. Not asked here, and where it is held instead:

- the two live sockets: an OpenAPI description has no sockets (test_live_sockets.py);
- the pictures of a camera's watch that runs: that answer has no end (test_central_camera.py);
- what machines send in their bodies: sealed and signed, no schema (test_central_bad_input.py).
"""

import asyncio
import contextlib

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from station.application.ports import Account
from station.contract.driver_page import page_code
from station.domain.officers import Role
from station.domain.procedure import Act
from tests.central_site import Site
from tests.fakes import officer
from tests.integration.test_driver_pages import TOKEN, Drivers
from tests.integration.test_station_console import HASHED, OPENED, REPORT, open_case

pytest_plugins = ["tests.migration.central_database"]

SEED = 509
EACH = 6
"""Requests of each kind, valid and invalid, for one operation."""
ANSWER_S = 10.0
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
THERE = {
    "case_no": OPENED.case_no,
    "passage_id": OPENED.passage_id,
    "node": "linhe",
    "certificate_no": "P1",
    "evasion_no": "LINHET202603010001",
}
"""Every other request names in its path what is there."""
AN_ACT = {
    **REPORT,
    "act": Act.ORDER_TO_CORRECT.value,
    "details": {"plate": OPENED.plate},
    "kind": "weighing_slip",
}
"""What every other request says in its body, where it says something of the kind."""
ADMINISTRATIONS = {"/api/accounts": "SECURITY", "/api/refused-access": "AUDIT"}
"""Who asks, by the beginning of the path, where it is not an officer of the road or of HQ."""
STATION_REFUSES = {
    "POST /api/session",  # no password is guessed
    "POST /api/accounts/{certificate_no}/confirmation",  # no account waits for it
    "POST /api/passages/{passage_id}/review",  # nor what a passage or an act lacks
    "POST /api/passages/{passage_id}/mismatches",
    "POST /api/cases/{case_no}/excuses",
    "POST /api/cases/{case_no}/requests/{seq}/answer",
    "POST /api/evasions/{evasion_no}/acts",
    "GET /api/evasions/{evasion_no}/letter.pdf",  # nothing was handed over
    "GET /api/documents/{number}.pdf",  # no document, no picture is named
    "POST /api/documents/{number}/prints",
    "POST /api/documents/{number}/signature",
    "GET /api/media/{sha256}",
}
HEADQUARTERS_REFUSES = {
    "POST /api/session",  # no password is guessed
    "POST /api/accounts/{certificate_no}/confirmation",  # no account waits for it
    "POST /api/stations/{node}/release",  # none is in quarantine
    "POST /api/vehicle-mismatches/copies",  # no vehicle waits
    "GET /api/stations/{node}/camera/{watch_id}.mjpeg",  # no watch runs
    "DELETE /api/stations/{node}/camera/{watch_id}",
    "GET /api/log/checkpoint",  # nothing is in the log yet
    "POST /api/log/cosignature",
    "GET /api/log/consistency",
}
MACHINES_ARE_REFUSED = {
    "POST /api/enrol",  # these bodies have no schema
    "POST /api/renew",
    "POST /api/ingest",
    "POST /api/ahead",
    "POST /api/lane-state",
    "POST /api/camera/{watch_id}",
    "GET /api/proofs",  # nothing is in the log yet
    "GET /api/media/{sha256}",  # no recording is named
    "PUT /api/media/{sha256}",
}
"""What cannot succeed here: its refusals are held, what it does is held elsewhere."""
HTML = {"text/html": {"schema": {"type": "string"}}}
FORM = "application/x-www-form-urlencoded"
DRIVERS = {
    "openapi": "3.1.0",
    "info": {"title": "司机查询", "version": "1"},
    "paths": {
        "/": {
            "get": {"responses": {"200": {"description": "asks for a code", "content": HTML}}},
            "post": {
                "requestBody": {
                    "content": {
                        FORM: {
                            "schema": {
                                "type": "object",
                                "required": ["code"],
                                "properties": {
                                    "code": {"type": "string"},
                                    "ask": {
                                        "enum": ["recheck", "objection", "statement", "complaint"]
                                    },
                                    "text": {"type": "string"},
                                },
                            }
                        }
                    }
                },
                "responses": {
                    "200": {"description": "the page of a case", "content": HTML},
                    "404": {"description": "no such code", "content": HTML},
                    "408": {"description": "too slow", "content": HTML},
                    "422": {"description": "not a text of that length", "content": HTML},
                    "429": {"description": "too often", "content": HTML},
                },
            },
        },
        "/robots.txt": {
            "get": {
                "responses": {
                    "200": {
                        "description": "nothing for robots",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    }
                }
            }
        },
    },
}
"""The drivers' site is for people alone and has no committed description."""


def made(operation, mode, filled):
    """Return the same requests each time."""
    found = []

    @seed(SEED)
    @settings(
        max_examples=EACH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(mode))
    def collect(case):
        found.append(case)

    with contextlib.suppress(Unsatisfiable):  # where any text will do, none is invalid
        collect()
    for case in found[::2]:
        case.path_parameters |= {k: v for k, v in THERE.items() if k in case.path_parameters}
        if filled and isinstance(case.body, dict):
            case.body |= {k: v for k, v in filled.items() if k in case.body}
    return found


async def asked(operation, client, filled):
    """Ask all that is made for one operation; return the statuses, and what is not as described."""
    statuses, wrong = [], []
    takes = operation.body or any(True for _ in operation.iter_parameters())
    for mode in GenerationMode if takes else [GenerationMode.POSITIVE]:
        for case in made(operation, mode, filled):
            sent = case.as_transport_kwargs(base_url=str(client.base_url))
            del sent["cookies"]  # the client has its own: of who is signed in
            if isinstance(sent.get("data"), bytes | str):
                sent["content"] = sent.pop("data")
            async with asyncio.timeout(ANSWER_S):
                answer = await client.request(**sent)
            statuses.append(answer.status_code)
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as failures:
                wrong.append(str(failures))
    return statuses, wrong


async def all_answered(described, door, **filled):
    """Ask every operation; return those that did nothing but refuse.

    *door* gives the client for a path; *filled*: what every other body says of its fields.
    """
    print(f"seed {SEED}")  # noqa: T201 -- seen with -s, and when the test fails
    wrong, refusing = [], set()
    for found in schemathesis.openapi.from_dict(described).get_all_operations():
        operation = found.ok()
        async with door(operation.path) as client:
            statuses, failed = await asked(operation, client, filled)
        assert statuses, operation.label
        wrong += failed
        if min(statuses) >= 300:
            refusing.add(operation.label)
    assert not wrong, "\n".join(wrong)
    return refusing


def who(path, other):
    return next((one for start, one in ADMINISTRATIONS.items() if path.startswith(start)), other)


async def test_a_station_answers_as_described(console):
    await open_case(console)
    for role in (Role.SECURITY, Role.AUDIT):
        account = Account(officer=officer(role.name, role), password_hash=HASHED)
        await console.accounts.put_account(account)
    await console.signed_in("R2")  # who acts alone is refused

    @contextlib.asynccontextmanager
    async def door(path):
        client = await console.signed_in(who(path, "R1"))
        yield client
        await client.aclose()

    assert await all_answered(console.app.openapi(), door, **AN_ACT) == STATION_REFUSES


@pytest.fixture
async def site(database, tmp_path):
    made = await Site(database, tmp_path).begin()
    for number, role in (
        ("HQ1", Role.HQ),
        ("SECURITY", Role.SECURITY),
        ("AUDIT", Role.AUDIT),
        ("P1", Role.POLICE),
    ):
        await made.add_officer(number, role, HASHED)
    return made


async def test_headquarters_answers_as_described(site):
    refused = await all_answered(site.app.openapi(), lambda path: site.signed_in(who(path, "HQ1")))
    assert refused == HEADQUARTERS_REFUSES


async def test_the_machines_interface_answers_as_described(site):
    refused = await all_answered(site.machines.openapi(), lambda _path: site.machine())
    assert refused == MACHINES_ARE_REFUSED


@pytest.fixture
async def drivers(database, tmp_path):
    made = Drivers(database, tmp_path)
    await made.hq.enrol()
    made.case(made.linhe)
    made.print_slip(made.linhe)
    await made.arrive(made.linhe)
    yield made
    made.recordings.close()


async def test_the_drivers_site_answers_as_described(drivers):
    def door(_path):
        return httpx.AsyncClient(transport=drivers.transport, base_url="http://pages.example")

    assert await all_answered(DRIVERS, door, code=page_code(TOKEN)) == set()
