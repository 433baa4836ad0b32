"""What somebody would write instead: ``python -m benchmarks.acts_peer FOLDER``.

A bare FastAPI handler that checks a body and commits one row to SQLite, durably. It says its
address on standard output and serves until its standard input ends.
"""

from __future__ import annotations

import socket
import sqlite3
import sys
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Act(BaseModel):
    """The body of an act, as the station takes it."""

    act: str
    second_officer: str
    details: dict[str, str | int]


def app(folder: Path) -> FastAPI:
    """Return the application over a database in *folder*."""
    connection = sqlite3.connect(folder / "bare.sqlite", check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE act (seq INTEGER PRIMARY KEY, case_no TEXT, body TEXT)")
    guard = threading.Lock()
    made = FastAPI()

    @made.post("/cases/{case_no}/acts")
    def act(case_no: str, asked: Act) -> dict[str, int]:
        with guard, connection:
            row = connection.execute(
                "INSERT INTO act (case_no, body) VALUES (?, ?)", (case_no, asked.model_dump_json())
            )
        return {"receipt": row.lastrowid or 0}

    return made


def main(folder: Path) -> None:
    """Serve until standard input ends."""
    server = uvicorn.Server(uvicorn.Config(app(folder), log_level="warning"))
    listening = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()

    def until_input_ends() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=until_input_ends, daemon=True).start()
    server.run([listening])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
