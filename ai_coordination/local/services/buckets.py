"""S3: buckets with small objects. Source: Amazon S3 API Reference."""

import hashlib
import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.response import StreamingBody

from ai_coordination.local.errors import Refused
from ai_coordination.local.sqlite import File

CREATE = (
    "CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, created_at REAL NOT NULL)",
    """CREATE TABLE IF NOT EXISTS objects (
        bucket TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, content_type TEXT NOT NULL,
        modified_at REAL NOT NULL, PRIMARY KEY (bucket, key)
    )""",
)
MOST_OF_A_LIST = 1000
BINARY = "binary/octet-stream"

Request = Mapping[str, Any]
Operation = Callable[[Request], dict[str, Any]]


class Buckets:
    """All buckets with their objects. They are thread-safe."""

    def __init__(self, file: File, utc: Callable[[], datetime]) -> None:
        self._file = file
        self._utc = utc
        file.create(*CREATE)
        self._operations: dict[str, Operation] = {
            "CreateBucket": self._create,
            "DeleteBucket": self._delete,
            "DeleteObject": self._delete_object,
            "DeleteObjects": self._delete_objects,
            "GetObject": self._get_object,
            "HeadBucket": self._head,
            "HeadObject": self._head_object,
            "ListBuckets": self._list,
            "ListObjectsV2": self._list_objects,
            "PutObject": self._put_object,
        }

    def call(self, operation: str, request: Request) -> dict[str, Any]:
        """The answer to a request. Raises Refused where S3 answers with an error."""
        if operation not in self._operations:
            raise Refused("NotImplemented", f"{operation} is not supported by the embedded S3", 501)
        with self._file.transaction():
            return self._operations[operation](request)

    def _create(self, request: Request) -> dict[str, Any]:
        name = request["Bucket"]
        if self._file.first("SELECT 1 FROM buckets WHERE name = ?", (name,)):
            raise Refused("BucketAlreadyOwnedByYou", "The bucket exists, and is yours.", 409)
        now = self._utc().timestamp()
        self._file.rows("INSERT INTO buckets VALUES (?, ?)", (name, now))
        return {"Location": f"/{name}"}

    def _named(self, request: Request) -> str:
        """The bucket of a request. Raises Refused where there is none."""
        name = str(request["Bucket"])
        if not self._file.first("SELECT 1 FROM buckets WHERE name = ?", (name,)):
            raise Refused("NoSuchBucket", "The specified bucket does not exist", 404)
        return name

    def _head(self, request: Request) -> dict[str, Any]:
        self._named(request)
        return {}

    def _delete(self, request: Request) -> dict[str, Any]:
        name = self._named(request)
        if self._file.first("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", (name,)):
            raise Refused("BucketNotEmpty", "The bucket you tried to delete is not empty", 409)
        self._file.rows("DELETE FROM buckets WHERE name = ?", (name,))
        return {}

    def _list(self, request: Request) -> dict[str, Any]:  # noqa: ARG002 - like the others
        found = self._file.rows("SELECT name, created_at FROM buckets ORDER BY name")
        return {"Buckets": [{"Name": name, "CreationDate": _time(at)} for name, at in found]}

    def _put_object(self, request: Request) -> dict[str, Any]:
        body = _bytes(request.get("Body", b""))
        content_type = request.get("ContentType") or BINARY
        row = (self._named(request), request["Key"], body, content_type, self._utc().timestamp())
        self._file.rows("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", row)
        return {"ETag": _etag(body)}

    def _held(self, request: Request) -> tuple[bytes, str, float]:
        held: tuple[bytes, str, float] | None = self._file.first(
            "SELECT body, content_type, modified_at FROM objects WHERE bucket = ? AND key = ?",
            (self._named(request), request["Key"]),
        )
        if held is None:
            raise Refused("NoSuchKey", "The specified key does not exist.", 404)
        return held

    def _head_object(self, request: Request) -> dict[str, Any]:
        body, content_type, modified_at = self._held(request)
        return {
            "ContentLength": len(body),
            "ContentType": content_type,
            "ETag": _etag(body),
            "LastModified": _time(modified_at),
        }

    def _get_object(self, request: Request) -> dict[str, Any]:
        body, *_ = self._held(request)
        part = _part(body, request.get("Range"))
        stream = StreamingBody(io.BytesIO(part), len(part))
        return {**self._head_object(request), "ContentLength": len(part), "Body": stream}

    def _delete_object(self, request: Request) -> dict[str, Any]:
        self._file.rows(
            "DELETE FROM objects WHERE bucket = ? AND key = ?",
            (self._named(request), request["Key"]),
        )
        return {}

    def _delete_objects(self, request: Request) -> dict[str, Any]:
        """Deletes every object that is named; one that is missing is deleted already."""
        wanted = request["Delete"]
        for each in wanted["Objects"]:
            self._delete_object({"Bucket": request["Bucket"], "Key": each["Key"]})
        if wanted.get("Quiet"):
            return {}
        return {"Deleted": [{"Key": each["Key"]} for each in wanted["Objects"]]}

    def _list_objects(self, request: Request) -> dict[str, Any]:
        name, prefix = self._named(request), request.get("Prefix") or ""
        after = request.get("ContinuationToken") or request.get("StartAfter") or ""
        most = request.get("MaxKeys", MOST_OF_A_LIST)
        found = self._file.rows(
            "SELECT key, body, modified_at FROM objects WHERE bucket = ?"
            " AND substr(key, 1, length(?)) = ? AND key > ? ORDER BY key LIMIT ?",
            (name, prefix, prefix, after, most + 1),
        )
        contents = [
            {"Key": key, "Size": len(body), "ETag": _etag(body), "LastModified": _time(at)}
            for key, body, at in found[:most]
        ]
        more = len(found) > most
        answer: dict[str, Any] = {
            "Name": name,
            "Prefix": prefix,
            "KeyCount": len(contents),
            "MaxKeys": most,
            "IsTruncated": more,
        }
        if contents:
            answer["Contents"] = contents
        if more:
            answer["NextContinuationToken"] = contents[-1]["Key"]
        return answer


def _bytes(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray) else bytes(body.read())


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _part(body: bytes, wanted: str | None) -> bytes:
    """Return the bytes of a range from the start, the only kind that is supported."""
    if wanted is None:
        return body
    found = re.fullmatch(r"bytes=0-(\d+)", wanted)
    if found is None:
        raise Refused("NotImplemented", f"The range {wanted} is not supported", 501)
    if not body:
        raise Refused("InvalidRange", "The requested range is not satisfiable", 416)
    return body[: int(found[1]) + 1]
