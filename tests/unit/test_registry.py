"""The documents of a region are data: read strictly, and filled in by the station's settings."""

import pytest

from station.bootstrap.documents import press
from station.documents.registry import Registry, registry
from station.documents.typesetting import TEMPLATES
from station.domain.errors import SettingsError
from station.domain.forms import OPENED
from station.domain.procedure import Act
from station.rules.lawbook import lawbook
from station.settings import read_settings

GOOD = (TEMPLATES / "bayannur" / "documents.yaml").read_text("utf-8")
TOML = """
[station]
node = "wulate"
name = "乌拉特前旗超限检测站"
road = "G110"
data_dir = "data"
[scale]
url = "socket://127.0.0.1:9"
protocol = "toledo-continuous"
scale_id = "S1"
certificate_no = "C1"
certificate_until = 2026-12-31
[camera]
url = "http://127.0.0.1:9/"
[documents]
"""


def made(tmp_path, more):
    path = tmp_path / "station.toml"
    path.write_text(TOML + more, "utf-8")
    return press(read_settings(path), lawbook())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("prefix: 卸\n", "prefix: 检\n"),
        ("kind: unloading_notice", "kind: weighing_slip"),
        ("office: police", "office: nobody"),
        ("copies: 3", "copies: 0"),
        ("group: decision", "grouped: decision"),
        ("number:", "numbers:"),
    ],
)
def test_a_file_that_is_not_what_it_must_be_is_refused(old, new):
    assert old in GOOD
    with pytest.raises(ValueError, match=r"bayannur/documents\.yaml"):
        Registry("bayannur", GOOD.replace(old, new).encode())


def test_every_form_is_about_acts_that_there_are():
    known = {OPENED, *(act.value for act in Act)}
    assert all(set(form.about) <= known for form in registry("bayannur").forms.values())


def test_a_station_without_a_short_name_goes_by_its_node(tmp_path):
    made_press = made(tmp_path, "")
    assert made_press.number(made_press.forms["decision"], 2026, 12) == "WULATE罚〔2026〕0012号"


def test_offices_of_the_settings_stand_before_those_of_the_region(tmp_path):
    filled = made(tmp_path, '[documents.offices.bank]\nname = "某银行"\naddress = "某街1号"\n')
    assert filled.place.offices["bank"].name == "某银行"
    assert "待填" in filled.place.offices["road"].name


def test_an_unknown_region_is_a_mistake_in_the_settings(tmp_path):
    with pytest.raises(SettingsError, match="bayannur"):
        made(tmp_path, 'region = "nowhere"\n')
