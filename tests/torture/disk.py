"""A disk that forgets: what a power cut may leave of the files that a program wrote.

The program's system calls are played onto a model. What was synced (``fsync`` of the file for its
content, of the folder for its names) is on the disk. Of everything else each piece may be there or
not: writes whole, cut at sectors, in any order; sizes without content; new names, renames and
removals. That is more than ext4 or XFS lose, and all that POSIX allows to be lost but for content
that nobody wrote.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.tracing import Call

SECTORS = (512, 4096)
MODES = ("lost", "prefix", "writes", "sectors", "names", "sizes")


@dataclass(slots=True, eq=False)
class File:
    """Content on the disk, and writes that are not there surely, in order."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)
    size: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One unsynced change of a file: *data* at *offset*, or a new size (``data`` None)."""

    number: int
    offset: int
    data: bytes | None


@dataclass(slots=True, eq=False)
class Folder:
    """Names on the disk, names as the program sees them, and what is between the two."""

    durable: dict[str, File | Folder] = field(default_factory=dict)
    seen: dict[str, File | Folder] = field(default_factory=dict)
    pending: list[Naming] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Naming:
    """One unsynced change of a folder's names: each name to what it then means, None: nothing."""

    number: int
    names: dict[str, File | Folder | None]


@dataclass(slots=True)
class Open:
    """A file descriptor."""

    node: File | Folder | None
    offset: int = 0


class Unknown(Exception):
    """A system call that the model does not know touched the files."""


class Disk:
    """The model. ``root`` stands for a folder that was there before."""

    def __init__(self, root: Path) -> None:
        self.path = root
        self.root = Folder()
        self.process = 0
        self.said: list[bytes] = []
        self._open: dict[int, Open] = {}
        self._dirty: dict[File | Folder, None] = {}
        self._number = 0

    def new_process(self, number: int) -> None:
        """Forget the descriptors of the one before."""
        self.process = number
        self._open.clear()

    @property
    def unsynced(self) -> int:
        """Return how many changes are not surely on the disk."""
        return sum(len(node.pending) for node in self._dirty)

    def play(self, call: Call) -> None:
        """Do what the program did.

        Raises:
            Unknown: a call without a model touched the files.
        """
        self._number += 1
        action = _ACTIONS.get(call.name)
        if action is not None:
            action(self, call)
        elif self._touches(call):
            raise Unknown(f"{call.name}{call.words}")

    def crash(self, mode: str, chance: random.Random) -> tuple[Left, int]:
        """Return what a power cut now may leave, and how many changes it took or tore."""
        numbers = [change.number for node in self._dirty for change in node.pending]
        loss = _Loss(mode, chance, numbers)
        return loss.folder(self.root), loss.taken

    # One method for each system call.

    def _opened(self, call: Call) -> None:
        at = self._at(call.texts[0])
        flags = call.words[2] if call.name == "openat" else call.words[1]
        node: File | Folder | None = None
        if at is not None and not at[1].endswith("-shm"):
            folder, name = at
            node = self.root if name == "" else folder.seen.get(name)
            if node is None and "O_CREAT" in flags:
                node = File()
                self._name(folder, {name: node})
            if isinstance(node, File) and "O_TRUNC" in flags and node.size:
                self._change(node, 0, None)
        self._open[call.result] = Open(node)

    def _closed(self, call: Call) -> None:
        self._open.pop(int(call.words[0]), None)

    def _duplicated(self, call: Call) -> None:
        self._open[call.result] = self._open.get(int(call.words[0]), Open(None))

    def _written(self, call: Call) -> None:
        number = int(call.words[0])
        if number == 1:
            self.said.append(call.texts[0])
            return
        handle = self._open.get(number)
        if handle is None or not isinstance(handle.node, File):
            return
        positioned = call.name == "pwrite64"
        offset = int(call.words[3]) if positioned else handle.offset
        if call.result:
            self._change(handle.node, offset, call.texts[0][: call.result])
        if not positioned:
            handle.offset = offset + call.result

    def _sought(self, call: Call) -> None:
        if handle := self._open.get(int(call.words[0])):
            handle.offset = call.result

    def _resized(self, call: Call) -> None:
        handle = self._open.get(int(call.words[0]))
        if handle and isinstance(handle.node, File):
            self._change(handle.node, int(call.words[1]), None)

    def _synced(self, call: Call) -> None:
        handle = self._open.get(int(call.words[0]))
        if handle is None or handle.node is None:
            return
        node = handle.node
        if isinstance(node, Folder):
            node.durable = dict(node.seen)
        else:
            for change in node.pending:
                _apply(node.durable, change)
        node.pending.clear()
        self._dirty.pop(node, None)

    def _made(self, call: Call) -> None:
        if at := self._at(call.texts[0]):
            self._name(at[0], {at[1]: Folder()})

    def _renamed(self, call: Call) -> None:
        old, new = (self._at(text) for text in call.texts)
        if old and new:
            node = old[0].seen[old[1]]
            if old[0] is new[0]:
                self._name(old[0], {old[1]: None, new[1]: node})
            else:
                self._name(old[0], {old[1]: None})
                self._name(new[0], {new[1]: node})

    def _linked(self, call: Call) -> None:
        old, new = (self._at(text) for text in call.texts)
        if old and new:
            self._name(new[0], {new[1]: old[0].seen[old[1]]})

    def _removed(self, call: Call) -> None:
        at = self._at(call.texts[0])
        if at and at[1] in at[0].seen:
            self._name(at[0], {at[1]: None})

    def _change(self, node: File, offset: int, data: bytes | None) -> None:
        node.size = offset if data is None else max(node.size, offset + len(data))
        node.pending.append(Change(self._number, offset, data))
        self._dirty[node] = None

    def _name(self, folder: Folder, names: dict[str, File | Folder | None]) -> None:
        for name, node in names.items():
            if node is None:
                folder.seen.pop(name, None)
            else:
                folder.seen[name] = node
        folder.pending.append(Naming(self._number, names))
        self._dirty[folder] = None

    def _at(self, text: bytes) -> tuple[Folder, str] | None:
        """Return the folder and the name of a path below the root, ("", the root itself)."""
        path = Path(text.decode(errors="replace"))
        if path == self.path:
            return self.root, ""
        if not path.is_relative_to(self.path):
            return None
        *above, name = path.relative_to(self.path).parts
        folder = self.root
        for part in above:
            node = folder.seen[part]
            assert isinstance(node, Folder)
            folder = node
        return folder, name

    def _touches(self, call: Call) -> bool:
        first = call.words[0]
        handle = self._open.get(int(first)) if first.isdigit() else None
        return bool((handle and handle.node) or any(self._at(text) for text in call.texts))


Left = dict[str, "bytes | Left"]
"""What lies in a folder: content, or a folder again."""


class _Loss:
    """One power cut. *mode* says what kind of loss it tries hardest."""

    def __init__(self, mode: str, chance: random.Random, numbers: list[int]) -> None:
        self._chance = chance
        self._keep = 0.0 if mode == "lost" else chance.choice((0.1, 0.5, 0.9))
        self._sector = chance.choice(SECTORS) if mode in ("sectors", "prefix") else None
        self._names_only = mode == "names"
        self._sizes = mode == "sizes"
        self._until = chance.choice(numbers) if mode == "prefix" and numbers else None
        self.taken = 0

    def folder(self, folder: Folder) -> Left:
        """Return what is left of it."""
        names = dict(folder.durable)
        gone: set[str] = set()
        for naming in folder.pending:
            # What builds on a change that was lost is lost with it.
            if gone.isdisjoint(naming.names) and self._stays(naming.number):
                for name, node in naming.names.items():
                    if node is None:
                        names.pop(name, None)
                    else:
                        names[name] = node
            else:
                gone.update(naming.names)
                self.taken += 1
        return {
            name: self.folder(node) if isinstance(node, Folder) else self._content(node)
            for name, node in names.items()
        }

    def _content(self, file: File) -> bytes:
        if not file.pending:
            return bytes(file.durable)
        content = bytearray(file.durable)
        for change in file.pending:
            self._write(content, change)
        return bytes(content)

    def _write(self, content: bytearray, change: Change) -> None:
        if self._names_only or (change.data is None and self._stays(change.number)):
            _apply(content, change)
            return
        if change.data is None:
            self.taken += 1
            return
        if self._sector is None or (self._until is not None and change.number != self._until):
            kept = self._stays(change.number)
            if kept:
                _apply(content, change)
        else:
            kept = self._torn(content, change, self._sector)
        if not kept:
            self.taken += 1
            end = change.offset + len(change.data)
            if self._sizes and len(content) < end:
                content.extend(bytes(end - len(content)))

    def _torn(self, content: bytearray, change: Change, sector: int) -> bool:
        data, whole = change.data or b"", True
        start = change.offset
        while start < change.offset + len(data):
            end = min(change.offset + len(data), (start // sector + 1) * sector)
            if self._chance.random() < self._keep:
                piece = data[start - change.offset : end - change.offset]
                _apply(content, Change(change.number, start, piece))
            else:
                whole = False
            start = end
        return whole

    def _stays(self, number: int) -> bool:
        if self._until is not None:
            return number <= self._until
        return self._chance.random() < self._keep


def _apply(content: bytearray, change: Change) -> None:
    size = change.offset + len(change.data or b"")
    if change.data is None:
        del content[size:]
    if len(content) < size:
        content.extend(bytes(size - len(content)))
    if change.data is not None:
        content[change.offset : size] = change.data


_ACTIONS: dict[str, Callable[[Disk, Call], None]] = {
    "open": Disk._opened,
    "openat": Disk._opened,
    "creat": Disk._opened,
    "close": Disk._closed,
    "dup": Disk._duplicated,
    "dup2": Disk._duplicated,
    "dup3": Disk._duplicated,
    "write": Disk._written,
    "pwrite64": Disk._written,
    "lseek": Disk._sought,
    "ftruncate": Disk._resized,
    "fsync": Disk._synced,
    "fdatasync": Disk._synced,
    "mkdir": Disk._made,
    "rename": Disk._renamed,
    "link": Disk._linked,
    "unlink": Disk._removed,
    "rmdir": Disk._removed,
    "unlinkat": Disk._removed,
    "renameat": Disk._renamed,
    "renameat2": Disk._renamed,
    "linkat": Disk._linked,
    "mkdirat": Disk._made,
}
