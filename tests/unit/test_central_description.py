from pathlib import Path

import pytest

from central.__main__ import MACHINES_OPENAPI, OPENAPI, description
from central.api.app import interface, machines_interface
from central.api.errors import status_of
from central.api.schemas import LiveOut, NewsOut
from station.domain import errors

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("path", "described"), [(OPENAPI, interface), (MACHINES_OPENAPI, machines_interface)]
)
def test_the_committed_descriptions_are_current(path, described):
    text = (ROOT / path).read_text("utf-8")
    assert text == description(described()), "run: python -m central openapi"


def test_the_description_holds_live_messages_and_refusals():
    text = description(interface())

    for name in (
        "LiveOut",
        "NewsOut",
        "ErrorOut",
        "StationOut",
        "PassageOut",
        "CaseOut",
        "AlarmOut",
    ):
        assert f'"{name}": {{' in text
    assert "$defs" not in text
    assert set(LiveOut.model_fields) == {"type", "token", "news"}
    assert set(NewsOut.model_fields) == {"kind", "data"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NotFound(), 404),
        (errors.InvalidFacts(), 422),
        (errors.IllegalTransition(), 409),
        (errors.NotSignedIn(), 401),
        (errors.SignInRefused(), 401),
        (errors.NotPermitted(), 403),
        (errors.NoCertificate(), 401),
        (errors.CertificateRevoked(), 403),
        (errors.OtherNode(), 403),
        (errors.TokenUsed(), 403),
        (errors.KeysNotProven(), 403),
        (errors.TooManyAttempts(), 429),
        (errors.BrokenChain(), 409),
        (errors.Fork(), 409),
        (errors.BadSignature(), 422),
        (errors.MalformedEntry(), 422),
        (errors.KeyNotGood(), 422),
        (errors.StoreFull(), 507),
        (errors.StoreFailed(), 503),
        (errors.SettingsError(), 500),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_error_has_its_status(error, status):
    assert status_of(error) == status
