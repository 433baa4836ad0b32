"""The fourteen configurations (车型) that the 认定标准 draws."""

from __future__ import annotations

from enum import Enum


class Configuration(Enum):
    """Number of axles, and R truck, A articulated, C centre-axle trailer, F full trailer."""

    TR_02 = "TR-02"  # 二轴载货汽车
    TR_03_R = "TR-03-R"  # 三轴载货汽车
    TR_03_A = "TR-03-A"  # 三轴铰接列车
    TR_03_C = "TR-03-C"  # 三轴中置轴挂车列车
    TR_04_R = "TR-04-R"  # 四轴载货汽车
    TR_04_A = "TR-04-A"  # 四轴铰接列车
    TR_04_C = "TR-04-C"  # 四轴中置轴挂车列车
    TR_04_F = "TR-04-F"  # 四轴全挂汽车列车
    TR_05_A = "TR-05-A"  # 五轴铰接列车
    TR_05_C = "TR-05-C"  # 五轴中置轴挂车列车
    TR_05_F = "TR-05-F"  # 五轴全挂汽车列车
    TR_06_A = "TR-06-A"  # 六轴铰接列车, six axles or more
    TR_06_C = "TR-06-C"  # 六轴中置轴挂车列车
    TR_06_F = "TR-06-F"  # 六轴全挂汽车列车
