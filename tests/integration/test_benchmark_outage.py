"""The measurement of delivery measures what it says, in a small size."""

from benchmarks import outage
from tests.migration.central_kit import short_folder


async def test_a_backlog_a_restart_and_a_passage_are_measured_and_all_of_it_arrives(monkeypatch):
    for name, few in (("PER_DAY", 100), ("RESTARTS", 2), ("PASSAGES", 2)):
        monkeypatch.setattr(outage, name, few)
    said = []
    with short_folder() as folder:
        rows = await outage.measured(folder, 1, said.append)
    assert said == ["fill", "backlog", "restart", "passages"]
    assert [(one.task, one.engine) for one in rows] == [
        ("backlog drained", "linhe"),
        ("backlog", "linhe"),
        ("new passage while it drains", "linhe"),
        ("memory, highest", "linhe"),
        ("memory, highest", "centre"),
        ("restart to first acknowledgement", "linhe"),
        ("passage from commit to headquarters", "linhe"),
    ]
    assert all(one.median for one in rows)
