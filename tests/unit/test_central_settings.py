import pytest

from central.settings import address, load
from station.domain.errors import SettingsError

GOOD = """
[central]
listen = "127.0.0.1:8090"
name = "治超办"
data_dir = "data"
[[stations]]
node = "linhe"
name = "临河"
road = "G6"
"""


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "central.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return written


def test_a_file_is_read_and_its_folder_is_where_relative_paths_begin(write, tmp_path):
    settings = load(write(GOOD))

    assert address(settings.central.listen) == ("127.0.0.1", 8090)
    assert settings.central.data_dir == tmp_path / "data"
    assert settings.database.dsn == ""
    assert [one.node for one in settings.stations] == ["linhe"]
    assert settings.machines.listen == "127.0.0.1:8443"
    assert settings.machines.names == ("127.0.0.1", "localhost")


def test_the_calendars_file_is_beside_the_configuration(write, tmp_path):
    assert load(write(GOOD)).calendar.file is None
    assert load(write(GOOD + "[calendar]\nfile = 'c.yaml'\n")).calendar.file == tmp_path / "c.yaml"


def test_the_environment_comes_before_the_file(write, monkeypatch):
    monkeypatch.setenv("ZHICHAO_CENTRAL__LISTEN", "0.0.0.0:80")
    monkeypatch.setenv("ZHICHAO_DATABASE__DSN", "postgresql://x")

    settings = load(write(GOOD))

    assert address(settings.central.listen) == ("0.0.0.0", 80)
    assert settings.central.name == "治超办"
    assert settings.database.dsn == "postgresql://x"


def test_an_unrelated_variable_of_the_project_is_nobodys_business(write, monkeypatch):
    monkeypatch.setenv("ZHICHAO_PLATE_PHOTOS", "/photos")

    assert load(write(GOOD)).central.name == "治超办"


def test_an_ipv6_address_stands_in_brackets(write):
    assert address(load(write(GOOD.replace("127.0.0.1", "[::1]"))).central.listen) == ("::1", 8090)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (("data_dir", "data_dri"), r"\[central\] data_dri"),
        (('name = "治超办"\n', ""), r"\[central\] name"),
        (("127.0.0.1:8090", "127.0.0.1"), r"\[central\] listen: .*address:port"),
        (("8090", "65536"), r"\[central\] listen"),
        (("8090", "http"), r"\[central\] listen"),
        (('"G6"', '"G6"\npublic_key = "00"'), r"\[\[stations\]\] 1 public_key"),
        (("[[stations]]", "[machines]\nnames = []\n[[stations]]"), r"\[machines\] names"),
        (("[[stations]]", "[machines]\nnames = ['a b']\n[[stations]]"), r"\[machines\] names 1"),
        (("[[stations]]", "[machines]\nlisten = 'x'\n[[stations]]"), r"\[machines\] listen"),
        (('"linhe"', '"Lin he"'), r"\[\[stations\]\] 1 node"),
        (("[central]", "[centrall]"), r"\[centrall\]"),
        (('"治超办"', "治超办"), r"line 4"),
    ],
    ids=str,
)
def test_a_wrong_file_says_where_and_why(write, change, where):
    with pytest.raises(SettingsError, match=where) as refused:
        load(write(GOOD.replace(*change)))

    assert "central.toml" in str(refused.value)


def test_a_node_that_stands_there_twice_is_refused(write):
    station = GOOD[GOOD.index("[[stations]]") :]

    with pytest.raises(SettingsError, match="linhe stands there twice"):
        load(write(GOOD + station))


def test_a_file_that_is_not_there_is_a_settings_error(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        load(tmp_path / "central.toml")


def test_a_file_in_another_encoding_is_a_settings_error(write):
    with pytest.raises(SettingsError, match="utf-8"):
        load(write(GOOD.encode("gbk")))
