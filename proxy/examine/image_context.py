"""Cameras that people, cars and aircraft carry, by what picture metadata name as their maker."""

from typing import Final

from proxy.examine.pictures import Camera

_BODY: Final = ("axon", "taser", "reveal media", "wolfcom", "digital ally", "watchguard", "getac", "i-pro", "edesix", "zepcam",
                "motorola solutions", "pinnacle response", "transcend", "hytera", "utility")  # fmt: skip
_DASH: Final = ("blackvue", "viofo", "nextbase", "thinkware", "garmin", "70mai", "vantrue", "rove")
_DRONE: Final = ("dji", "parrot", "autel", "skydio", "yuneec", "hasselblad l")
_HAND: Final = ("apple", "samsung", "google", "xiaomi", "huawei", "honor", "oneplus", "oppo", "vivo", "motorola", "nokia", "hmd",
                "nothing", "sony mobile", "lg", "htc", "realme", "fairphone", "gopro", "insta360")  # fmt: skip

MAKERS: Final = _BODY + _DASH + _DRONE + _HAND
"""Makers, in lower case, whose pictures come from cameras that move. Metadata are easily stripped: only presence counts."""


def is_mobile(camera: Camera) -> bool:
    """Whether the named camera is one that is worn, driven, flown or held."""
    make, model = camera.make.lower(), camera.model.lower()
    return any(make == maker or make.startswith(maker + " ") for maker in MAKERS) or any(
        word in model for word in ("body", "dash", "iphone", "pixel", "galaxy", "mavic", "drone")
    )
