"""Open presigned URLs of the embedded bucket, as any holder of such a URL can."""

from urllib.parse import parse_qs, unquote, urlsplit

from ai_coordination.clients import TextBucket


def fetched(address: str) -> str:
    """The text at a presigned URL. Its host names the bucket; its signature is not checked."""
    parts = urlsplit(address)
    assert parse_qs(parts.query).keys() >= {"X-Amz-Expires", "X-Amz-Signature"}
    bucket = str(parts.hostname).partition(".")[0]
    return TextBucket(bucket).get(unquote(parts.path.removeprefix("/")))
