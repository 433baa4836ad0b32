"""The disk that forgets: what is synced stays, what is not may go, and the trace is read right."""

import random
from pathlib import Path

import pytest

from tests.torture.disk import MODES, Disk, Unknown
from tests.torture.tracing import Call, calls

ROOT = Path("/world")


def opened(path, fd, flags="O_RDWR|O_CREAT"):
    return Call("openat", ("AT_FDCWD", '""', flags, "0644"), (f"{ROOT}/{path}".encode(),), fd)


def written(fd, offset, data):
    return Call("pwrite64", (str(fd), '""', str(len(data)), str(offset)), (data,), len(data))


def synced(fd):
    return Call("fsync", (str(fd),), (), 0)


def renamed(old, new):
    texts = (f"{ROOT}/{old}".encode(), f"{ROOT}/{new}".encode())
    return Call("rename", ('""', '""'), texts, 0)


FOLDER = Call("openat", ("AT_FDCWD", '""', "O_RDONLY|O_DIRECTORY"), (str(ROOT).encode(),), 9)
KEPT = (FOLDER, synced(9))


def played(*happened):
    disk = Disk(ROOT)
    for call in happened:
        disk.play(call)
    return disk


def left(disk, mode, seed=1):
    return disk.crash(mode, random.Random(seed))


@pytest.mark.parametrize("mode", MODES)
def test_what_was_synced_stays(mode):
    disk = played(opened("a", 3), written(3, 0, b"x" * 5000), synced(3), *KEPT)
    assert disk.unsynced == 0
    assert left(disk, mode) == ({"a": b"x" * 5000}, 0)


def test_content_that_was_not_synced_is_lost():
    disk = played(opened("a", 3), *KEPT, written(3, 0, b"x"), synced(3), written(3, 1, b"y"))
    assert left(disk, "lost") == ({"a": b"x"}, 1)


def test_a_name_that_was_not_synced_is_lost_though_the_content_was_synced():
    disk = played(opened("a", 3), written(3, 0, b"x"), synced(3))
    assert left(disk, "lost") == ({}, 1)


def test_a_rename_that_was_not_synced_leaves_the_old_name():
    disk = played(
        opened("a.part", 3), written(3, 0, b"x"), synced(3), *KEPT, renamed("a.part", "a")
    )
    assert left(disk, "lost") == ({"a.part": b"x"}, 1)


def test_a_write_is_torn_at_sectors():
    disk = played(opened("a", 3), *KEPT, written(3, 100, b"x" * 4000))
    contents = [left(disk, "sectors", seed)[0]["a"] for seed in range(50)]
    sectors = {content[512:1024] for content in contents if len(content) >= 1024}
    assert sectors == {b"x" * 512, bytes(512)}


def test_the_size_may_be_there_without_the_content():
    disk = played(opened("a", 3), *KEPT, written(3, 0, b"x" * 10))
    assert {left(disk, "sizes", seed)[0]["a"] for seed in range(50)} == {b"x" * 10, bytes(10)}


def test_a_call_that_is_not_modelled_is_not_overlooked():
    with pytest.raises(Unknown):
        played(opened("a", 3), Call("fallocate", ("3", "0", "0", "4096"), (), 0))


def test_the_record_is_read_across_threads_and_without_injected_calls():
    record = [
        '7 openat(AT_FDCWD, "\\x61", O_RDONLY) = 3',
        "7 fsync(3 <unfinished ...>",
        '8 write(1, "\\x62\\x0a", 2) = 2',
        "7 <... fsync resumed>) = 0",
        "7 fdatasync(3) = 0 (INJECTED)",
        '7 open("\\x63", O_RDONLY) = -1 ENOENT (No such file or directory)',
        "7 +++ exited with 0 +++",
    ]
    read = list(calls(iter(line + "\n" for line in record)))
    assert [(call.name, call.texts, call.result) for call in read] == [
        ("openat", (b"a",), 3),
        ("write", (b"b\n",), 2),
        ("fsync", (), 0),
    ]
