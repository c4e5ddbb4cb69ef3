"""Shows live accuracy beside the latencies: a tab in Locust's web page, and a table at the end of a run."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from typing import Any, Protocol

from flask import Response, request

from loadtests.generator.load import Load
from loadtests.measure.summary import Summary

KEPT_S = 5.0
_KEY = "accuracy"
_COLUMNS = {
    "variant": "Variant",
    "rows": "Rows a request",
    "requests": "Requests",
    "failures": "Failures",
    "accuracy": "Live accuracy",
    "interval": "95% interval",
    "unique_rows": "Test rows seen",
    "p50": "p50 (ms)",
    "p95": "p95 (ms)",
    "p99": "p99 (ms)",
    "sent_p99": "p99 from sending (ms)",
}


class Source(Protocol):
    """Whoever has the load, and its figures so far."""

    def load(self) -> Load | None:
        """Return the present load, or the last; None before the first."""

    def summary(self) -> Summary | None:
        """Return what has come so far, from every process; None before the first test."""


def extend(web_ui: Any, source: Source) -> None:
    """Add the tab "Accuracy", kept up to date, and its CSV file.

    Its p99 runs from the scheduled moment, where the user class has a schedule; beside it is the one from
    the sending, which leaves out how long requests had to wait.
    """
    web_ui.template_args |= {
        "extended_tabs": [{"title": "Accuracy", "key": _KEY}],
        "extended_tables": [
            {"key": _KEY, "structure": [{"key": key, "title": title} for key, title in _COLUMNS.items()]}
        ],
        "extended_csv_files": [{"href": f"./{_KEY}/csv", "title": "Download accuracy CSV"}],
    }

    lines = Glance(source)

    def add_to_statistics(response: Response) -> Response:
        if request.endpoint == "locust.request_stats" and response.status_code == 200:
            extended = [{"key": _KEY, "data": lines()}]
            response.set_data(json.dumps({**response.get_json(), "extended_stats": extended}))
        return response

    def download() -> Response:
        text = io.StringIO()
        writer = csv.DictWriter(text, _COLUMNS)
        writer.writeheader()
        writer.writerows(lines())
        disposition = {"Content-Disposition": f"attachment;filename={_KEY}.csv"}
        return Response(text.getvalue(), mimetype="text/csv", headers=disposition)

    web_ui.app.after_request(add_to_statistics)
    base = web_ui.app.blueprints["locust"].url_prefix or ""
    web_ui.app.add_url_rule(f"{base}/{_KEY}/csv", _KEY, web_ui.auth_required_if_enabled(download))


class Glance:
    """The lines of the page, made anew every few seconds and not at every look.

    The page asks every two seconds, in the very loop that sends: to read all answers so far each time would
    make the generator late, and more so the longer the test.
    """

    def __init__(self, source: Source, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._load: Load | None = None
        self._lines: list[dict[str, str]] = []
        self._until = float("-inf")

    def __call__(self) -> list[dict[str, str]]:
        """Return the line of the present load; none before the first test."""
        load = self._source.load()
        if load is not self._load or self._clock() >= self._until:
            summary = self._source.summary()
            self._load = load
            self._lines = [line(load, summary)] if load and summary else []
            self._until = self._clock() + KEPT_S
        return self._lines


def line(load: Load, summary: Summary) -> dict[str, str]:
    """Return a load's figures, as text, by column."""
    accuracy = summary.accuracy
    return {
        "variant": str(load.target),
        "rows": str(load.payloads.rows),
        "requests": str(summary.offered),
        "failures": str(summary.failed),
        "accuracy": f"{accuracy.value:.4f}" if accuracy else "-",
        "interval": f"{accuracy.low:.4f} to {accuracy.high:.4f}" if accuracy else "-",
        "unique_rows": str(accuracy.unique_rows) if accuracy else "-",
        "p50": _ms(summary.p50_ms),
        "p95": _ms(summary.p95_ms),
        "p99": _ms(summary.p99_ms),
        "sent_p99": _ms(summary.uncorrected.p99_ms.value if summary.uncorrected else None),
    }


def table(load: Load, summary: Summary) -> list[str]:
    """Return the lines of the closing table, with every reason for a failure under it."""
    cells = line(load, summary)
    widths = [max(len(_COLUMNS[key]), len(cell)) for key, cell in cells.items()]
    titles = (f"{_COLUMNS[key]:<{width}}" for key, width in zip(cells, widths, strict=True))
    values = (f"{cell:<{width}}" for cell, width in zip(cells.values(), widths, strict=True))
    failures = [f"  {count} x {reason}" for reason, count in summary.failures.items()]
    return [
        "Accuracy against the held-out labels, and exact latencies of the answers that were as promised",
        "  ".join(titles).rstrip(),
        "  ".join("-" * width for width in widths),
        "  ".join(values).rstrip(),
        *(["", "Failures", *failures] if failures else []),
        "",
    ]


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
