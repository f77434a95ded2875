import json
import os
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bench.parts import Sink, customers_arrivals
from bench.sink import Post, read, secret_bytes, signature
from bench.systems import SECRETS


def test_a_signature_is_checked_as_standard_webhooks_says() -> None:
    # The specification's own example.
    secret = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {b"webhook-id": b"msg_p5jXN8AQM9LWM0D4loKWxJek", b"webhook-timestamp": b"1614265330"}
    post = Post(headers, b'{"test": 2432232314}', at=0)
    right = b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(post, secret) == right
    assert read(Post(headers | {b"webhook-signature": b"v1,x " + right}, post.body, 0), secret).signed
    assert not read(Post(headers | {b"webhook-signature": b"v1,x"}, post.body, 0), secret).signed


def test_the_sink_counts_answers_and_forgets(tmp_path: Path) -> None:
    with Sink.start(tmp_path, os.environ | SECRETS) as sink:
        natives = []
        for text in ("[customer 3.4] hello", "hello", "[agent 3.0] yes"):
            body = {"type": "post", "dialog": "7", "message": {"text": text}}
            request = Request(sink.desk, json.dumps(body).encode(), {"webhook-id": "k"})
            with urlopen(request, timeout=5) as answer:
                natives.append(json.load(answer)["id"])
        assert natives == ["1", "2", "3"]
        assert sink.count() == 3
        [arrival] = customers_arrivals(sink.records())
        assert (arrival.marker.visitor, arrival.marker.number, arrival.key) == (3, 4, "k")
        sink.reset()
        assert (sink.count(), sink.records()) == (0, [])


def test_the_sink_has_no_other_page(tmp_path: Path) -> None:
    with Sink.start(tmp_path, os.environ | SECRETS) as sink, pytest.raises(HTTPError, match="404") as refused:
        urlopen(f"http://127.0.0.1:{sink.port}/elsewhere", timeout=5)
    refused.value.close()
