"""AWS's signature, version 4, of a request to DynamoDB."""

import hmac
from datetime import datetime
from hashlib import sha256
from typing import Final

from botocore.credentials import ReadOnlyCredentials

from ai_coordination.models.fast.lean.endpoint import SERVICE, Endpoint

CONTENT_TYPE: Final = "application/x-amz-json-1.0"
_TARGET: Final = "DynamoDB_20120810."
_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Signer:
    """Makes the headers of requests. The key of a day and secret is kept: it takes four hashes."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._kept: tuple[tuple[str, str], bytes] = (("", ""), b"")

    def headers(
        self, credentials: ReadOnlyCredentials, at: datetime, operation: str, body: bytes
    ) -> dict[str, str]:
        """Return the headers of a request, signed at a time in UTC."""
        time = at.strftime("%Y%m%dT%H%M%SZ")
        # In the order in which they are signed: by name.
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Host": self._endpoint.authority,
            "X-Amz-Date": time,
        }
        if credentials.token:
            headers["X-Amz-Security-Token"] = credentials.token
        headers["X-Amz-Target"] = _TARGET + operation
        scope = f"{time[:8]}/{self._endpoint.region}/{SERVICE}/aws4_request"
        names = ";".join(headers).lower()
        signed = "".join(f"{name.lower()}:{value}\n" for name, value in headers.items())
        request = f"POST\n/\n\n{signed}\n{names}\n{sha256(body).hexdigest()}"
        text = f"{_ALGORITHM}\n{time}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        key = self._key(credentials.secret_key or "", time[:8])
        headers["Authorization"] = (
            f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"
        )
        return headers

    def _key(self, secret: str, day: str) -> bytes:
        # Read and replaced as a whole: threads may do so at once.
        name, key = self._kept
        if name != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, self._endpoint.region, SERVICE, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._kept = (secret, day), key
        return key
