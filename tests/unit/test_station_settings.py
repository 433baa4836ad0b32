"""A wrong configuration file is told with place and reason."""

import socket
import subprocess
import sys

import pytest

from station.bootstrap.opening import claimed
from station.domain.errors import SettingsError
from station.settings import read_settings

GOOD = """
[station]
node = "linhe"
name = "临河超限检测站"
road = "G110"
data_dir = "data"
[scale]
url = "/dev/ttyUSB0"
protocol = "yaohua-continuous"
scale_id = "S1"
certificate_no = "C1"
certificate_until = 2026-12-31
[camera]
url = "rtsp://127.0.0.1/1"
"""


def write(folder, text):
    path = folder / "station.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_good_file_is_read_and_paths_are_relative_to_it(tmp_path):
    settings = read_settings(write(tmp_path, GOOD))
    assert settings.station.data_dir == tmp_path / "data"
    assert settings.scale.division_kg == 20


def test_the_environment_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("ZHICHAO_STATION__STATION__LISTEN", "0.0.0.0:9000")
    assert read_settings(write(tmp_path, GOOD)).station.listen == "0.0.0.0:9000"


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('node = "linhe"', 'node = "Lin He"', "station.node"),
        ('node = "linhe"', "", "station.node"),
        ("[camera]", "[camera]\nzoom = 1", "camera.zoom"),
        ("certificate_until = 2026-12-31", "certificate_until = 'soon'", "certificate_until"),
        ("[scale]", "[scale]\nbaud = 0", "scale.baud"),
        ("[scale]", "[scale]\ndivision_kg = 1.5", "scale.division_kg"),
        ("[scale]", "[clock]\nmost_off_s = 301\n[scale]", "clock.most_off_s"),
        ("[scale]", "[clock]\nlongest_alone_h = 0\n[scale]", "clock.longest_alone_h"),
        ("[station]", "[station", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, where):
    with pytest.raises(SettingsError) as caught:
        read_settings(write(tmp_path, GOOD.replace(old, new)))
    assert where in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError):
        read_settings(tmp_path / "none.toml")


@pytest.mark.parametrize("command", ["run", "rebuild"])
def test_a_second_program_on_the_same_folder_is_refused(tmp_path, command):
    path = write(tmp_path, GOOD)
    with claimed(read_settings(path)):
        words = [sys.executable, "-m", "station", command, "--config", str(path)]
        result = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert "another program" in result.stderr
    with claimed(read_settings(path)):
        pass


def test_a_port_that_is_taken_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        text = GOOD.replace('road = "G110"', f'road = "G110"\nlisten = "{address}"')
        command = [sys.executable, "-m", "station", "run", "--config", str(write(tmp_path, text))]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert address in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace('"yaohua-continuous"', '"no-such"'), "toledo-continuous"),
        (GOOD.replace("data_dir", "datadir"), "station.data_dir"),
        (GOOD + '[vehicles]\nregister = "none.jsonl"\n', "none.jsonl"),
        (GOOD.replace('road = "G110"', 'road = "G110"\nmode = "always"'), "station.mode"),
    ],
)
def test_the_command_line_says_it_in_chinese_and_ends_with_1(tmp_path, text, said):
    command = [sys.executable, "-m", "station", "run", "--config", str(write(tmp_path, text))]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert any("\u4e00" <= character <= "\u9fff" for character in result.stderr)
