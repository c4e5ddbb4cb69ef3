"""What `GET /variants` shows of live requests: agreements with the shadow, and accuracies by feedback."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel

from service.live.live import LiveShare


class ExpectedInfo(BaseModel):
    value: float
    low: float
    high: float
    """Ends of the 95% interval (Wilson)."""


class LiveInfo(BaseModel):
    variant: str
    trials: int
    """Requests that the second variant answered as well; or labels that were said."""
    low: float
    high: float
    """Ends of the 95% interval, which is valid at every look: a confidence sequence."""
    expected: ExpectedInfo | None
    """What it was on the test rows; null where the manifest does not say."""
    alarm: bool
    """Whether the live interval was ever known to be off that one."""


class AgreementInfo(LiveInfo):
    shadow: str
    agreement: float
    """The mean, over requests, of the share of rows to which both gave the same label."""


class AccuracyInfo(LiveInfo):
    accuracy: float


def agreement_info(of: LiveShare) -> AgreementInfo:
    """Describe how often a variant agrees with the one in its shadow."""
    return AgreementInfo(shadow=of.variants[1], agreement=of.share.value, **_info(of))


def accuracy_info(of: LiveShare) -> AccuracyInfo:
    """Describe how often a variant is right."""
    return AccuracyInfo(accuracy=of.share.value, **_info(of))


def _info(of: LiveShare) -> dict[str, Any]:
    return {
        "variant": of.variants[0],
        "trials": of.trials,
        "low": of.share.low,
        "high": of.share.high,
        "expected": None if of.expected is None else ExpectedInfo(**asdict(of.expected)),
        "alarm": of.alarm,
    }
