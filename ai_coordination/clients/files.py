"""Objects of S3 that are not the engine's own: a session's input files."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination.clients.aws import CONFIG, clients

# Virtual-hosted addressing: a presigned URL then names the region, and S3 need not redirect.
_SIGNED = CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})


class FileUnavailable(Exception):
    """An object cannot be read. `notes` are for the tenant."""

    def __init__(self, notes: str, *, retryable: bool = False) -> None:
        super().__init__(notes)
        self.notes = notes
        self.retryable = retryable


def read(bucket: str, key: str, largest: int, admit: Callable[[int], None]) -> bytes:
    """The content of an object of at most `largest` bytes. Raises FileUnavailable.

    `admit` is told the size before the content is read, and may raise.
    """
    with _failures():
        answer = clients("s3", CONFIG).get_object(Bucket=bucket, Key=key)
        with closing(answer["Body"]) as body:
            if answer["ContentLength"] > largest:
                raise FileUnavailable(f"is larger than {largest:,} bytes")
            admit(answer["ContentLength"])
            # Without a number of bytes: only then does the SDK notice that it is cut off.
            content: bytes = body.read()
            return content


def size(bucket: str, key: str) -> int:
    """The bytes of an object. Raises FileUnavailable."""
    with _failures():
        return int(clients("s3", CONFIG).head_object(Bucket=bucket, Key=key)["ContentLength"])


def address(bucket: str, key: str, seconds: int) -> str:
    """A URL at which anyone can read an object for so many seconds. Raises FileUnavailable."""
    client = clients("s3", _SIGNED)
    with _failures():
        client.head_object(Bucket=bucket, Key=key)
        named = {"Bucket": bucket, "Key": key}
        return str(client.generate_presigned_url("get_object", Params=named, ExpiresIn=seconds))


@contextmanager
def _failures() -> Iterator[None]:
    """Turn an error of S3 into FileUnavailable."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code in _MISSING:
            raise FileUnavailable("does not exist") from error
        raise FileUnavailable(f"cannot be read ({code})", retryable=status >= 500) from error
    except BotoCoreError as error:
        notes = f"cannot be read ({type(error).__name__})"
        raise FileUnavailable(notes, retryable=True) from error
