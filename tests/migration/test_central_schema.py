import asyncio
from dataclasses import replace
from importlib.resources import files

import asyncpg
import pytest

from central.store.migrate import migrate, migrations
from station.domain.errors import StoreFailed

pytest_plugins = ["tests.migration.central_database"]

CATALOG = """
SELECT table_name, column_name, data_type, is_nullable, column_default, identity_generation,
       (row_number() OVER (PARTITION BY table_name ORDER BY ordinal_position))::text
  FROM information_schema.columns WHERE table_schema = 'public'
 UNION ALL
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', '', ''
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
 UNION ALL
SELECT tablename, indexname, indexdef, '', '', '', '' FROM pg_indexes WHERE schemaname = 'public'
 UNION ALL
SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text, '', '', ''
  FROM pg_trigger WHERE NOT tgisinternal
 UNION ALL
SELECT proname, '', pg_get_functiondef(oid), '', '', '', ''
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace
 UNION ALL
SELECT relname, '', coalesce(relacl::text, ''), '', '', '', ''
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
 UNION ALL
SELECT tablename, policyname, cmd, coalesce(qual, ''), coalesce(with_check, ''), '', ''
  FROM pg_policies WHERE schemaname = 'public'
 UNION ALL
SELECT relname, 'row security', relrowsecurity::text, relforcerowsecurity::text, '', '', ''
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
 ORDER BY 1, 2, 3, 4, 5, 6, 7
"""


@pytest.fixture
async def connection(empty_dsn):
    opened = await asyncpg.connect(empty_dsn)
    yield opened
    await opened.close()


async def catalog(connection):
    rows = [tuple(row) for row in await connection.fetch(CATALOG)]
    return [row for row in rows if "schema_migration" not in row[0]]


async def test_schema_sql_is_the_sum_of_the_migrations(connection, database):
    text = (files("central.store") / "sql" / "schema.sql").read_text("utf-8")
    await connection.execute(text)

    async with database.acquire() as migrated:
        expected = await catalog(migrated)

    assert len(expected) > 80
    assert await catalog(connection) == expected


async def test_a_second_run_applies_nothing(connection):
    first = await migrate(connection)

    assert first == len(migrations()) >= 3
    assert await migrate(connection) == 0


async def test_a_migration_that_was_changed_after_it_was_applied_is_refused(connection):
    await migrate(connection)
    first, *others = migrations()
    changed = (replace(first, text=first.text + "-- later"), *others)

    with pytest.raises(StoreFailed, match="changed after it was applied"):
        await migrate(connection, changed)


async def test_a_database_of_a_newer_program_is_refused(connection):
    await migrate(connection)

    with pytest.raises(StoreFailed, match="newer version"):
        await migrate(connection, migrations()[:-1])


async def test_a_migration_that_fails_leaves_nothing_of_itself(connection):
    known = migrations()
    broken = replace(
        known[-1], version=known[-1].version + 1, text="CREATE TABLE half (); SELECT 1/0;"
    )

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(connection, (*known, broken))

    assert await connection.fetchval("SELECT to_regclass('half')") is None
    assert await connection.fetchval("SELECT count(*) FROM schema_migration") == len(known)


async def test_a_month_that_was_begun_before_keeps_its_new_entries_as_they_are(connection):
    known = migrations()
    pages = next(one for one in known if one.name == "entry_pages")
    await migrate(connection, known[: pages.version - 1])
    await connection.execute("SELECT make_entry_month('2026-02-01')")

    await migrate(connection)
    await connection.execute("SELECT make_entry_month('2026-03-01')")

    options = "SELECT reloptions FROM pg_class WHERE relname = $1"
    for month in ("entry_2026_02", "entry_2026_03"):
        assert await connection.fetchval(options, month) == ["toast_tuple_target=8160"]


async def test_two_programs_that_start_at_once_migrate_once(empty_dsn):
    connections = [await asyncpg.connect(empty_dsn) for _ in range(3)]
    try:
        applied = await asyncio.gather(*(migrate(one) for one in connections))
    finally:
        for one in connections:
            await one.close()

    assert sorted(applied) == [0, 0, len(migrations())]
