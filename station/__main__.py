"""The station's command line: ``python -m station …``."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from station.contract.messages import message
from station.domain.errors import ZhichaoError

if TYPE_CHECKING:
    from rich.progress import Progress

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
officer_app = typer.Typer(no_args_is_help=True, help="Officers' accounts of this station.")
app.add_typer(officer_app, name="officer")
law_app = typer.Typer(no_args_is_help=True, help="The law as dated data.")
app.add_typer(law_app, name="law")

Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"])]
Config = Annotated[Path, typer.Option("--config", help="The station's TOML file.")]
_EDITION = "`current` (the package's own), or a folder of law files."


@app.command()
def run(config: Config) -> None:
    """Run the station: scale, camera, console, uplink."""
    from station.bootstrap.running import run as run_station
    from station.settings import read_settings

    settings = read_settings(config)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    typer.echo(f"{settings.station.name} http://{settings.station.listen}")
    asyncio.run(run_station(settings))


@app.command()
def key(config: Config) -> None:
    """Print the key that signs the next entry: its id and fingerprint, and the public key (hex)."""
    from station.bootstrap.opening import signing_key
    from station.contract.signature import fingerprint
    from station.settings import read_settings

    found = signing_key(read_settings(config))
    typer.echo(f"{found.key_id}\n{fingerprint(found.public_key)}\n{found.public_key.hex()}")


@app.command()
def enrol(
    config: Config,
    token: Annotated[str, typer.Option("--token", help="As the centre printed it.")] = "",
    *,
    token_stdin: Annotated[bool, typer.Option("--token-stdin", help="Better: unseen.")] = False,
) -> None:
    """Enrol the station at its centre by a single-use token. The station may be running."""
    from station.bootstrap.enrolling import enrol as enrol_station
    from station.settings import read_settings

    given = sys.stdin.readline() if token_stdin else token
    key_id, ends_at = asyncio.run(enrol_station(read_settings(config), given))
    fields = {"key_id": key_id, "ends_on": f"{ends_at:%Y-%m-%d}"}
    typer.echo(message("keys.enrolled", fields))


@app.command("rotate-key")
def rotate_key(config: Config) -> None:
    """Sign with a new key from the next entry on. The station must not be running."""
    from station.bootstrap.upkeep import rotated
    from station.settings import read_settings

    typer.echo(message("keys.rotated", {"key_id": asyncio.run(rotated(read_settings(config)))}))


@app.command()
def decode(
    protocol: Annotated[str, typer.Option("--protocol", help="e.g. yaohua-continuous")],
) -> None:
    """Decode an indicator's bytes from standard input to JSON lines."""
    from station.scale_driver.decode import decode_stream

    decode_stream(protocol, sys.stdin.buffer, sys.stdout)


@app.command("read-plates")
def read_plates(
    paths: Annotated[list[Path], typer.Argument(help="Pictures, or folders of them.")],
    *,
    crop: Annotated[bool, typer.Option("--crop", help="Each picture is a plate alone.")] = False,
) -> None:
    """Read the plates of pictures, one JSON object for each."""
    from station.plate_reader.command import read_plates as read

    read(paths, crop, sys.stdout)


@app.command()
def rebuild(config: Config) -> None:
    """Throw the views away and fold the ledgers anew. The station must not be running."""
    from station.bootstrap.upkeep import rebuild as rebuild_views
    from station.settings import read_settings

    settings = read_settings(config)
    with _progress() as progress:
        task = progress.add_task(settings.station.node, total=None)
        count = asyncio.run(
            rebuild_views(
                settings, lambda done, rows: progress.update(task, completed=done, total=rows)
            )
        )
    typer.echo(f"{count} entries")


@app.command()
def check(config: Config) -> None:
    """Check the whole store: ledger, views, pictures. Reads only; the station may run."""
    from station.bootstrap.opening import check_of
    from station.settings import read_settings

    settings = read_settings(config)
    with _progress() as bar:
        tasks = {what: bar.add_task(what, total=None) for what in ("entry", "media")}
        found = check_of(settings, lambda what, done: bar.update(tasks[what], completed=done))
        problems = [_line(problem) for problem in found]
    for line in problems:
        typer.echo(line, err=True)
    if problems:
        raise typer.Exit(1)
    done = {"entries": found.entries, "pictures": found.pictures}
    typer.echo(message("store.checked", done))


@app.command()
def rejoin(
    config: Config, reason: Annotated[str, typer.Option("--reason", help="For the record.")]
) -> None:
    """After a fork: keep the own branch aside and take up the one that the centre holds."""
    from station.bootstrap.upkeep import rejoin as rejoin_centre
    from station.settings import read_settings

    digests = asyncio.run(rejoin_centre(read_settings(config), reason))
    _print([*digests, message("done.rejoined", {"count": len(digests)})])


@app.command()
def receipts(config: Config) -> None:
    """Print the centre's receipts, a line of JSON each: for an audit. The station may run."""
    from station.bootstrap.upkeep import receipts as kept_receipts
    from station.settings import read_settings

    _print(asyncio.run(kept_receipts(read_settings(config))))


@app.command()
def retain(config: Config) -> None:
    """Erase the recordings whose time is over and that no case refers to. Also done every day."""
    from station.bootstrap.upkeep import retain as erase_recordings
    from station.settings import read_settings

    count = asyncio.run(erase_recordings(read_settings(config)))
    typer.echo(message("done.recordings_erased", {"count": count}))


@app.command("erase-personal")
def erase_personal(
    config: Config,
    before: Annotated[datetime, typer.Option("--before", formats=["%Y-%m-%d"])],
    reason: Annotated[str, typer.Option("--reason", help="By what rule: for the record.")],
) -> None:
    """Erase names and numbers of persons in acts before a day, on cases that are closed."""
    from station.bootstrap.upkeep import erase_personal as erase
    from station.settings import read_settings

    count = asyncio.run(erase(read_settings(config), before.date(), reason))
    typer.echo(message("done.personal_erased", {"count": count}))


@app.command()
def decide() -> None:
    """Decide facts from standard input, one JSON object a line, by the dated law."""
    from station.rules.jsonl import decide_lines
    from station.rules.lawbook import lawbook

    decide_lines(sys.stdin.buffer, sys.stdout.buffer, lawbook())


@app.command()
def redecide(
    source: Annotated[Path, typer.Option("--in", help="A history as columns (Parquet).")],
    out: Annotated[Path, typer.Option("--out", help="Where the rows that differ go (Parquet).")],
    on_edition: Annotated[str, typer.Option("--on-edition", help=_EDITION)] = "current",
    from_edition: Annotated[
        str, typer.Option("--from-edition", help="To compare with, where nothing is recorded.")
    ] = "current",
    gross_permille: Annotated[
        int | None, typer.Option("--gross-permille", help="Calibration: new mass of 1000 kg.")
    ] = None,
) -> None:
    """Decide a history anew, by another edition or calibration, and write only what changes."""
    from station.domain.units import Permille
    from station.store.history import Revision
    from station.store.history import redecide as decide_anew
    from station.store.law_files import law_book

    revision = Revision(
        old=law_book(from_edition),
        new=law_book(on_edition),
        permille=None if gross_permille is None else Permille(gross_permille),
    )
    with _progress() as progress:
        task = progress.add_task(source.name, total=None)
        summary = decide_anew(
            source,
            out,
            revision,
            lambda done, rows: progress.update(task, completed=done, total=rows),
        )
    for (old, new), count in sorted(summary.verdicts.items()):
        typer.echo(f"{count}\t{old}\t{new}")
    typer.echo(f"{summary.changed} of {summary.rows} rows differ: {out}")


@app.command("export-bundle")
def export_bundle_command(
    config: Config,
    case_no: Annotated[str, typer.Option("--case", help="Number of the case.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to; no such file yet.")],
    law: Annotated[
        Path | None, typer.Option(help="A folder of law files, for a finding by an older edition.")
    ] = None,
    *,
    without_personal: Annotated[
        bool, typer.Option("--without-personal", help="Leave names and numbers of persons out.")
    ] = False,
) -> None:
    """Write the evidence bundle of a case. Reads only; the station may run, the centre be away."""
    from station.bootstrap.exporting import export_bundle
    from station.settings import read_settings

    settings, personal = read_settings(config), not without_personal
    collected = asyncio.run(export_bundle(settings, case_no, out, law=law, personal=personal))
    _print(collected.said(str(out)))


@app.command("export-history")
def export_history_command(config: Config, out: Annotated[Path, typer.Option("--out")]) -> None:
    """Write the passages of this station as columns (Parquet), with their recorded verdicts."""
    from station.bootstrap.opening import open_store
    from station.settings import read_settings
    from station.store.history import export_history

    stored = open_store(read_settings(config))
    try:
        views = asyncio.run(stored.ledger.passages(sys.maxsize))
    finally:
        stored.close()
    typer.echo(f"{export_history(reversed(views), out)} rows: {out}")


@law_app.command("list")
def law_list_command(on: Day = None) -> None:
    """List every parameter of the law, with its value of a day."""
    from station.rules.inspect import law_list
    from station.rules.lawbook import lawbook

    _print(law_list(lawbook(), on.date() if on else None))


@law_app.command("show")
def law_show_command(key: str, on: Day = None) -> None:
    """Show one parameter: its history, sources and confidence."""
    from station.rules.inspect import law_show
    from station.rules.lawbook import lawbook

    _print(law_show(lawbook(), key, on.date() if on else None))


@law_app.command("check")
def law_check_command(
    edition: Annotated[str, typer.Option("--edition", help=_EDITION)] = "current",
) -> None:
    """Check every law file, and list what is only recalled."""
    from station.rules.inspect import check_lines, law_check
    from station.store.law_files import law_files

    check = law_check(law_files(edition))
    _print(check_lines(check))
    if check.problems:
        raise typer.Exit(1)


@law_app.command("pages")
def law_pages_command(folder: Path) -> None:
    """Write a page for each rule."""
    from station.rules.lawbook import lawbook
    from station.rules.pages import write_pages

    typer.echo(f"{write_pages(folder, lawbook())} pages")


@app.command()
def openapi() -> None:
    """Print the description of the console's interface."""
    from station.api.app import description

    typer.echo(json.dumps(description(), ensure_ascii=False, indent=1))


@officer_app.command("add")
def officer_add(
    config: Config,
    certificate: Annotated[str, typer.Option(help="Number of the certificate (执法证号).")],
    name: Annotated[str, typer.Option()],
    role: Annotated[str, typer.Option(help="road, police, hq or admin")],
    valid_until: Annotated[str, typer.Option(help="Last day of validity, YYYY-MM-DD.")],
    *,
    password_stdin: Annotated[bool, typer.Option("--password-stdin")] = False,
) -> None:
    """Make an account, or change one. The password comes from standard input or a prompt."""
    from station.bootstrap.upkeep import add_officer
    from station.domain.officers import Officer, Role
    from station.settings import read_settings

    password = sys.stdin.readline().rstrip("\n") if password_stdin else _prompt()
    officer = Officer(
        certificate_no=certificate,
        name=name,
        role=Role(role),
        valid_until=date.fromisoformat(valid_until),
    )
    asyncio.run(add_officer(read_settings(config), officer, password))


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _progress() -> Progress:
    """Return a bar on standard error, with rows a second and the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    return Progress(*columns, console=Console(stderr=True))


def _prompt() -> str:
    password: str = typer.prompt("密码", hide_input=True, confirmation_prompt=True)
    return password


def main() -> None:
    """Run a command; an error of ours is one line that a person can act on."""
    try:
        app()
    except* ZhichaoError as group:
        for exc in _leaves(group):
            typer.echo(_line(exc), err=True)
        sys.exit(1)


def _line(exc: ZhichaoError) -> str:
    text = message(exc.code, {"detail": exc.detail, **exc.fields})
    return f"{text} [{exc}]"


def _leaves(group: BaseExceptionGroup[ZhichaoError]) -> list[ZhichaoError]:
    leaves: list[ZhichaoError] = []
    for exc in group.exceptions:
        leaves += _leaves(exc) if isinstance(exc, BaseExceptionGroup) else [exc]
    return leaves


if __name__ == "__main__":
    main()
