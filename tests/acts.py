"""How a case usually goes, and what each act states when it is rightly filled in."""

from station.domain.officers import Officer, Pair, Role
from station.domain.procedure import RULES, Act, By
from station.domain.said import FIELDS
from tests.fakes import NOON

TODAY = NOON.date()
TO_DECISION = (
    Act.ORDER_TO_CORRECT,
    Act.BEGIN_UNLOADING,
    Act.RECHECK_CLEAR,
    Act.HAND_OVER,
    Act.ACCEPT,
    Act.NOTIFY,
    Act.WAIVE,
    Act.DECIDE,
)
USUAL = (*TO_DECISION, Act.TAKE_EFFECT, Act.SERVE, Act.PAY)
PAIRS = {Role.ROAD: ["R1", "R2"], Role.POLICE: ["P1", "P2"], Role.CENTRE: []}
_ROLES = {By.ROAD: Role.ROAD, By.CENTRE: Role.CENTRE}


def said(act, fine=50000, on=TODAY):
    """Return the details of an act."""
    details = {name: ("某" if kind is str else 0) for name, kind in FIELDS[act].items()}
    day = on.isoformat()
    details |= {name: day for name in details if name.endswith(("_on", "_by", "_until"))}
    known = {
        "plate": "蒙L12345",
        "passage_id": "again",
        "gross_kg": 48500,
        "kind": "reconsideration" if act is Act.BEGIN_REMEDY else "fine",
        "fine_fen": fine,
        "points": 3,
        "hearing": "not_due",
        "hearing_until": "",
        "method": "direct",
        "amount_fen": fine,
        "result": "upheld",
        "excess_kg": 1 if act is Act.RECHECK_OVER else 0,
        "violation_id": "v",
        "centre_seq": 1,
    }
    return details | {name: value for name, value in known.items() if name in details}


def role_of(act):
    """Return whose act it is in joint enforcement."""
    return _ROLES.get(RULES[act].by, Role.POLICE)


def pair(role, first=1, second=2):
    """Return two officers of an authority."""

    def one(number):
        return Officer(
            certificate_no=f"{role.value}{number}",
            name="某",
            role=role,
            valid_until=TODAY.replace(year=TODAY.year + 4),
        )

    return Pair(first=one(first), second=one(second))
