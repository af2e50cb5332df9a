"""OpenPose COCO-18: joints, limbs and their channels in the part affinity fields."""

from enum import IntEnum
from typing import Final


class Joint(IntEnum):
    """COCO-18 joints in OpenPose's order; left and right are the person's own."""

    NOSE = 0
    NECK = 1
    RIGHT_SHOULDER = 2
    RIGHT_ELBOW = 3
    RIGHT_WRIST = 4
    LEFT_SHOULDER = 5
    LEFT_ELBOW = 6
    LEFT_WRIST = 7
    RIGHT_HIP = 8
    RIGHT_KNEE = 9
    RIGHT_ANKLE = 10
    LEFT_HIP = 11
    LEFT_KNEE = 12
    LEFT_ANKLE = 13
    RIGHT_EYE = 14
    LEFT_EYE = 15
    RIGHT_EAR = 16
    LEFT_EAR = 17


JOINT_COUNT: Final = len(Joint)

LIMBS: Final[tuple[tuple[Joint, Joint], ...]] = (
    (Joint.NECK, Joint.RIGHT_SHOULDER),
    (Joint.NECK, Joint.LEFT_SHOULDER),
    (Joint.RIGHT_SHOULDER, Joint.RIGHT_ELBOW),
    (Joint.RIGHT_ELBOW, Joint.RIGHT_WRIST),
    (Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW),
    (Joint.LEFT_ELBOW, Joint.LEFT_WRIST),
    (Joint.NECK, Joint.RIGHT_HIP),
    (Joint.RIGHT_HIP, Joint.RIGHT_KNEE),
    (Joint.RIGHT_KNEE, Joint.RIGHT_ANKLE),
    (Joint.NECK, Joint.LEFT_HIP),
    (Joint.LEFT_HIP, Joint.LEFT_KNEE),
    (Joint.LEFT_KNEE, Joint.LEFT_ANKLE),
    (Joint.NECK, Joint.NOSE),
    (Joint.NOSE, Joint.RIGHT_EYE),
    (Joint.RIGHT_EYE, Joint.RIGHT_EAR),
    (Joint.NOSE, Joint.LEFT_EYE),
    (Joint.LEFT_EYE, Joint.LEFT_EAR),
    (Joint.RIGHT_SHOULDER, Joint.RIGHT_EAR),
    (Joint.LEFT_SHOULDER, Joint.LEFT_EAR),
)
"""Limbs in OpenPose's order, start to end."""

PAF_CHANNELS: Final[tuple[tuple[int, int], ...]] = (
    (12, 13), (20, 21), (14, 15), (16, 17), (22, 23), (24, 25), (0, 1), (2, 3), (4, 5), (6, 7),
    (8, 9), (10, 11), (28, 29), (30, 31), (34, 35), (32, 33), (36, 37), (18, 19), (26, 27),
)  # fmt: skip
"""Channels of the x and y component of each limb's part affinity field, in the order of LIMBS."""

LIMBS_THAT_START_A_PERSON: Final = 17
"""The last two limbs, shoulder to ear, only complete a person and never start one."""

MIRRORED: Final[tuple[Joint, ...]] = tuple(
    Joint[joint.name.replace("RIGHT", "L#").replace("LEFT", "RIGHT").replace("L#", "LEFT")]
    for joint in Joint
)
"""For each joint its partner on the other side; the middle joints are their own."""
