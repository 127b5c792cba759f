"""Large texts for functions on this machine.

A payload that is too large names texts by presigned URLs. If the bucket is embedded in this
process, nothing answers at those URLs: so they are replaced by URLs of this server.
"""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError
from werkzeug.wrappers import Request, Response

from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.local.embedded import is_aws

PATH = "/texts/"
_URL = "Url"


def localized(payload: str, base: str) -> str:
    """The payload with URLs of this server, whose address is `base`, for embedded texts."""
    if f'{_URL}"' not in payload:
        return payload
    return json.dumps(_localized(json.loads(payload), base), ensure_ascii=False)


def _localized(value: Any, base: str) -> Any:
    if isinstance(value, list):
        return [_localized(item, base) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base + PATH + key_of(item)
        if name.endswith(_URL) and isinstance(item, str) and is_aws(item)
        else _localized(item, base)
        for name, item in value.items()
    }


def key_of(url: str) -> str:
    """The quoted key of a presigned URL, which names the bucket in its host or in its path."""
    parts, bucket = urlsplit(url), settings().texts_bucket
    path = parts.path
    return path[1:] if parts.netloc.startswith(f"{bucket}.") else path.removeprefix(f"/{bucket}/")


def answer(request: Request) -> Response | None:
    """The text at a URL of this server. None if the request is for something else."""
    if request.method != "GET" or not request.path.startswith(PATH):
        return None
    # The raw path, because a key contains quoted names.
    key = unquote(urlsplit(request.environ["RAW_URI"]).path.removeprefix(PATH))
    try:
        stored = clients("s3").get_object(Bucket=settings().texts_bucket, Key=key)
    except ClientError:
        return Response(status=404)
    return Response(stored["Body"].read(), content_type="text/plain; charset=utf-8")
