"""The server of a container: `GET /ping`, and `POST /invocations` with rows that are scored.

Rows come as `application/json` (a list of objects, or `{"rows": [...]}`), as
`application/x-parquet`, or as `application/vnd.apache.arrow.stream`. The answer is
`{"scores": [...]}`: what `predict` gives, before any calibration.
"""

import io
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fig_assets.container import answers
from fig_assets.container.code import Code, load_code
from fig_assets.container.layout import INPUTS, LOCATION, Layout
from fig_assets.usercode.source import CodeError

if TYPE_CHECKING:
    Column = pa.Array[Any]

HOST, PORT = "FIG_SERVE_HOST", "SAGEMAKER_BIND_TO_PORT"
"""Environment variables; without the first only this machine reaches the server."""
LOCATION_VARIABLE = "FIG_LOCATION"
"""Names the package where no hyperparameters are left: an endpoint has the model alone."""
MOST_BYTES = 64 << 20
TYPES: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}
_PARQUET, _ARROW = "application/x-parquet", "application/vnd.apache.arrow.stream"


def serve(layout: Layout) -> int:
    """Serve until the process is told to end; returns its exit status."""
    host, port = os.environ.get(HOST, "127.0.0.1"), int(os.environ.get(PORT, "8080"))
    uvicorn.run(application(layout), host=host, port=port, log_level="warning")
    return 0


def application(layout: Layout) -> Starlette:
    """Import the package and return the application.

    Raises:
        CodeError: The package cannot be imported, or there is no model.
    """
    code = load_code(_location(layout), layout.code)
    schema = _schema(layout)

    async def ping(_: Request) -> Response:
        return Response(status_code=200)

    async def invocations(request: Request) -> Response:
        body = b""
        async for block in request.stream():
            body += block
            if len(body) > MOST_BYTES:
                return _refusal(413, f"the rows are larger than {MOST_BYTES >> 20} MiB")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            rows = _rows(kind, body, schema)
        except (ValueError, TypeError, KeyError, pa.ArrowException) as refusal:
            return _refusal(400, f"the rows cannot be read: {refusal}")
        try:
            found = await run_in_threadpool(_scored, code, rows, layout)
        except CodeError as refusal:
            return _refusal(500, refusal.message)
        return JSONResponse({"scores": found})

    routes = [
        Route("/ping", ping, methods=["GET"]),
        Route("/invocations", invocations, methods=["POST"]),
    ]
    return Starlette(routes=routes)


def _location(layout: Layout) -> str:
    found = os.environ.get(LOCATION_VARIABLE)
    if found:
        return found
    if not (layout.config / "hyperparameters.json").is_file():
        raise CodeError("nothing names the package", f"set {LOCATION_VARIABLE}")
    return str(layout.hyperparameters()[LOCATION])


def _schema(layout: Layout) -> pa.Schema:
    """Read what the model was trained on."""
    place = layout.model / INPUTS
    if not place.is_file():
        raise CodeError(f"there is no model in {layout.model}", "train one, or unpack it there")
    inputs = json.loads(place.read_bytes())["inputs"]
    kinds = [TYPES.get(entry["type"], pa.list_(pa.float64())) for entry in inputs]
    return pa.schema([(i["column"], kind) for i, kind in zip(inputs, kinds, strict=True)])


def _rows(kind: str, body: bytes, schema: pa.Schema) -> pa.Table:
    """Read the columns of `schema`; a key that a JSON row lacks is a missing value."""
    if kind == _PARQUET:
        table = pq.read_table(io.BytesIO(body))
    elif kind == _ARROW:
        table = pa.ipc.open_stream(body).read_all()
    else:
        found = json.loads(body)
        rows = found["rows"] if isinstance(found, dict) else found
        table = pa.table({name: _column(rows, name, schema) for name in schema.names})
    return table.select(schema.names).cast(schema)


def _column(rows: list[dict[str, object]], name: str, schema: pa.Schema) -> "Column":
    """Make a column of JSON values; texts are read as days and moments."""
    kind = schema.field(name).type
    values = [row.get(name) for row in rows]
    is_time = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    column: Column = pa.array(values, pa.string() if is_time else kind)
    return column.cast(kind)


def _scored(code: Code, rows: pa.Table, layout: Layout) -> list[float]:
    returned = code.call("predict", {"rows": rows, "model_dir": layout.model})
    found: list[float] = answers.scores(returned, rows.num_rows).tolist()
    return found


def _refusal(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status_code=status)
