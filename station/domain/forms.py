"""Documents of a case (执法文书): what each is issued about, by whom, and under which condition."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from station.domain.officers import Role

OPENED: Final = "opened"
"""What a document is about that no act is: the opening of the case by the first weighing."""


class Office(Enum):
    """Which authority issues a document."""

    ROAD = "road"  # 路政
    POLICE = "police"  # 交警
    PENAL = "penal"  # 本案处罚机关
    OWN = "own"  # 作出该行为的机关


class When(Enum):
    """On what a document depends besides the act that it is about."""

    ALWAYS = "always"
    SIMPLE = "simple"  # 可以当场处罚的数额以内
    GENERAL = "general"  # 普通程序
    FINED = "fined"  # 决定了罚款


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One kind of document (文书种类), as the data of a region has it.

    Attributes:
        kind: its stable name, and that of its template.
        title: Chinese, as it stands on the document.
        prefix: what its number begins with, unique among the forms of a region.
        about: the acts that it is issued about, or :data:`OPENED`.
        copies: how many are printed (份数).
        required: paths of what it must state (法定记载事项); without them it is not issued.
        group: of the forms of one group only one is issued about the same act; "" for none.
        page: its prints bear the address of the driver's page (当事人查询页).
        closing: whether it must be in the file before the case closes, once it is due.
        signed: whether the party must sign it, or officers note why not.
        process: it tells the whole process (执法全过程), documents and recordings too.
    """

    kind: str
    title: str
    prefix: str
    about: tuple[str, ...]
    office: Office
    copies: int
    required: tuple[str, ...]
    when: When = When.ALWAYS
    group: str = ""
    page: bool = False
    closing: bool = True
    signed: bool = False
    process: bool = False

    def issuer(self, penal: Role, own: Role) -> Role:
        """Return whose document it is.

        Args:
            penal: the authority that penalises in the case.
            own: whose the act is that the document is about; the centre's answers belong to the
                authority that asked.
        """
        match self.office:
            case Office.ROAD:
                return Role.ROAD
            case Office.POLICE:
                return Role.POLICE
            case Office.PENAL:
                return penal
            case Office.OWN:
                return penal if own is Role.CENTRE else own
