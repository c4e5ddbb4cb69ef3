"""One load, as plain data: what is sent where, when, and for how long. It travels to whoever sends it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True)
class Order:
    """What the generator is asked to do once. Seconds and requests a second throughout."""

    host: str
    models: str
    model: str
    version: int | None
    variant: str
    """Of the bundle. Of a system it is that one's name, by which the samples are called."""
    rows: int
    scenario: str
    """A name in `scenarios`."""
    users: int
    """Connections of a closed loop; at the height of a `spike` or `rise`."""
    think_s: float
    """Between an answer and the same user's next request."""
    warmup_s: float
    duration_s: float
    rate: float
    """Of the arrivals of an open loop; 0 elsewhere."""
    seed: int
    connections: int = 0
    """The most that an open loop may open; 0 for as many as it takes. Where all are out, requests wait."""
    body: int = -1
    """The only body to send, again and again; -1 for all in turn."""
    late_ms: float = 0.0
    """From the schedule; an open loop in which more than `late_max` answers are later is given up."""
    late_max: int = -1
    """-1 for an open loop that goes on to its end."""
    offline: str = ""
    """File of the variant's predictions of the test rows, to compare the answers with; or none."""
    stays_awake: bool = False
    """Whether an open loop may keep its core busy while nothing is due: not where the service may need it."""
    system: str = ""
    """What is asked for, as `oip+http://127.0.0.1:8000/digits~int8`; or none, for a variant of the bundle."""
    rows_from: str = ""
    """File of the rows that are sent; or none, for the test set of the bundle."""
    is_binary: bool = False
    """Rows are sent to a variant of the bundle as octets, and not as JSON."""
    deadline_ms: float = 0.0
    """What each request tells the service about how long it may take; 0 where it says nothing of that."""
    timeout_s: float = 60.0
    """A client of a closed loop that has heard nothing for so long gives its request up. So does an open loop
    after its last, which waits for ten seconds at the most."""

    @property
    def seconds(self) -> float:
        return self.warmup_s + self.duration_s

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))
