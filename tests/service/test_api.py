"""What the service answers over HTTP: the same as the command line, and problems that say what is wrong."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from inkdigits import Answer, Reader
from inkdigits.service.offline import STATIC

EXAMPLES = Path(__file__).parents[2] / "examples"
PICTURES = sorted(path for path in EXAMPLES.iterdir() if path.suffix != ".csv")


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def expected(reader: Reader, path: Path, name: str) -> list[dict[str, Any]]:
    answers = reader.read(path.read_bytes())
    return [{**answer.to_dict(), "source": name} for answer in answers]


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of an answer with `status`."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    said = response.json()
    assert said["status"] == status and said["title"] and said["detail"]
    assert said["instance"] == f"urn:request:{response.headers['x-request-id']}"
    return said


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_an_image_is_answered_as_python_answers_it(client: httpx.Client, reader: Reader, path: Path) -> None:
    response = client.post("/v1/read", content=path.read_bytes())
    assert response.status_code == 200, response.text
    assert response.json() == {"answers": expected(reader, path, "image")}
    assert [Answer.from_dict(one).to_dict() for one in response.json()["answers"]] == response.json()[
        "answers"
    ]


def test_a_form_and_json_hold_several_images(client: httpx.Client, reader: Reader) -> None:
    paths = [EXAMPLES / name for name in ("string.jpg", "two-pages.pdf", "blank.jpg")]
    wanted = [one for path in paths for one in expected(reader, path, path.name)]
    form = client.post("/v1/read", files=[("files", (path.name, path.read_bytes())) for path in paths])
    assert form.json() == {"answers": wanted}
    images = [{"name": path.name, "data": base64.b64encode(path.read_bytes()).decode()} for path in paths]
    assert client.post("/v1/read", json={"images": images}).json() == {"answers": wanted}


def test_an_image_that_cannot_be_read_costs_no_other(client: httpx.Client) -> None:
    files = [
        ("a", ("text.png", b"no picture")),
        ("b", ("string.jpg", (EXAMPLES / "string.jpg").read_bytes())),
        ("c", ("../../etc/passwd", b"")),
    ]
    bad, good, named = client.post("/v1/read", files=files).json()["answers"]
    assert bad["status"] == "error" and "not a picture" in bad["error"] and bad["text"] == ""
    assert good["text"] == "30517"
    assert named["source"] == "passwd" and "empty" in named["error"]


@pytest.mark.parametrize("name", ["..", "a/..", "C:\\..", ". .", "\0", ""])
def test_what_names_no_file_is_called_image(client: httpx.Client, name: str) -> None:
    data = base64.b64encode((EXAMPLES / "string.jpg").read_bytes()).decode()
    (answer,) = client.post("/v1/read", json={"images": [{"name": name, "data": data}]}).json()["answers"]
    assert (answer["source"], answer["text"]) == ("image", "30517")


def test_where_nothing_can_be_read_the_problem_says_why(client: httpx.Client) -> None:
    said = problem(client.post("/v1/read", content=b"no picture"), 422)
    assert "not a picture" in said["detail"] and said["answers"][0]["error"] == said["detail"]


def test_what_is_asked_of_the_numbers_is_kept(client: httpx.Client) -> None:
    content = (EXAMPLES / "string.jpg").read_bytes()
    fits = client.post("/v1/read", params={"pattern": r"\d{5}"}, content=content).json()["answers"][0]
    assert (fits["text"], fits["status"]) == ("30517", "ok")
    wrong = client.post("/v1/read", params={"length": 6}, content=content).json()["answers"][0]
    assert wrong["status"] == "unsure" and any(
        "6 digits" in reason for reason in wrong["lines"][0]["reasons"]
    )
    form = client.post("/v1/read", data={"length": "6"}, files={"file": ("image", content)})
    assert form.json()["answers"] == [wrong]
    amount = client.post("/v1/read", params={"amounts": "true"}, content=content).json()["answers"][0]
    assert amount["text"] == "30517" and amount["lines"] != fits["lines"]


@pytest.mark.parametrize(
    "parameters, names",
    [
        ({"pattern": "("}, "pattern"),
        ({"pages": "x"}, "pages"),
        ({"check": "nonsense"}, "check"),
        ({"length": 0}, "length"),
        ({"length": "many"}, "length"),
        ({"pattern": "1" * 1000}, "pattern"),
        ({"shown": "perhaps"}, "shown"),
        ({"amounts": "perhaps"}, "amounts"),
    ],
)
def test_parameters_that_make_no_sense_are_named(
    client: httpx.Client, parameters: dict[str, Any], names: str
) -> None:
    content = (EXAMPLES / "string.jpg").read_bytes()
    said = problem(client.post("/v1/read", params=parameters, content=content), 422)
    assert names in said["detail"] and "--" not in said["detail"]


def test_pages_are_chosen_and_shown(client: httpx.Client, reader: Reader) -> None:
    path = EXAMPLES / "three-pages.tif"
    response = client.post("/v1/read", params={"pages": "2-3"}, content=path.read_bytes())
    assert response.json()["answers"] == expected(reader, path, "image")[1:]
    for name, count in (("three-pages.tif", 3), ("two-pages.pdf", 2), ("page.jpg", 1)):
        shown = client.post("/v1/preview", params={"page": count}, content=(EXAMPLES / name).read_bytes())
        assert shown.headers["x-page-count"] == str(count)
        with Image.open(io.BytesIO(shown.content)) as image:
            assert image.format == "JPEG" and max(image.size) <= 1600
    content = path.read_bytes()
    assert "page" in problem(client.post("/v1/preview", params={"page": 4}, content=content), 422)["detail"]


def test_what_the_network_was_shown_comes_with_the_answer(client: httpx.Client) -> None:
    content = (EXAMPLES / "page.jpg").read_bytes()
    said = client.post("/v1/read", params={"shown": True}, content=content).json()
    (answer,), (shown,) = said["answers"], said["shown"]
    assert [len(line["digits"]) for line in answer["lines"]] == [len(line) for line in shown]
    for glyph in (glyph for line in shown for glyph in line):
        with Image.open(io.BytesIO(base64.b64decode(glyph))) as image:
            assert image.size == (28, 28) and image.getextrema()[1] > 200


def bomb() -> bytes:
    """A PNG of a few bytes that claims a hundred thousand pixels each way."""
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")):
        parts += [struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(kind + body))]
    return b"".join(parts)


def test_what_is_beyond_the_limits_is_refused_before_it_is_decoded(client: httpx.Client) -> None:
    assert (
        "more than the limit of 4,000,000" in problem(client.post("/v1/read", content=bomb()), 422)["detail"]
    )
    assert (
        "larger than 1,000,000 bytes"
        in problem(client.post("/v1/read", content=b"\x89PNG\r\n\x1a\n" + bytes(1_100_000)), 422)["detail"]
    )
    assert "larger" in problem(client.post("/v1/read", content=bytes(2_000_000)), 413)["detail"]
    # Without a length in its head, it is cut off as soon as it is too large.
    pieces = (bytes(100_000) for _ in range(100))
    assert "larger" in problem(client.post("/v1/read", content=pieces), 413)["detail"]


@pytest.mark.parametrize(
    "kind, content, status, says",
    [
        ("text/plain", b"12", 415, "send an image"),
        ("application/json", b"{", 400, "not JSON"),
        ("application/json", b"[" * 100_000, 400, "not JSON"),
        ("application/json", b"[1]", 422, "images"),
        ("application/json", b'{"images": []}', 422, "no image"),
        ("application/json", b'{"images": [{"data": "%%%"}]}', 422, "base64"),
        ("application/json", b'{"images": [{"data": 1}]}', 422, "base64"),
        ("application/json", b'{"images": [{"data": "AAAA"}], "length": [1]}', 422, "length"),
        ("multipart/form-data", b"--x", 400, "multipart"),
        ("multipart/form-data; boundary=x", b"garbage", 400, "multipart"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
            422,
            "no image",
        ),
        ("image/png", b"", 422, "empty"),
    ],
)
def test_bodies_that_hold_no_image_are_problems(
    client: httpx.Client, kind: str, content: bytes, status: int, says: str
) -> None:
    response = client.post("/v1/read", content=content, headers={"content-type": kind})
    assert says in problem(response, status)["detail"]


def test_too_many_images_are_refused(client: httpx.Client) -> None:
    images = [{"data": "AAAA"}] * 33
    assert "at most 32" in problem(client.post("/v1/read", json={"images": images}), 422)["detail"]
    files = [("f", ("a.png", b"x"))] * 33
    assert problem(client.post("/v1/read", files=files), 400)


def test_the_state_of_the_service(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["status"] == "ok"
    models = client.get("/v1/models").json()["models"]
    assert [model["kind"] for model in models] == ["glyph", "line", "glyph", "line"]
    assert all(len(model["sha256"]) == 64 for model in models)
    client.post("/v1/read", content=(EXAMPLES / "string.jpg").read_bytes())
    client.get("/made/up/by/a/stranger")
    figures = client.get("/metrics").text
    assert 'inkdigits_requests_total{path="/v1/read",status="200"}' in figures
    assert 'inkdigits_pages_total{status="ok"}' in figures and "stranger" not in figures


def test_addresses_that_are_not_there_are_problems(client: httpx.Client) -> None:
    problem(client.get("/nothing"), 404)
    problem(client.get("/static/../settings.py"), 404)
    problem(client.get("/static/%2e%2e/settings.py"), 404)
    assert problem(client.get("/v1/read"), 405)
    assert client.get("/v1/read").headers["allow"] == "POST"


def test_the_page_and_the_documentation_need_no_other_host(client: httpx.Client) -> None:
    for path in ("/", "/docs"):
        page = client.get(path)
        assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
        assert "http://" not in page.text and "https://" not in page.text and "<script>" not in page.text
    offline = client.get("/offline")
    named = offline.text.replace("http://www.w3.org/2000/svg", "")  # a name, which nobody asks for anything
    assert offline.status_code == 200 and "http://" not in named and "https://" not in named
    assert client.get("/docs/swagger/swagger-ui-bundle.js").status_code == 200
    served = [path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()]
    for name in served:
        assert client.get(f"/static/{name}").status_code == 200


def test_openapi_has_the_answer_of_the_command_line(client: httpx.Client, reader: Reader) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    (answer,) = expected(reader, EXAMPLES / "amount.png", "image")
    line = answer["lines"][0]
    for name, value in (
        ("Answer", answer),
        ("Line", line),
        ("Digit", line["digits"][0]),
        ("Mark", line["marks"][0]),
    ):
        assert set(schemas[name]["properties"]) == set(value), name
    assert json.dumps(schemas).count('"$ref"') >= 4
