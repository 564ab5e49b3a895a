"""Stripe's two sorts of keys: API keys, which say who asks, and idempotency keys, which say what was asked before.

Idempotency: the first answer to a key is kept for 24 hours by the emulator's clock, its 500 too, once the endpoint had
begun; other parameters under the same key are an error, and so is a key that is in use.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from reconciler.testing.emulators.stripe_wire import Refusal, error
from reconciler.testing.emulators.wire import Request, Response

OWNER, READER, EXPIRED = "sk_test_sandbox", "rk_test_reader", "sk_test_expired"
KEPT_SECONDS = 24 * 3600
KEY_AT_MOST = 255


def api_key(request: Request, account: str) -> str:
    """The key that came with a request, as bearer token or as a basic user; refuses none, an expired or unknown one,
    and a restricted one that may not do this.
    """
    key = request.bearer or _basic(request)
    if not key:
        raise Refusal(
            error(401, "You did not provide an API key. You need to provide your API key in the Authorization header.")
        )
    if key == EXPIRED:
        raise Refusal(error(401, f"Expired API Key provided: {_masked(key)}", code="api_key_expired"))
    if key not in (OWNER, READER):
        raise Refusal(error(401, f"Invalid API Key provided: {_masked(key)}"))
    if key == READER and (request.method != "GET" or request.path == "/v1/account"):
        kind = "rak_accounts_kyc_basic_read" if request.path == "/v1/account" else "rak_subscription_write"
        message = (
            f"The provided key '{_masked(key)}' does not have the required permissions for this endpoint on account "
            f"'{account}'. Having the '{kind}' permission would allow this request to continue."
        )
        raise Refusal(error(403, message, code="more_permissions_required"))
    return key


def idempotency_key(request: Request) -> str | None:
    """The key of a POST; on other methods it has no effect."""
    return request.headers.get("idempotency-key") if request.method == "POST" else None


def kept(request: Request, response: Response, now: int) -> dict[str, Any]:
    """What is remembered under a key."""
    return {"at": now, "print": _print(request), "status": response.status, "body": response.data().decode()}


def replayed(request: Request, key: str, document: Mapping[str, Any] | None, now: int) -> Response | None:
    """The first answer once more; None: the key is new, or pruned. Refuses other parameters than the first ones."""
    if document is None or now - document["at"] >= KEPT_SECONDS:
        return None
    if document["print"] != _print(request):
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
            f"using a key other than '{key[:KEY_AT_MOST]}' if you meant to execute a different request."
        )
        raise Refusal(error(400, message, type="idempotency_error"))
    headers = {"Idempotent-Replayed": "true", "Content-Type": "application/json"}
    return Response(document["status"], document["body"].encode(), headers)


def in_use() -> Response:
    """409: another request under the same key has not been answered yet."""
    message = "There is currently another in-progress request using this Idempotency Key."
    return error(409, message, type="idempotency_error", code="idempotency_key_in_use")


def _print(request: Request) -> str:
    return sha256(b"\0".join((request.method.encode(), request.path.encode(), request.body))).hexdigest()


def _basic(request: Request) -> str | None:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None


def _masked(key: str) -> str:
    """As Stripe quotes a key: its start and its last four characters."""
    return f"{key[:8]}{'*' * 8}{key[-4:]}"
