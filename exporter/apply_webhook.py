"""An application as a signed request."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import time
from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from exporter.apply_outcome import Act, Outcome, PointOfNoReturn
from exporter.one_answer import Auth, Session, split_url, user_of
from exporter.spec import SecretError, read_secret, source_url
from exporter.spec.apply_models import ApplyWebhook
from exporter.state import Application

TIMESTAMP = "X-Winburn-Timestamp"
SIGNATURE = "X-Winburn-Signature"
DELIVERY = "X-Winburn-Delivery"
_GRACE = 5.0


def post(webhook: ApplyWebhook) -> Act:
    """POSTs the application as JSON; done where the answer is 2xx."""
    return Act(lambda application, at, point: _post(webhook, application, at, point), 2 * webhook.timeout + _GRACE)


def body_of(application: Application, at: float) -> bytes:
    """``id`` is the same in every attempt, so that the receiver can tell a second one."""
    facts = application.facts
    document: dict[str, Any] = {
        "id": delivery(application),
        "persona" if application.kind == "variant" else "experiment": application.entity,
        "variant": application.member,
        "action": application.action,
        "occasion": application.occasion,
        "reason": facts.get("reason", ""),
        "at": facts.get("at", at),
        "facts": dict(facts),
    }
    if "weight" in facts:
        document["weight"] = facts["weight"]
    return json.dumps(document, sort_keys=True, allow_nan=False).encode()


def delivery(application: Application) -> str:
    """A name for the application that says nothing else."""
    return hashlib.sha256(json.dumps(application.key).encode()).hexdigest()[:32]


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """``v1=`` and the HMAC-SHA256, in hexadecimal, of timestamp, a dot and the body. The receiver computes the same,
    compares in constant time, and refuses timestamps that are minutes old."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _post(webhook: ApplyWebhook, application: Application, at: float, point: PointOfNoReturn) -> Outcome:
    try:
        url, secret = source_url(webhook), read_secret(webhook.secret_file)
    except SecretError as error:
        return Outcome("refused", str(error))
    body, timestamp = body_of(application, at), str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "winburn",
        DELIVERY: delivery(application),
        TIMESTAMP: timestamp,
        SIGNATURE: signature(secret, timestamp, body),
    }
    parts = split_url(url)
    auth = Auth(None, user_of(parts))
    if not point.pass_by():
        return Outcome("refused", "given up before it was sent")
    try:
        with (
            Session() as session,  # streamed: the answer's body is nobody's business, however long it is
            session.post(
                url,
                data=body,
                headers=headers,
                auth=auth,
                timeout=webhook.timeout,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            done = 200 <= answer.status_code < 300
            return Outcome("done" if done else "refused", f"HTTP {answer.status_code}")
    except requests.RequestException as error:  # its text holds the address, and with it perhaps a token
        return _failure(error)


def _failure(error: requests.RequestException) -> Outcome:
    if isinstance(error, requests.exceptions.ReadTimeout):
        return Outcome("unknown", "sent, and no answer in time")
    never_sent = {
        "no connection in time": isinstance(error, requests.exceptions.ConnectTimeout),
        "the proxy cannot be reached, or refuses": isinstance(error, requests.exceptions.ProxyError),
        "the server's certificate is not valid": _has(error, ssl.SSLCertVerificationError),
        "the address is not one of HTTP": isinstance(error, ValueError),  # InvalidURL, MissingSchema, InvalidHeader …
        "no connection": _has(error, NewConnectionError, ConnectTimeoutError),
    }
    for detail, holds in never_sent.items():
        if holds:
            return Outcome("refused", detail)
    return Outcome("unknown", "the connection broke before an answer came")


def _has(error: BaseException, *kinds: type[BaseException]) -> bool:
    """Whether one of the kinds is somewhere behind the error, where requests and urllib3 put it."""
    seen: list[BaseException] = []
    while error not in seen:
        if isinstance(error, kinds):
            return True
        seen.append(error)
        inner = error.reason if isinstance(error, MaxRetryError) else next(iter(error.args), None)
        error = inner if isinstance(inner, BaseException) else error.__context__ or error
    return False
