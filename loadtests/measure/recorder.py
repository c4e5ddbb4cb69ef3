"""Takes samples in while a load runs. Reading what the answers say is left until it is over."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from loadtests.measure.samples import Samples
from loadtests.protocol.marking import Mark, Marker
from loadtests.workload.arrays import Flags, Floats, Ints
from loadtests.workload.payloads import rows_of

PENDING_BYTES_MAX = 256 * 2**20  # of answers not read yet; beyond it they are read as they come
_NEVER = float("nan")


class Recorder:
    """Keeps one sample of every request: 64 bytes each, nothing summed up or thrown away.

    A service gives the same bytes to the same question again and again. So only answers that differ are
    kept, and each is read once, when `samples` is called and no clock runs: reading JSON in the loop that
    sends would make the generator the limit.
    """

    def __init__(
        self,
        rows: int,
        order: Ints,
        marker: Marker | None = None,
        *,
        variant: str = "",
        is_open: bool = False,
        part: int = 0,
    ) -> None:
        self._rows = rows
        self._order = order
        self._marker = marker
        self._variant = variant
        self._is_open = is_open
        self._part = part
        self._scheduled = array("d")
        self._due = array("d")
        self._sent = array("d")
        self._done = array("d")
        self._status = array("q")
        self._body = array("q")
        self._answer = array("q")
        self._reason = array("q")  # by number; 0 where none was given
        self._reasons = {"": 0}
        self._known: dict[tuple[int, int, bytes], int] = {}
        self._marked: dict[tuple[int, Mark], int] = {}
        self._marks: list[Mark | None] = []  # by answer; None is still to be read
        self._questions: list[tuple[int, int, bytes]] = []  # by answer: body, status, content
        self._read = 0  # answers before this one have marks
        self._pending_bytes = 0
        self._usage_time = array("d")
        self._usage_cpu = array("d")
        self._usage_waited = array("d")
        self._reconnected = array("d")
        self.given_up = _NEVER
        self.spawned = _NEVER
        self.ended = _NEVER

    def __len__(self) -> int:
        return len(self._done)

    def add(
        self,
        scheduled: float,
        due: float,
        sent: float,
        done: float,
        body: int,
        status: int,
        content: bytes,
        reason: str = "",
    ) -> None:
        """Record an answer as it came, to be read later; `reason` is why its variant was chosen."""
        key = (body, status, content)
        answer = self._known.get(key)
        if answer is None:
            answer = self._meet(key)
        self._append(scheduled, due, sent, done, status, body, answer)
        if reason:
            self._reason[-1] = self._reasons.setdefault(reason, len(self._reasons))

    def add_answer(self, sent: float, done: float, body: int, wrong: Sequence[int]) -> None:
        """Record an answer as promised, in which the labels at the places `wrong` were not the true ones."""
        self._append(sent, sent, sent, done, 200, body, self._note(body, Mark(tuple(wrong))))

    def add_failure(
        self, sent: float, done: float, body: int, *, status: int, reason: str, scheduled: float | None = None
    ) -> None:
        """Record an answer that was not as promised, or none at all (status 0)."""
        moment = sent if scheduled is None else scheduled
        self._append(moment, sent, sent, done, status, body, self._note(body, Mark(reason=reason)))

    def add_usage(self, time: float, cpu: float, waited: float = _NEVER) -> None:
        """Record that by `time` the generator had used `cpu` seconds of its core, and `waited` for it."""
        self._usage_time.append(time)
        self._usage_cpu.append(cpu)
        self._usage_waited.append(waited)

    def add_reconnection(self, time: float) -> None:
        """Record that a connection was opened for one that the service had closed between two requests."""
        self._reconnected.append(time)

    def read_some(self, answers: int) -> bool:
        """Read at most so many answers; return whether some are left. For those who must not wait long."""
        for index in range(self._read, min(self._read + answers, len(self._marks))):
            if self._marks[index] is None:
                assert self._marker is not None  # noqa: S101 - `_meet` saw to it
                self._marks[index] = self._marker(*self._questions[index])
                self._questions[index] = (0, 0, b"")
        self._read = min(self._read + answers, len(self._marks))
        return self._read < len(self._marks)

    def late(self, start: int, since: float, bound_s: float) -> int:
        """Return how many of the samples from `start` on were no success, or so much behind their schedule.

        Those that were scheduled before `since` do not count.
        """
        scheduled = np.array(self._scheduled[start:])
        late = np.array(self._done[start:]) - scheduled > bound_s
        return int(np.count_nonzero((scheduled >= since) & (late | (np.array(self._status[start:]) != 200))))

    def tail(self, start: int) -> tuple[Sequence[float], Sequence[float], list[str | None]]:
        """Return when the samples from `start` on were due and done, and why those failed that did.

        Of an answer that is not read yet nothing is known: see `read_some`.
        """
        marks = (self._marks[answer] for answer in self._answer[start:])
        return (
            self._due[start:],
            self._done[start:],
            [None if mark is None else mark.reason for mark in marks],
        )

    def samples(self, start: int = 0) -> Samples:
        """Return a copy of everything recorded from sample `start` on, every answer read."""
        while self.read_some(1024):
            pass
        size = len(self._done)
        answer = np.array(self._answer[start:size], np.int64)
        marks = [mark or Mark() for mark in self._marks]
        errors: dict[str, int] = {}
        error_of = np.array(
            [-1 if one.reason is None else errors.setdefault(one.reason, len(errors)) for one in marks],
            np.int64,
        )
        wrong_count = np.array([len(one.wrong) for one in marks], np.int64)
        error = error_of[answer]
        correct = np.where(error < 0, self._rows - wrong_count[answer], 0)
        body = np.array(self._body[start:size], np.int64)
        wrong_sample, wrong_row = self._wrong_rows(answer, body, marks, wrong_count)
        difference, astray = self._differences(answer, body, marks)
        choice, choices = self._choices(answer, np.array(self._reason[start:size], np.int64), marks)
        return Samples(
            scheduled=np.array(self._scheduled[start:size], np.float64),
            due=np.array(self._due[start:size], np.float64),
            sent=np.array(self._sent[start:size], np.float64),
            done=np.array(self._done[start:size], np.float64),
            status=np.array(self._status[start:size], np.int64),
            body=body,
            correct=correct.astype(np.int64),
            error=error.astype(np.int64),
            errors=np.array(list(errors), np.str_),
            part=np.full(size - start, self._part, np.int64),
            wrong_sample=wrong_sample,
            wrong_row=wrong_row,
            difference=difference,
            astray=astray,
            choice=choice,
            choices=choices,
            rows=self._rows,
            order=self._order,
            variant=self._variant,
            is_open=self._is_open,
            usage_time=np.array(self._usage_time, np.float64),
            usage_cpu=np.array(self._usage_cpu, np.float64),
            usage_waited=np.array(self._usage_waited, np.float64),
            reconnected=np.array(self._reconnected, np.float64),
            given_up=self.given_up,
            spawned=self.spawned,
            ended=self.ended,
        )

    def _append(
        self, scheduled: float, due: float, sent: float, done: float, status: int, body: int, answer: int
    ) -> None:
        self._scheduled.append(scheduled)
        self._due.append(due)
        self._sent.append(sent)
        self._done.append(done)
        self._status.append(status)
        self._body.append(body)
        self._answer.append(answer)
        self._reason.append(0)

    def _meet(self, key: tuple[int, int, bytes]) -> int:
        """Take an answer in that was not seen before."""
        body, status, content = key
        if status != 200:
            return self._note(body, Mark(reason=f"status {status}"))
        if self._marker is None:
            return self._note(body, Mark())
        if self._pending_bytes + len(content) > PENDING_BYTES_MAX:
            return self._note(body, self._marker(body, status, content))
        self._pending_bytes += len(content)
        self._known[key] = len(self._marks)
        self._marks.append(None)
        self._questions.append(key)
        return len(self._marks) - 1

    def _note(self, body: int, mark: Mark) -> int:
        answer = self._marked.get((body, mark))
        if answer is None:
            answer = self._marked[body, mark] = len(self._marks)
            self._marks.append(mark)
            self._questions.append((0, 0, b""))
        return answer

    def _wrong_rows(
        self, answer: Ints, body: Ints, marks: Sequence[Mark], wrong_count: Ints
    ) -> tuple[Ints, Ints]:
        """Return, for each row answered wrongly, its sample and its place in the test set; shapes (m,)."""
        places = np.array([place for one in marks for place in one.wrong], np.int64)
        first = np.concatenate([[0], np.cumsum(wrong_count)])[:-1] if len(marks) else wrong_count
        counts = wrong_count[answer]
        sample = np.repeat(np.arange(len(answer)), counts)
        within = np.arange(len(sample)) - np.repeat(np.cumsum(counts) - counts, counts)
        place = places[np.repeat(first[answer], counts) + within]
        row = self._order[(body[sample] * self._rows + place) % len(self._order)]
        return sample.astype(np.int64), np.asarray(row, np.int64)

    def _choices(
        self, answer: Ints, reason: Ints, marks: Sequence[Mark]
    ) -> tuple[Ints, npt.NDArray[np.str_]]:
        """Return for each sample the number of what was chosen, -1 for nothing, and what each number is."""
        variants = sorted({mark.variant for mark in marks})
        variant = np.array([variants.index(mark.variant) for mark in marks], np.int64)[answer]
        pairs, choice = np.unique(variant * len(self._reasons) + reason, return_inverse=True)
        reasons = list(self._reasons)
        chosen = [(variants[one // len(reasons)], reasons[one % len(reasons)]) for one in pairs.tolist()]
        if chosen and not any(chosen[0]):  # as the first is: nothing was chosen
            return choice.astype(np.int64) - 1, _as_texts(chosen[1:])
        return choice.astype(np.int64), _as_texts(chosen)

    def _differences(self, answer: Ints, body: Ints, marks: Sequence[Mark]) -> tuple[Floats, Flags]:
        """Return for each test row how far its answers were from offline, and if a label differed."""
        difference = np.full(len(self._order), np.nan)
        astray = np.zeros(len(self._order), np.bool_)
        seen, first = np.unique(answer, return_index=True)
        compared = np.array([bool(marks[index].differences) for index in seen.tolist()], np.bool_)
        if not compared.any():
            return difference, astray
        rows = rows_of(body[first[compared]], self._rows, self._order)  # (answers, rows)
        chosen = [marks[index] for index in seen[compared].tolist()]
        np.fmax.at(difference, rows, np.array([mark.differences for mark in chosen]))
        for mark, asked in zip(chosen, rows, strict=True):
            if mark.astray:
                astray[asked[list(mark.astray)]] = True
        return difference, astray


def _as_texts(chosen: Sequence[tuple[str, str]]) -> npt.NDArray[np.str_]:
    return np.array(chosen, np.str_).reshape(-1, 2)
