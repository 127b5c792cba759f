"""An issuer of tokens: OpenID Connect documents, and signatures."""

import json
import ssl
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

KEY_ID = "one"


@dataclass
class Issuer:
    """An issuer at a url, whose tokens hold for a minute."""

    url: str
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def token(self, audience: str, **claims: str) -> str:
        now = int(time.time())
        told = {"iss": self.url, "aud": audience, "iat": now, "exp": now + 60, **claims}
        header = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, told))
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_encoded(signature)}"

    def documents(self) -> dict[str, Any]:
        """What it serves, by path."""
        numbers = self.key.public_key().public_numbers()
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID}
        key |= {"n": _number(numbers.n), "e": _number(numbers.e)}
        discovered = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        discovered |= {
            f"{name}_endpoint": f"{self.url}/{name}" for name in ("authorization", "token")
        }
        return {"/.well-known/openid-configuration": discovered, "/keys": {"keys": [key]}}


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@contextmanager
def issuing(certificate: str, key: str) -> Iterator[Issuer]:
    """An issuer on this machine, with a certificate that API Gateway trusts."""
    documents: dict[str, Any] = {}

    class Documents(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = documents.get(self.path)
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *told: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Documents) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        issuer = Issuer(f"https://127.0.0.1:{server.server_port}")
        documents |= issuer.documents()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield issuer
        finally:
            server.shutdown()
