"""The table of a joint case: who may do what, from where, to where. What is not in it is not done.

Source: 《行政处罚法》第二十九条、第四十二条、第四十四条、第四十五条、第五十八条、第六十三条、
第六十七条;《道路交通安全法》第九十二条;《道路交通安全违法行为处理程序规定》第二十九条;
巴政办发〔2018〕52号六(三).
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import Enum
from typing import Final

from station.domain.stages import OWED, SETTLED, Custody, Penalty, Remedy, Removal, State


class By(Enum):
    """Whose act it is."""

    ROAD = "road"  # 路政
    POLICE = "police"  # 交警
    PENAL = "penal"  # 本案处罚机关: 联合执法为交警
    CENTRE = "centre"  # 中心的确认,不由人作出


class Act(Enum):
    """What can be done to a case."""

    CORRECT_PLATE = "correct_plate"  # 更正号牌
    ORDER_TO_CORRECT = "order_to_correct"  # 责令改正
    BEGIN_UNLOADING = "begin_unloading"  # 监督卸载
    RECHECK_CLEAR = "recheck_clear"  # 复检合格
    RECHECK_OVER = "recheck_over"  # 复检仍超限
    RECORD_REFUSAL = "record_refusal"  # 记录拒不改正
    RELEASE = "release"  # 放行
    DETAIN = "detain"  # 扣留车辆
    REPORT_DETENTION = "report_detention"  # 报告扣留
    HAND_IN_VEHICLE = "hand_in_vehicle"  # 扣留车辆移交所属机关
    RETURN_VEHICLE = "return_vehicle"  # 退还扣留车辆
    HAND_OVER = "hand_over"  # 案件交接
    SEND_BACK = "send_back"  # 退回补正
    ACCEPT = "accept"  # 受理
    NOTIFY = "notify"  # 处罚前告知
    HEAR = "hear"  # 陈述申辩及复核
    WAIVE = "waive"  # 放弃陈述申辩
    ASK_HEARING = "ask_hearing"  # 申请听证
    WAIVE_HEARING = "waive_hearing"  # 放弃听证
    HOLD_HEARING = "hold_hearing"  # 举行听证
    REVIEW = "review"  # 法制审核
    DECIDE = "decide"  # 处罚决定
    NOT_PUNISH = "not_punish"  # 不予处罚决定
    TAKE_EFFECT = "take_effect"  # 中心确认生效
    BAR = "bar"  # 中心认定一事不再罚
    SERVE = "serve"  # 送达
    PAY = "pay"  # 缴款回执
    DEFER = "defer"  # 准予延期或分期
    DEMAND = "demand"  # 催告
    APPLY_TO_COURT = "apply_to_court"  # 申请法院强制执行
    BEGIN_REMEDY = "begin_remedy"  # 复议或诉讼受理
    END_REMEDY = "end_remedy"  # 复议或诉讼结果
    WITHDRAW = "withdraw"  # 自行撤销决定
    WITHDRAW_PUBLISHED = "withdraw_published"  # 撤回已公开的决定信息
    CLOSE = "close"  # 结案
    COPY_OUT = "copy_out"  # 抄告
    VOID = "void"  # 作废误立的案件


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may act, from which stages, and what moves. A track left out does not matter.

    Attributes:
        removal, penalty, custody, remedy: stages from which the act is allowed.
        closed: whether the case may, or must, be closed.
        to: stages after it, of the tracks that move.
    """

    by: By
    removal: Set[Removal] = frozenset(Removal)
    penalty: Set[Penalty] = frozenset(Penalty)
    custody: Set[Custody] = frozenset(Custody)
    remedy: Set[Remedy] = frozenset(Remedy)
    closed: Set[bool] = frozenset({False})
    to: tuple[Removal | Penalty | Custody | Remedy, ...] = ()

    def allows(self, state: State) -> bool:
        """Tell whether the act follows from *state*."""
        return (
            state.removal in self.removal
            and state.penalty in self.penalty
            and state.custody in self.custody
            and state.remedy in self.remedy
        )


_STAYS: Final = {Custody.HELD, Custody.DETAINED}
_STANDS: Final = {Penalty.IN_FORCE, Penalty.SERVED, Penalty.DEMANDED, Penalty.PAID}

RULES: Final[dict[Act, Rule]] = {
    Act.CORRECT_PLATE: Rule(by=By.ROAD, penalty={Penalty.OPEN}),
    Act.ORDER_TO_CORRECT: Rule(by=By.ROAD, removal={Removal.MEASURED}, to=(Removal.ORDERED,)),
    # A driver who refused may think better of it.
    Act.BEGIN_UNLOADING: Rule(
        by=By.ROAD,
        removal={Removal.ORDERED, Removal.REFUSED},
        custody=_STAYS,
        to=(Removal.UNLOADING,),
    ),
    # A clear truck may be weighed again as long as it stands here (抽检).
    Act.RECHECK_CLEAR: Rule(
        by=By.ROAD,
        removal={Removal.UNLOADING, Removal.CLEAR},
        custody=_STAYS,
        to=(Removal.CLEAR,),
    ),
    Act.RECHECK_OVER: Rule(
        by=By.ROAD,
        removal={Removal.UNLOADING, Removal.CLEAR},
        custody=_STAYS,
        to=(Removal.UNLOADING,),
    ),
    Act.RECORD_REFUSAL: Rule(
        by=By.ROAD, removal={Removal.ORDERED, Removal.UNLOADING}, to=(Removal.REFUSED,)
    ),
    Act.RELEASE: Rule(
        by=By.ROAD, removal={Removal.CLEAR}, custody={Custody.HELD}, to=(Custody.RELEASED,)
    ),
    Act.DETAIN: Rule(
        by=By.POLICE,
        removal={Removal.ORDERED, Removal.UNLOADING, Removal.REFUSED},
        custody={Custody.HELD},
        to=(Custody.DETAINED,),
    ),
    # 程序规定 arts 25, 28: told to those above, and driven to the unit, within a day.
    Act.REPORT_DETENTION: Rule(by=By.POLICE, custody={Custody.DETAINED}),
    Act.HAND_IN_VEHICLE: Rule(by=By.POLICE, custody={Custody.DETAINED}),
    Act.RETURN_VEHICLE: Rule(
        by=By.POLICE, removal={Removal.CLEAR}, custody={Custody.DETAINED}, to=(Custody.RELEASED,)
    ),
    Act.HAND_OVER: Rule(
        by=By.ROAD,
        removal={Removal.CLEAR, Removal.REFUSED},
        penalty={Penalty.OPEN},
        to=(Penalty.HANDED_OVER,),
    ),
    Act.SEND_BACK: Rule(
        by=By.PENAL, penalty={Penalty.HANDED_OVER, Penalty.ACCEPTED}, to=(Penalty.OPEN,)
    ),
    Act.ACCEPT: Rule(by=By.PENAL, penalty={Penalty.HANDED_OVER}, to=(Penalty.ACCEPTED,)),
    Act.NOTIFY: Rule(by=By.PENAL, penalty={Penalty.ACCEPTED}, to=(Penalty.NOTIFIED,)),
    Act.HEAR: Rule(by=By.PENAL, penalty={Penalty.NOTIFIED}, to=(Penalty.HEARD,)),
    Act.WAIVE: Rule(by=By.PENAL, penalty={Penalty.NOTIFIED}, to=(Penalty.HEARD,)),
    Act.ASK_HEARING: Rule(
        by=By.PENAL, penalty={Penalty.NOTIFIED, Penalty.HEARD}, to=(Penalty.HEARING_ASKED,)
    ),
    Act.WAIVE_HEARING: Rule(by=By.PENAL, penalty={Penalty.HEARD}),
    Act.HOLD_HEARING: Rule(
        by=By.PENAL, penalty={Penalty.HEARING_ASKED}, to=(Penalty.HEARING_HELD,)
    ),
    Act.REVIEW: Rule(
        by=By.PENAL, penalty={Penalty.HEARD, Penalty.HEARING_HELD}, to=(Penalty.REVIEWED,)
    ),
    Act.DECIDE: Rule(by=By.PENAL, penalty={Penalty.HEARD, Penalty.REVIEWED}, to=(Penalty.DECIDED,)),
    Act.NOT_PUNISH: Rule(
        by=By.PENAL,
        penalty={Penalty.ACCEPTED, Penalty.NOTIFIED, Penalty.HEARD, Penalty.REVIEWED},
        to=(Penalty.NOT_PUNISHED,),
    ),
    Act.TAKE_EFFECT: Rule(by=By.CENTRE, penalty={Penalty.DECIDED}, to=(Penalty.IN_FORCE,)),
    Act.BAR: Rule(by=By.CENTRE, penalty={Penalty.DECIDED}, to=(Penalty.BARRED,)),
    Act.SERVE: Rule(by=By.PENAL, penalty={Penalty.IN_FORCE}, to=(Penalty.SERVED,)),
    Act.PAY: Rule(by=By.PENAL, penalty=OWED),  # PAID once it is all there
    Act.DEFER: Rule(by=By.PENAL, penalty={Penalty.SERVED}),
    Act.DEMAND: Rule(
        by=By.PENAL,
        penalty={Penalty.SERVED},
        remedy={Remedy.NONE, Remedy.ENDED},
        to=(Penalty.DEMANDED,),
    ),
    Act.APPLY_TO_COURT: Rule(
        by=By.PENAL,
        penalty={Penalty.DEMANDED},
        remedy={Remedy.NONE, Remedy.ENDED},
        to=(Penalty.IN_COURT,),
    ),
    Act.BEGIN_REMEDY: Rule(
        by=By.PENAL,
        penalty=_STANDS | {Penalty.IN_COURT},
        remedy={Remedy.NONE, Remedy.ENDED},
        to=(Remedy.PENDING,),
    ),
    Act.END_REMEDY: Rule(by=By.PENAL, remedy={Remedy.PENDING}, to=(Remedy.ENDED,)),
    Act.WITHDRAW: Rule(
        by=By.PENAL, penalty={Penalty.DECIDED, *_STANDS, Penalty.IN_COURT}, to=(Penalty.REVOKED,)
    ),
    Act.CLOSE: Rule(
        by=By.PENAL,
        penalty=SETTLED | {Penalty.SERVED},
        custody={Custody.RELEASED, Custody.ABSENT},
        remedy={Remedy.NONE, Remedy.ENDED},
    ),
    # 行政处罚法 art 48; after a remedy that changed the decision, see Case.rule.
    Act.WITHDRAW_PUBLISHED: Rule(
        by=By.PENAL, penalty={Penalty.REVOKED}, closed=frozenset({False, True})
    ),
    # 令62号 art 44: to the home authority, once the case is closed with its decision.
    Act.COPY_OUT: Rule(
        by=By.ROAD, penalty={Penalty.SERVED, Penalty.PAID}, closed=frozenset({True})
    ),
    # Opened by mistake: only as long as the penal authority has nothing in hand and the truck is
    # not in its custody. What was handed over is sent back first.
    Act.VOID: Rule(
        by=By.ROAD,
        penalty={Penalty.OPEN},
        custody={Custody.HELD, Custody.RELEASED, Custody.ABSENT},
        to=(Penalty.VOIDED,),
    ),
}
"""One rule for each act. Where road administration itself penalises (路政单独执法、非现场), a case
is accepted without a hand-over: see :meth:`station.domain.case.Case.rule`."""
