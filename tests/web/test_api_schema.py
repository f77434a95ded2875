"""The API's own description: valid, complete, readable offline, and kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from tests.web.api_server import Server, running

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    async with running(database_url, redis_url, tmp_path) as server:
        yield server


async def test_the_description_is_public_and_names_every_refusal(server: Server) -> None:
    async with server.client.get(f"{server.url}/api/openapi.json") as response:
        described = await response.json()
    assert described["servers"] == [{"url": "/api"}]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            wanted = {"200", "400", "401", "403", "404", "422", "503"}
            wanted |= {"409", "413", "415"} if method == "post" else set()
            assert wanted == set(operation["responses"]), path
            assert operation["security"] == [{"HTTPBearer": []}, {"APIKeyCookie": []}]
            assert operation["description"], path
    assert "HTTPValidationError" not in described["components"]["schemas"]


async def test_the_docs_load_nothing_from_elsewhere(server: Server) -> None:
    async with server.client.get(f"{server.url}/api/docs") as response:
        page = await response.text()
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert "http" not in page
    for part in ("/static/docs.js", "/static/style.css"):
        assert part in page
        async with server.client.get(f"{server.url}{part}") as response:
            assert response.status == 200


@pytest.mark.slow
async def test_no_request_that_fits_the_description_breaks_the_server(server: Server) -> None:
    said = await server.hear()
    await server.act(f"dialogs/{said.dialog}", "promote", seqs=[said.seq], title="A ticket")
    described = schemathesis.openapi.from_dict(server.app.openapi())
    headers = {"Authorization": f"Bearer {server.tokens['lea']}", "Idempotency-Key": "s"}

    def try_all() -> int:
        tried = 0
        for result in described.get_all_operations():
            assert isinstance(result, Ok)
            operation = result.ok()
            if operation.path == "/v1/events":
                continue

            @settings(
                max_examples=8,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def try_one(case: Any) -> None:
                case.call_and_validate(
                    base_url=f"{server.url}/api", headers=headers, checks=[not_a_server_error]
                )

            try_one()
            tried += 1
        return tried

    assert await anyio.to_thread.run_sync(try_all) > 20
