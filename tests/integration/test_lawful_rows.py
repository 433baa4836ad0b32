"""Whoever writes to the database of the centre meets the procedure: unlawful rows are refused."""

import asyncpg
import pytest

from station.domain.procedure import RULES, Act
from station.domain.stages import EFFECTIVE, Penalty
from tests.acts import TO_DECISION
from tests.migration.central_kit import FakeStation, Headquarters

pytest_plugins = ["tests.migration.central_database"]

DECISION = """
INSERT INTO decision (node, seq, case_no, violation_id, plate, occurred_on, decided_at, kind,
                      fine_fen, points, effective)
SELECT node, {seq}, case_no, 'another', plate, occurred_on, opened_at, 'fine', {fine}, 3, true
  FROM joint_case WHERE case_no = '{case_no}'
"""
CASE = "UPDATE joint_case SET {what} WHERE case_no = '{case_no}'"
PASSAGE = """
INSERT INTO passage (node, passage_id, receipt, lane, at, occurred_on, plate, plate_colour,
                     trailer_plate, gross_kg, configuration, limit_kg, excess_kg, outcome,
                     recheck_of)
SELECT node, 'p9', receipt, lane, at, occurred_on, plate, plate_colour, trailer_plate, gross_kg,
       configuration, limit_kg, excess_kg, outcome, recheck_of
  FROM passage WHERE passage_id = 'p1'
"""
OPENED = """
INSERT INTO joint_case (node, case_no, violation_id, passage_id, plate, occurred_on, opened_at,
                        opened_on, gross_kg, limit_kg, excess_kg, removal, penalty, custody, remedy,
                        file, seq, penal)
SELECT node, '{case_no}', violation_id, passage_id, plate, occurred_on, opened_at, opened_on,
       gross_kg, limit_kg, excess_kg, removal, '{penalty}', custody, remedy, file, {seq}, penal
  FROM joint_case WHERE case_no = 'C1'
"""
SEQ = "(SELECT max(seq) FROM entry WHERE {where})"
ACT = "convert_from(body, 'UTF8') LIKE '%\"act\":\"{act}\"%' AND node = 'linhe'"


def seq(act):
    """Return SQL for the place of the newest act of that name."""
    return SEQ.format(where=ACT.format(act=act.value))


def decision(act, case_no, fine=50000):
    return DECISION.format(seq=seq(act), case_no=case_no, fine=fine)


def change(case_no, what, act=None):
    """Return an update of a case which says that *act* is its reason."""
    reason = "" if act is None else f", seq = {seq(act)}"
    return CASE.format(what=what + reason, case_no=case_no)


UNLAWFUL = {
    "a fine nobody decided": (decision(Act.NOTIFY, "C2"), "has not decided"),
    "a fine of another case": (decision(Act.DECIDE, "C2"), "no act of this case"),
    "a fine that names no entry": (
        DECISION.format(seq=10**6, case_no="C2", fine=1),
        "no act of this case",
    ),
    "another fine than decided": (decision(Act.DECIDE, "C1", 50001), "another penalty"),
    "a fine decided twice": (decision(Act.DECIDE, "C1"), "another act"),
    "a barred fine made effective": (
        f"UPDATE decision SET effective = true, changed_seq = {seq(Act.DECIDE)} "
        "WHERE NOT effective",
        "heavier",
    ),
    "a heavier fine": (
        f"UPDATE decision SET fine_fen = 50001, changed_seq = {seq(Act.DECIDE)}",
        "heavier",
    ),
    "a fine taken back by nobody": (
        f"UPDATE decision SET effective = false, changed_seq = {seq(Act.DECIDE)} "
        "WHERE case_no = 'C1'",
        "neither withdrawn",
    ),
    "in force without the centre": (
        change("C2", "penalty = 'in_force', fine_fen = 50000, points = 3", Act.NOTIFY),
        "does not lead",
    ),
    "served before it is in force": (
        change("C3", "penalty = 'served', fine_fen = 50000, points = 3", Act.DECIDE),
        "does not lead|no act of this case",
    ),
    "more owed than decided": (change("C1", "fine_fen = 50001", Act.TAKE_EFFECT), "has effect"),
    "notice by nobody": (change("C4", "penalty = 'notified'"), "no act|does not lead"),
    "removed by the police": (change("C2", "removal = 'refused'", Act.NOTIFY), "road"),
    "another plate": (change("C2", "plate = '蒙L99999'", Act.NOTIFY), "corrected the plate"),
    "lighter than it was weighed": (change("C2", "gross_kg = 49000", Act.NOTIFY), "opened with"),
    "of another authority": (change("C2", "penal = 'road'", Act.NOTIFY), "opened with"),
    "a case back at its order": (
        change("C2", "removal = 'ordered'", Act.ORDER_TO_CORRECT),
        "no act of this case|go back",
    ),
    "a case nobody opened": (OPENED.format(case_no="C9", penalty="open", seq=1), "opened there"),
    "a case that begins at its end": (
        OPENED.format(
            case_no="C5",
            penalty="heard",
            seq=SEQ.format(where="kind = 'case_opened' AND node = 'linhe'"),
        ),
        "begins|opened there",
    ),
    "a weighing that was none": (PASSAGE, "no such weighing"),
    "another mass": ("UPDATE passage SET gross_kg = gross_kg - 1", "does not change"),
    "lawful all at once": ("UPDATE passage SET outcome = 'lawful', excess_kg = 0", "reviewed"),
    "another step allowed": (
        "INSERT INTO penalty_step VALUES ('notify', 'open', 'served', 'road')",
        "append-only",
    ),
    "no decisions": ("TRUNCATE decision", "append-only"),
    "no cases": ("TRUNCATE joint_case", "append-only"),
    "no passages": ("TRUNCATE passage", "append-only"),
}


@pytest.fixture
async def hq(database):
    """C1 is fined and in force, C2 notified, C3's fine is barred by C1's, C4 is only opened."""
    linhe, other = FakeStation(), FakeStation("dashuncheng", key=7)
    made = Headquarters(database, linhe, other)
    await made.enrol()
    linhe.found_case(1)()
    linhe.in_force(1)
    other.found_case(3)()
    for number in (4, 2):
        linhe.weigh(f"p{number}", plate="蒙L54321")
        linhe.open_case(f"C{number}", passage_id=f"p{number}", plate="蒙L54321")
    for act in TO_DECISION[:6]:
        linhe.act(act, "C2", **({"plate": "蒙L54321"} if act is Act.ORDER_TO_CORRECT else {}))
    for station in (linhe, other):
        await made.accept(station.batch())
    rows = await made.rows("SELECT case_no, penalty FROM joint_case ORDER BY case_no")
    assert rows == [("C1", "in_force"), ("C2", "notified"), ("C3", "decided"), ("C4", "open")]
    return made


@pytest.fixture
async def clerk(postgres, superuser, hq):
    """A role that was given every right on every table, and owns none."""
    name = await hq.database.fetchval("SELECT current_database()")
    await superuser.execute("DROP ROLE IF EXISTS clerk")
    await superuser.execute("CREATE ROLE clerk LOGIN")
    granting = await asyncpg.connect(postgres.dsn_of("postgres", name))
    await granting.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk")
    yield "clerk"
    await granting.execute("DROP OWNED BY clerk")
    await granting.close()
    await superuser.execute("DROP ROLE clerk")


@pytest.mark.parametrize("role", ["zhichao", "postgres", "clerk"])
async def test_an_unlawful_row_is_refused_to_every_role(hq, postgres, clerk, role):
    """The program's own, a superuser, and somebody with every right that can be given."""
    name = await hq.database.fetchval("SELECT current_database()")
    tables = "SELECT (SELECT array_agg(t) FROM {} t)::text"
    before = [await hq.rows(tables.format(one)) for one in ("passage", "joint_case", "decision")]
    connection = await asyncpg.connect(postgres.dsn_of(role, name))
    try:
        for what, (statement, why) in UNLAWFUL.items():
            with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=why):
                pytest.fail(f"{what}: {await connection.execute(statement)}")
    finally:
        await connection.close()
    after = [await hq.rows(tables.format(one)) for one in ("passage", "joint_case", "decision")]
    assert after == before


async def test_somebody_without_rights_reads_and_writes_nothing(hq, postgres, superuser):
    name = await hq.database.fetchval("SELECT current_database()")
    await superuser.execute("CREATE ROLE stranger LOGIN")
    connection = await asyncpg.connect(postgres.dsn_of("stranger", name))
    try:
        for statement in (*(one for one, _ in UNLAWFUL.values()), "SELECT FROM joint_case"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
        await superuser.execute("DROP ROLE stranger")


async def test_one_officer_fines_nobody(hq):
    """Not even by SQL that names his entry."""
    (linhe, _) = hq.stations
    linhe.act(Act.WAIVE, "C2")
    linhe.act(Act.DECIDE, "C2", officers=["P1", "P1"])
    await hq.accept(linhe.batch(first=len(linhe.entries) - 1))

    assert await hq.rows("SELECT penalty FROM joint_case WHERE case_no = 'C2'") == [("heard",)]
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="two officers"):
        await hq.database.execute(decision(Act.DECIDE, "C2"))


MADE = """
INSERT INTO decision (node, seq, case_no, violation_id, plate, occurred_on, decided_at, kind,
                      fine_fen, points, effective)
SELECT node, {seq}, case_no, {violation_id}, {plate}, {occurred_on}, opened_at, 'fine', 50000, 3,
       true
  FROM joint_case WHERE case_no = 'C2'
"""
RIGHT = {"violation_id": "violation_id", "plate": "plate", "occurred_on": "occurred_on"}


@pytest.mark.parametrize(
    "wrong",
    [{"violation_id": "'another'"}, {"plate": "'蒙L00001'"}, {"occurred_on": "'2020-01-01'::date"}],
    ids=str,
)
async def test_a_decision_is_on_the_act_of_its_case(hq, wrong):
    """As the row that the program is about to write, but for one column."""
    (linhe, _) = hq.stations
    linhe.act(Act.WAIVE, "C2")
    await hq.accept(linhe.batch(first=len(linhe.entries)))
    linhe.act(Act.DECIDE, "C2")
    await hq.taking(linhe.batch(first=len(linhe.entries)), "linhe")  # not projected yet
    right = {**RIGHT, "seq": seq(Act.DECIDE)}

    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="another act"):
        await hq.database.execute(MADE.format(**{**right, **wrong}))
    await hq.database.execute(MADE.format(**right))


async def test_the_tables_steps_are_the_procedures(database):
    """The penalty moves in the database as in the table of acts, and not otherwise."""
    owed = {Penalty.SERVED, Penalty.DEMANDED, Penalty.IN_COURT}
    steps = {
        ("accept", "open", "accepted", "penal"),  # who measures and penalises hands nothing over
        *(("end_remedy", one.value, "revoked", "penal") for one in EFFECTIVE),
        *(("end_remedy", one.value, "paid", "penal") for one in EFFECTIVE - {Penalty.PAID}),
        *(("pay", one.value, "paid", "penal") for one in owed),
    }
    for act, rule in RULES.items():
        for to in rule.to:
            if isinstance(to, Penalty):
                steps |= {(act.value, one.value, to.value, rule.by.value) for one in rule.penalty}
    found = await database.fetch("SELECT act, from_stage, to_stage, authority FROM penalty_step")
    assert {tuple(row) for row in found} == {one for one in steps if one[1] != one[2]}
