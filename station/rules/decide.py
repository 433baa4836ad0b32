"""The verdict (认定): pure, from facts and a law book."""

from __future__ import annotations

from station.domain.errors import AmbiguousVehicle, NoLawInForce
from station.domain.units import Kg
from station.rules import review_codes
from station.rules.dimensions import exceeded
from station.rules.facts import Exemption, Facts, Mode, PermitNote
from station.rules.in_force import InForce
from station.rules.lawbook import LawBook
from station.rules.limit import Limit
from station.rules.over_limit import Standing, limit_of, standing
from station.rules.penalty import POLICE, penalties_for
from station.rules.verdict import Outcome, Police, Reason, RoadAdmin, Verdict, with_kg


def decide(facts: Facts, law: LawBook) -> Verdict:
    """Decide one passage by the law of the day of the act, or the milder law of the decision.

    Raises:
        NoLawInForce: before the first day of the limits, or of the rule for the mode.

    Source: 《公路安全保护条例》第三十三条; 《行政处罚法》第三十七条 (从旧兼从轻).
    """
    of_act = law.on(facts.occurred_on)
    verdict = _under(facts, of_act)
    if facts.decided_on is None:
        return verdict
    of_decision = law.on(facts.decided_on)
    return verdict if of_decision is of_act else _milder(verdict, _under(facts, of_decision))


def decide_or_refer(facts: Facts, law: LawBook) -> Verdict:
    """Decide; on a day whose law is not kept here, refer to people (转人工).

    So that a station weighs on whose clock fell back to a day before any of it.
    """
    try:
        return decide(facts, law)
    except NoLawInForce:
        return Verdict(
            outcome=Outcome.NEEDS_REVIEW,
            mass_outcome=Outcome.NEEDS_REVIEW,
            gross=facts.gross,
            mode=facts.mode_word,
            configuration=None,
            limit=None,
            reasons=(),
            excess=None,
            over_limit_permille=None,
            review=(review_codes.NO_LAW,),
            dimensions=(),
            penalty_authority=None,
            police=Police(),
            road_admin=RoadAdmin(),
            law_edition=law.edition,
        )


# What follows from the mass alone: outcome, limit, reasons, review. A plain tuple: made once a
# verdict, and the making of a named one is a tenth of the time that a verdict takes.
_Mass = tuple[Outcome, Limit | None, tuple[Reason, ...], tuple[str, ...]]


def _under(facts: Facts, law: InForce) -> Verdict:
    gross, mode = facts.gross, facts.mode_word
    outcome, limit, reasons, review = _mass(facts, law)
    if facts.permit_gross is not None or facts.permit_notes:
        outcome, review = _permit_noted(facts, outcome, review)
    dimensions = exceeded(facts, law) if facts.measured else ()
    firm = None if limit is None else limit.firm
    police, road_admin, notes = penalties_for(facts, law, outcome, firm, bool(dimensions))
    if dimensions and outcome is Outcome.PERMITTED:
        notes = (*notes, review_codes.PERMIT_DIMENSIONS)
    code = kg = excess = rate = None
    if limit is not None:
        code, kg = limit.code, limit.kg
        excess = Kg(gross - kg if gross > kg else 0)
        rate = excess * 1000 // kg
    return Verdict(
        Outcome.VIOLATION if dimensions else outcome,
        outcome,
        gross,
        mode,
        code,
        kg,
        reasons,
        excess,
        rate,
        tuple(dict.fromkeys(review + notes)) if notes else review,
        dimensions,
        law.authority[mode],
        police,
        road_admin,
        law.edition,
    )


def _mass(facts: Facts, law: InForce) -> _Mass:
    try:
        if facts.vehicle is None or facts.limit_key is None:
            raise AmbiguousVehicle(review_codes.VEHICLE_UNKNOWN)
        limit = limit_of(facts.vehicle, facts.limit_key, law, facts.posted_limit)
    except AmbiguousVehicle as unclear:
        if facts.permit_gross is not None and facts.gross <= facts.permit_gross:
            return Outcome.PERMITTED, None, _permit(facts.permit_gross, law), _codes(unclear)
        return Outcome.NEEDS_REVIEW, None, (), _codes(unclear)
    if facts.permit_gross is not None and facts.gross <= facts.permit_gross:
        reasons = limit.reasons + _permit(facts.permit_gross, law)
        return Outcome.PERMITTED, limit, reasons, limit.notes
    return _by_standing(facts, law, limit)


def _permit(permit_gross: Kg, law: InForce) -> tuple[Reason, ...]:
    return (with_kg(law.permit, permit_gross),)


def _permit_noted(
    facts: Facts, outcome: Outcome, review: tuple[str, ...]
) -> tuple[Outcome, tuple[str, ...]]:
    """Say what is known of permits, where anything follows from it.

    A permit for another load, route, day or trailer makes nothing lawful; whether the trailer is
    another is for a person as long as its plate was not read.

    Source: 《公路安全保护条例》第六十五条.
    """
    if outcome is Outcome.RELEASE:
        return outcome, review
    codes = tuple(note.value for note in facts.permit_notes)
    if outcome is Outcome.PERMITTED:
        return outcome, review + codes
    if facts.permit_gross is not None:
        codes = (review_codes.PERMIT_EXCEEDED, *codes)
    if PermitNote.TRAILER_UNREAD in facts.permit_notes:
        outcome = Outcome.NEEDS_REVIEW
    return outcome, review + codes


def _codes(unclear: AmbiguousVehicle) -> tuple[str, ...]:
    return (unclear.detail,)


def _by_standing(facts: Facts, law: InForce, limit: Limit) -> _Mass:
    gross, at_entry = facts.gross, facts.mode is Mode.EXPRESSWAY_ENTRY
    if gross <= limit.lowest:
        return Outcome.RELEASE, limit, limit.reasons, limit.notes
    found = standing(gross, limit.kg, law, at_entry)
    disputed: tuple[str, ...] = ()
    compare: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    if not limit.undisputed:
        disputed, compare = _disputes(gross, law, limit, found, at_entry)
        other = standing(gross, limit.other_mode, law, at_entry)
        firm = standing(gross, limit.firm, law, at_entry)
        if other is not firm and not disputed:
            notes = (review_codes.SINGLE_TYRE_MODE,)
    if facts.exempt is Exemption.SPECIAL_PURPOSE and found is not Standing.WITHIN:
        notes = (*notes, review_codes.EXEMPT_MASS)
    reasons = limit.reasons + compare
    if gross > limit.kg:
        reasons = (*reasons, _entry_ceiling(limit, law) if at_entry else law.tolerance)
    outcome = Outcome.NEEDS_REVIEW if disputed else _OUTCOMES[found]
    return outcome, limit, reasons, limit.notes + disputed + notes


_OUTCOMES = (Outcome.RELEASE, Outcome.WARNING, Outcome.VIOLATION)


def _disputes(
    gross: Kg, law: InForce, limit: Limit, found: Standing, at_entry: bool
) -> tuple[tuple[str, ...], tuple[Reason, ...]]:
    """Return the codes that send the verdict to a person, and the provisions to compare with.

    A number that is only recalled must not make the outcome harsher; a warning that another norm
    or a missing fact would spare stands, a violation does not; tyres that nobody looked at must
    not settle the outcome either way.
    """
    codes: list[str] = []
    compare: tuple[Reason, ...] = ()

    def under(kg: Kg) -> Standing:
        return standing(gross, kg, law, at_entry)

    if limit.firm != limit.kg and found > under(limit.firm):
        codes.append(review_codes.RECALLED_AXLE_SUM)
    firm = under(limit.firm)
    if firm is Standing.OVER:
        if law.contested_to_review and under(limit.order62) is not Standing.OVER:
            codes.append(review_codes.ANNEX_VS_ORDER62)
            compare = limit.compare
        if limit.missing and under(limit.most) is not Standing.OVER:
            codes += limit.missing
    if limit.missing and under(limit.least) > firm:
        codes += limit.missing
    return tuple(dict.fromkeys(codes)), compare


def _entry_ceiling(limit: Limit, law: InForce) -> Reason:
    return with_kg(law.entry, Kg(limit.kg * law.entry.kg // 1000))


_SEVERITY = {
    Outcome.RELEASE: 0,
    Outcome.PERMITTED: 0,
    Outcome.WARNING: 1,
    Outcome.NEEDS_REVIEW: 2,
    Outcome.VIOLATION: 3,
}


def _milder(of_act: Verdict, of_decision: Verdict) -> Verdict:
    """Choose by 行政处罚法 art 37: the law of the act, unless the later law is milder.

    Where one law is milder in one respect and harsher in another, or where a missing fact keeps
    the two from being compared, the law of the act stands and a person is told.
    """
    differences = []
    for act, later in zip(_burden(of_act), _burden(of_decision), strict=True):
        if (act is None and later) or (later is None and act):
            return of_act._replace(review=(*of_act.review, review_codes.MILDER_NOT_COMPARABLE))
        differences.append((later or 0) - (act or 0))
    if all(difference <= 0 for difference in differences) and any(differences):
        return of_decision._replace(law_applied="decision")
    if min(differences) < 0 < max(differences):
        return of_act._replace(review=(*of_act.review, review_codes.MILDER_MIXED))
    return of_act


def _burden(verdict: Verdict) -> tuple[int | None, ...]:
    """Weigh a verdict part by part; None where a missing fact leaves a part open.

    Open against nothing needs no comparing: nothing is never harsher.
    """
    police = verdict.police
    fine: int | None = 0
    points: int | None = 0
    if verdict.mass_outcome is Outcome.VIOLATION and verdict.penalty_authority == POLICE:
        points = police.points
        if police.fine_yuan is not None:
            fine = police.fine_yuan[1]
        elif police.overload_permille is None:
            fine = None
    return (
        _SEVERITY[verdict.outcome],
        fine,
        points,
        verdict.road_admin.fine_yuan or 0,
        police.dimension_points or 0,
    )
