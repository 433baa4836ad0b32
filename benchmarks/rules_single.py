"""One decision at a time: ours beside zen-engine, rule-engine and openfisca-core."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import rule_engine
import zen

from benchmarks.openfisca_process import OpenFisca
from benchmarks.report import Row, row
from benchmarks.rounds import Contender, interleaved, timed
from benchmarks.rules_cases import DAY, Question, decisions, questions
from station.rules.decide import decide
from station.rules.explain import explain
from station.rules.facts import Facts
from station.rules.lawbook import LawBook, lawbook, package_files
from station.rules.over_limit import limit_of
from station.rules.records import facts_from_record, facts_record

ROUNDS = 15
STATION, RULES, MAPPING, ZEN = "station", "rule-engine", "rule-engine, one mapping", "zen-engine"
_REPEATS = {STATION: 300, RULES: 3, MAPPING: 6, ZEN: 2}
_NOTES = {
    STATION: "the law of the day, then the limit of a prepared vehicle",
    RULES: "a rule for each row, the first that matches; no law of a day",
    MAPPING: "one expression with all rows; no law of a day",
    ZEN: "one decision table, hit policy first; no law of a day",
}
Lookup = Callable[[Question], int]


def lookups(openfisca: OpenFisca) -> tuple[dict[str, float | None], list[Row]]:
    """Time the bare limit look-up over every drawing, the same ones on every engine."""
    law = lawbook()
    asked = questions(law)
    engines = {
        STATION: _station(law),
        RULES: _rules(asked),
        MAPPING: _mapping(asked),
        ZEN: _zen(asked),
    }
    for name, engine in engines.items():
        _assert_equal(name, [engine(one) for one in asked], asked)
    contenders = [
        Contender(name, timed(_all(engine, asked, _REPEATS[name])), len(asked) * _REPEATS[name])
        for name, engine in engines.items()
    ]
    if openfisca.running:
        _assert_equal("openfisca-core", openfisca.limits(), asked)
        contenders.append(Contender(openfisca.name, openfisca.single_seconds))
    found = interleaved(contenders, ROUNDS)
    ours = found[STATION]
    rows = [
        row("lookup", "µs", one, ours, _NOTES.get(one.name, "one simulation a look-up"))
        for one in found.values()
    ]
    if not openfisca.running:
        rows.append(openfisca.absent("lookup", "µs"))
    peer = min(found[RULES].over(ours), found[MAPPING].over(ours))
    ratios = {
        "lookup_us": ours.median * 1e6,
        "vs_rule_engine": peer,
        "vs_zen_engine": found[ZEN].over(ours),
    }
    return dict(ratios), rows


def decided() -> tuple[dict[str, float | None], list[Row]]:
    """Time the full verdict with all its reasons, over every kind of outcome."""
    law, cases = lawbook(), decisions()
    records = [facts_record(facts) for facts in cases.values()]
    verdicts = [decide(facts, law) for facts in cases.values()]
    mix, repeats = "decide, all kinds", 40
    # The milder law takes two verdicts, one by each law; it has a row of its own.
    single = [facts for facts in cases.values() if facts.decided_on is None]
    contenders = [
        Contender(mix, timed(_decide_all(single, law, repeats)), repeats * len(single)),
        *(
            Contender(f"decide: {name}", timed(_decide_all([facts], law, 300)), 300)
            for name, facts in cases.items()
        ),
        Contender(
            "read the facts", timed(lambda: list(map(facts_from_record, records))), len(records)
        ),
        Contender("explain in words", timed(lambda: list(map(explain, verdicts))), len(verdicts)),
        Contender("start: read, parse and compile the law", timed(_start)),
    ]
    found = interleaved(contenders, ROUNDS)
    rows = [row("verdict", "ms" if one.name[0] == "s" else "µs", one) for one in found.values()]
    return {"decide_us": found[mix].median * 1e6}, rows


def _start() -> None:
    LawBook(package_files()).on(DAY)


def _decide_all(cases: Iterable[Facts], law: LawBook, repeats: int) -> Callable[[], None]:
    held = list(cases) * repeats

    def run() -> None:
        for facts in held:
            decide(facts, law)

    return run


def _all(engine: Lookup, asked: tuple[Question, ...], repeats: int) -> Callable[[], None]:
    held = asked * repeats

    def run() -> None:
        for one in held:
            engine(one)

    return run


def _station(law: LawBook) -> Lookup:
    def lookup(one: Question) -> int:
        return limit_of(one.vehicle, one.key, law.on(DAY)).kg

    return lookup


def _rules(asked: tuple[Question, ...]) -> Lookup:
    rules = [(rule_engine.Rule(f"vehicle == {one.name!r}"), one.limit) for one in asked]

    def lookup(one: Question) -> int:
        facts = {"vehicle": one.name}
        return next(limit for rule, limit in rules if rule.matches(facts))

    return lookup


def _mapping(asked: tuple[Question, ...]) -> Lookup:
    rows = ", ".join(f"{one.name!r}: {one.limit}" for one in asked)
    rule = rule_engine.Rule(f"{{{rows}}}[vehicle]")

    def lookup(one: Question) -> int:
        return int(rule.evaluate({"vehicle": one.name}))

    return lookup


def _zen(asked: tuple[Question, ...]) -> Lookup:
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": "in", "name": "vehicle", "field": "vehicle"}],
        "outputs": [{"id": "out", "name": "limit", "field": "limit"}],
        "rules": [
            {"_id": f"r{at}", "in": json.dumps(one.name), "out": str(one.limit)}
            for at, one in enumerate(asked)
        ],
    }
    content = {
        "nodes": [
            {"id": "a", "type": "inputNode", "name": "a"},
            {"id": "b", "type": "decisionTableNode", "name": "b", "content": table},
            {"id": "c", "type": "outputNode", "name": "c"},
        ],
        "edges": [
            {"id": "ab", "sourceId": "a", "targetId": "b", "type": "edge"},
            {"id": "bc", "sourceId": "b", "targetId": "c", "type": "edge"},
        ],
    }
    decision = zen.ZenEngine().create_decision(json.dumps(content))

    def lookup(one: Question) -> int:
        return int(decision.evaluate({"vehicle": one.name})["result"]["limit"])

    return lookup


def _assert_equal(name: str, found: list[int], asked: tuple[Question, ...]) -> None:
    wanted = [one.limit for one in asked]
    if found != wanted:
        raise AssertionError(f"{name} answers {found}, not {wanted}")
