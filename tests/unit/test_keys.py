"""Private keys in files: made once, read by their user alone, exchanged as a whole."""

import pytest

from station.domain.errors import SettingsError
from station.keys.files import create_durably, move_durably, read_secret, write_durably
from station.keys.signing import existing_signer, new_private_key, signer


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_key_is_made_once_and_is_its_users_alone(tmp_path):
    path = tmp_path / "new" / "station.key"

    first = signer(path)

    assert signer(path).public_key == first.public_key
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(path.parent) == ["station.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610])
def test_a_key_that_others_can_touch_is_refused(tmp_path, mode):
    path = tmp_path / "station.key"
    signer(path)
    path.chmod(mode)

    with pytest.raises(SettingsError, match="chmod 600"):
        signer(path)


@pytest.mark.parametrize("content", [b"", b"rubbish"])
def test_what_is_no_key_is_refused_and_not_replaced(tmp_path, content):
    path = tmp_path / "station.key"
    write_durably(path, content)

    with pytest.raises(SettingsError):
        signer(path)

    assert path.read_bytes() == content


def test_of_two_programs_that_make_the_key_the_first_wins(tmp_path):
    path = tmp_path / "station.key"
    create_durably(path, new_private_key())
    first = path.read_bytes()

    create_durably(path, new_private_key())

    assert path.read_bytes() == first
    assert names(tmp_path) == ["station.key"]


def test_a_key_that_must_be_there_is_not_made(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        existing_signer(tmp_path / "station.key")
    assert names(tmp_path) == []


def test_a_file_takes_the_place_of_another_as_a_whole(tmp_path):
    old, new = tmp_path / "a", tmp_path / "b"
    write_durably(old, b"old")
    write_durably(new, b"new")

    move_durably(new, old)

    assert read_secret(old) == b"new"
    assert names(tmp_path) == ["a"]


def test_a_folder_that_cannot_be_written_is_a_settings_error(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match="File exists"):
        write_durably(tmp_path / "file" / "station.key", b"")
