"""Shows live accuracy beside the latencies: a tab in Locust's web page, and a table at the end of a run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from flask import Response, request

from loadtests.load import Load

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
}


def extend(web_ui: Any, load: Callable[[], Load | None]) -> None:
    """Add the tab "Accuracy", kept up to date, and its CSV file. `load` gives the present load, if any."""
    web_ui.template_args |= {
        "extended_tabs": [{"title": "Accuracy", "key": _KEY}],
        "extended_tables": [
            {"key": _KEY, "structure": [{"key": key, "title": title} for key, title in _COLUMNS.items()]}
        ],
        "extended_csv_files": [{"href": f"./{_KEY}/csv", "title": "Download accuracy CSV"}],
    }

    def lines() -> list[dict[str, str]]:
        current = load()
        return [line(current)] if current else []

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


def line(load: Load) -> dict[str, str]:
    """Return the load's figures so far, as text, by column."""
    summary = load.summary()
    accuracy = summary.accuracy
    return {
        "variant": str(load.target),
        "rows": str(load.payloads.rows),
        "requests": str(summary.answers + summary.failed),
        "failures": str(summary.failed),
        "accuracy": f"{accuracy.value:.4f}" if accuracy else "-",
        "interval": f"{accuracy.low:.4f} to {accuracy.high:.4f}" if accuracy else "-",
        "unique_rows": str(accuracy.unique_rows) if accuracy else "-",
        "p50": _ms(summary.p50_ms),
        "p95": _ms(summary.p95_ms),
        "p99": _ms(summary.p99_ms),
    }


def table(load: Load) -> list[str]:
    """Return the lines of the closing table, with every reason for a failure under it."""
    cells = line(load)
    widths = [max(len(_COLUMNS[key]), len(cell)) for key, cell in cells.items()]
    titles = (f"{_COLUMNS[key]:<{width}}" for key, width in zip(cells, widths, strict=True))
    values = (f"{cell:<{width}}" for cell, width in zip(cells.values(), widths, strict=True))
    failures = [f"  {count} x {reason}" for reason, count in load.summary().failures.items()]
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
