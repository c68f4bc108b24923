"""The HTTP API of a running search page: types of bytes, caches, limits, headers, and no 500 whatever is asked."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from PIL import Image

from tests.fix_search import ALBUM_PICTURES, HTML, HTML_ID, Collection, search_server


@pytest.fixture
def client(search_page: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=search_page, timeout=60, trust_env=False) as opened:
        yield opened


def test_a_search_pages_and_names_its_pictures(client: httpx.Client, collection: Collection) -> None:
    first = client.get("/api/search", params={"q": "a blue bird", "hits": 4}).json()
    assert {hit["id"] for hit in first["hits"]} == collection.ids_of("blue", "bird")
    assert first["good_match"] is True
    second = client.get("/api/search", params={"q": "a blue bird", "hits": 4, "offset": first["next_offset"]}).json()
    assert {hit["id"] for hit in first["hits"]}.isdisjoint(hit["id"] for hit in second["hits"])
    assert client.get(first["hits"][0]["picture"]).headers["content-type"] == "image/jpeg"
    like = client.get(first["hits"][0]["like"], params={"hits": 3}).json()
    assert {hit["id"] for hit in like["hits"]} < {hit["id"] for hit in first["hits"]}


def test_an_upload_finds_its_like(client: httpx.Client, collection: Collection) -> None:
    bird = collection.file_of("blue", "bird")
    answer = client.post("/api/search/image", params={"hits": 4}, content=bird.path.read_bytes())
    assert {hit["id"] for hit in answer.json()["hits"]} == collection.ids_of("blue", "bird")


def test_a_picture_is_cached_by_its_bytes(client: httpx.Client, collection: Collection) -> None:
    answer = client.get("/api/pictures/1")
    assert answer.content == collection.album[0].path.read_bytes()
    assert "max-age" in answer.headers["cache-control"]
    again = client.get("/api/pictures/1", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/pictures/1", headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get("/api/pictures/12345").status_code == 404


def test_bytes_that_are_no_picture_are_a_download(client: httpx.Client) -> None:
    answer = client.get(f"/api/pictures/{HTML_ID}")
    assert answer.content == HTML
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/api", "/api/health", "/static/search.js", "/absent", "/api/search?q="])
def test_every_answer_is_locked_down(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert "server" not in headers


def test_only_names_of_its_own_are_answered(client: httpx.Client) -> None:
    for name in ("localhost", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:1"):
        assert client.get("/api/pictures/1", headers={"Host": name}).status_code == 200, name
    for name in ("rebound.example.com", "localhost.example.com:8080", "169.254.1.1", ""):
        for path in ("/", "/api/pictures/1", "/api/fleet", "/static/base.css"):
            refused = client.get(path, headers={"Host": name})
            assert refused.status_code == 400, (name, path)
            assert refused.headers["x-content-type-options"] == "nosniff"


def test_a_server_answers_to_the_names_that_it_was_given(collection: Collection, tmp_path: Path) -> None:
    env_file = collection.env_file(tmp_path, search_hosts="photos.example.com, *.intern")
    with search_server(env_file) as address:
        names = ("photos.example.com", "a.intern:80", "localhost", "example.com", "intern.example.com")
        answers = [httpx.get(f"{address}/api/hints", headers={"Host": name}).status_code for name in names]
    assert answers == [200, 200, 200, 400, 400]


def test_pages_of_other_sites_send_nothing(client: httpx.Client, collection: Collection) -> None:
    bird = collection.file_of("blue", "bird").path.read_bytes()
    statuses = {
        site: client.post("/api/search/image", content=bird, headers={"Sec-Fetch-Site": site}).status_code
        for site in ("cross-site", "same-origin", "none")
    }
    assert statuses == {"cross-site": 403, "same-origin": 200, "none": 200}
    assert client.get("/api/hints", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/search", 422),
        ("/api/search?q=%20", 422),
        (f"/api/search?q={'x' * 4001}", 422),
        ("/api/search?q=a&hits=0", 422),
        ("/api/search?q=a&hits=101", 422),
        ("/api/search?q=a&hits=100&offset=950", 422),
        ("/api/search?q=%ff%00", 200),
        ("/api/search/like/abc", 422),
        (f"/api/search/like/{'9' * 39}", 422),
        (f"/api/pictures/{'9' * 38}", 404),
        ("/api/pictures/../../etc/passwd", 404),
        ("/static/../app.py", 404),
        ("/static/..%2fapp.py", 404),
    ],
)
def test_limits_are_kept_in_one_sentence(client: httpx.Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert isinstance(answer.json()["detail"], str)


def test_a_large_upload_is_refused_before_it_is_read(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(400):
            yield b"\0" * 100_000

    large = client.post("/api/search/image", content=b"\0" * 21_000_000)
    assert large.status_code == 413
    with contextlib.suppress(httpx.TransportError):  # refused and closed while this side was still sending
        assert client.post("/api/search/image", content=endless()).status_code == 413
    assert client.get("/api/hints").status_code == 200


@pytest.mark.parametrize("data", [b"", b"<html>", b"\xff\xd8\xff\xe0 not really", b"GIF89a"])
def test_uploads_that_are_no_picture_are_refused(client: httpx.Client, data: bytes) -> None:
    assert client.post("/api/search/image", content=data).status_code == 422


def test_a_bomb_is_refused(client: httpx.Client) -> None:
    bomb = io.BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    answer = client.post("/api/search/image", content=bomb.getvalue())
    assert (answer.status_code, "million pixels" in answer.json()["detail"]) == (422, True)


def test_health_tells_databases_and_models(client: httpx.Client) -> None:
    health = client.get("/api/health").json()
    assert health["status"] == "ok"
    assert {(entry["name"], entry["state"]) for entry in health["databases"]} == {
        ("sby1", "SERVING"),
        ("sby2", "SERVING"),
    }
    assert health["models"] == {"clipimg": True, "cliptxt": True}
    assert health["embedded"] == ALBUM_PICTURES + 1


def test_the_page_and_its_description_name_no_other_host(client: httpx.Client) -> None:
    for path in ("/", "/api", "/static/search.js", "/static/search.css", "/static/base.css", "/static/theme.js"):
        text = client.get(path).text
        assert "//" not in text.replace("// ", "").replace("http://www.w3.org/2000/svg", ""), path


@pytest.mark.timeout(300)
def test_no_request_of_the_schema_ends_in_a_500(search_page: str) -> None:
    schema = schemathesis.openapi.from_url(f"{search_page}/api/openapi.json")
    asked = set()
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            answer = case.call(timeout=60)
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)

        check()
        asked.add(operation.path)
    assert "/api/search" in asked
