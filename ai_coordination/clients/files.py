"""Objects of S3 that are not the engine's own: a session's input files."""

from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination.clients.aws import CONFIG, clients

_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})


class FileUnavailable(Exception):
    """An object cannot be read. `notes` are for the tenant."""

    def __init__(self, notes: str, *, retryable: bool = False) -> None:
        super().__init__(notes)
        self.notes = notes
        self.retryable = retryable


def read(bucket: str, key: str, largest: int) -> bytes:
    """The content of an object of at most `largest` bytes. Raises FileUnavailable."""
    try:
        answer = clients("s3", CONFIG).get_object(Bucket=bucket, Key=key)
        if answer["ContentLength"] > largest:
            answer["Body"].close()
            raise FileUnavailable(f"is larger than {largest:,} bytes")
        # Without a number of bytes: only then does the SDK notice that the content is cut off.
        content: bytes = answer["Body"].read()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code in _MISSING:
            raise FileUnavailable("does not exist") from error
        raise FileUnavailable(f"cannot be read ({code})", retryable=status >= 500) from error
    except BotoCoreError as error:
        notes = f"cannot be read ({type(error).__name__})"
        raise FileUnavailable(notes, retryable=True) from error
    return content
