"""Where a joint case stands: four tracks that run side by side.

The removal of the excess (消除违法状态), the penalty (处罚), the truck (车辆) and the party's
remedies (救济) each have their own stages. That the truck goes is a matter of the first and third
alone: no stage of the second can hold it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Removal(Enum):
    """How far the excess is removed, under road administration's eyes."""

    MEASURED = "measured"  # 初检认定超限
    ORDERED = "ordered"  # 已责令改正
    UNLOADING = "unloading"  # 卸载中
    CLEAR = "clear"  # 复检合格
    REFUSED = "refused"  # 拒不改正,已记录
    NOT_ON_SITE = "not_on_site"  # 非现场,无从卸载


class Penalty(Enum):
    """How far the penalty has come."""

    OPEN = "open"  # 未移交、未受理
    HANDED_OVER = "handed_over"  # 已移交交警
    ACCEPTED = "accepted"  # 已受理
    NOTIFIED = "notified"  # 已告知
    HEARD = "heard"  # 陈述申辩已复核或已放弃
    HEARING_ASKED = "hearing_asked"  # 已申请听证
    HEARING_HELD = "hearing_held"  # 已听证
    REVIEWED = "reviewed"  # 已法制审核
    DECIDED = "decided"  # 已决定,待中心确认
    IN_FORCE = "in_force"  # 中心已确认,待送达
    SERVED = "served"  # 已送达
    DEMANDED = "demanded"  # 已催告
    IN_COURT = "in_court"  # 已申请法院强制执行
    PAID = "paid"  # 已缴清
    NOT_PUNISHED = "not_punished"  # 不予处罚
    BARRED = "barred"  # 同一行为已有生效处罚,不再处罚
    REVOKED = "revoked"  # 决定已撤销
    VOIDED = "voided"  # 误立,已作废;不计数


class Custody(Enum):
    """Where the truck is."""

    HELD = "held"  # 停放待消除
    DETAINED = "detained"  # 交警扣留
    RELEASED = "released"  # 已放行
    ABSENT = "absent"  # 非现场,未停车


class Remedy(Enum):
    """What the party did against the decision."""

    NONE = "none"
    PENDING = "pending"  # 复议或诉讼中
    ENDED = "ended"  # 复议或诉讼已终结


SETTLED = frozenset({Penalty.PAID, Penalty.NOT_PUNISHED, Penalty.BARRED, Penalty.REVOKED})
"""Nothing is owed any more, or never was."""

DECIDABLE = frozenset({Penalty.HEARD, Penalty.REVIEWED})
"""From here the penalty may be decided: the party was told, and heard or waived."""

EFFECTIVE = frozenset(
    {Penalty.IN_FORCE, Penalty.SERVED, Penalty.DEMANDED, Penalty.IN_COURT, Penalty.PAID}
)
"""A decision stands, confirmed by the centre."""

OWED = frozenset({Penalty.SERVED, Penalty.DEMANDED, Penalty.IN_COURT})
"""Served, and not paid in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The four tracks of a case at one moment."""

    removal: Removal = Removal.MEASURED
    penalty: Penalty = Penalty.OPEN
    custody: Custody = Custody.HELD
    remedy: Remedy = Remedy.NONE

    def __str__(self) -> str:
        return " ".join(
            one.value for one in (self.removal, self.penalty, self.custody, self.remedy)
        )


BEGUN = State()
OFFSITE = State(removal=Removal.NOT_ON_SITE, custody=Custody.ABSENT)
"""非现场执法: nobody was stopped, nothing can be unloaded."""
