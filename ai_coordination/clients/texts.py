"""Store large texts in S3."""

from collections import Counter

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination.clients.aws import CONFIG, clients
from ai_coordination.errors import TextUnavailable, Throttled

# Virtual-hosted addressing: a presigned URL then names the region, and S3 need not redirect.
_CONFIG = CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))

MOST_BYTES_OF_A_CHARACTER = 4  # in UTF-8


class TextBucket:
    """The bucket of large texts. Raises Throttled if S3 still fails after the SDK's retries."""

    def __init__(self, name: str) -> None:
        self._name = name

    def put(self, key: str, text: str) -> None:
        """Write a text. A key always has the same text, so writing it again changes nothing."""
        try:
            clients("s3", _CONFIG).put_object(
                Bucket=self._name,
                Key=key,
                Body=text.encode(),
                ContentType="text/plain; charset=utf-8",
            )
        except (BotoCoreError, ClientError) as error:
            raise Throttled("A large text could not be stored: try again later") from error

    def get(self, key: str) -> str:
        """Read a text. Raises TextUnavailable if the key does not exist.

        S3 reports a missing key only to callers that may list the bucket. Other callers get 403.
        """
        return str(self._get(Key=key), "utf-8")

    def get_start(self, key: str, characters: int) -> str:
        """Read the first characters of a text that is not empty. Raises as `get` does."""
        last = characters * MOST_BYTES_OF_A_CHARACTER - 1
        # The last character may be cut off. All others are whole.
        start = str(self._get(Key=key, Range=f"bytes=0-{last}"), "utf-8", "ignore")
        return start[:characters]

    def _get(self, **what: str) -> bytes:
        client = clients("s3", _CONFIG)
        try:
            response = client.get_object(Bucket=self._name, **what)
            return bytes(response["Body"].read())
        except client.exceptions.NoSuchKey as error:
            raise TextUnavailable("A large text is missing from the bucket") from error
        except (BotoCoreError, ClientError) as error:
            raise Throttled("A large text could not be read: try again later") from error

    def url(self, key: str, seconds: int) -> str:
        """Return a presigned URL, with which anyone can read the text for this many seconds."""
        parameters = {"Bucket": self._name, "Key": key}
        client = clients("s3", _CONFIG)
        url = client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)
        return str(url)

    def delete_all(self, prefix: str) -> None:
        """Delete all texts whose key begins with `prefix`. One failure does not stop the others.

        Raises Throttled if some may be left. Then call it again.
        """
        try:
            left = self._delete_all(prefix)
        except (BotoCoreError, ClientError) as error:
            raise Throttled("Large texts could not be deleted: try again later") from error
        if left:
            raise Throttled(f"S3 did not delete {sum(left.values())} texts: {dict(left)}")

    def _delete_all(self, prefix: str) -> Counter[str]:
        """Return how many texts could not be deleted, by S3's error code."""
        client = clients("s3", _CONFIG)
        left: Counter[str] = Counter()
        last = ""
        while True:
            listed = client.list_objects_v2(Bucket=self._name, Prefix=prefix, StartAfter=last)
            keys = [{"Key": entry["Key"]} for entry in listed.get("Contents", ())]
            if not keys:
                return left
            request = {"Objects": keys, "Quiet": True}
            response = client.delete_objects(Bucket=self._name, Delete=request)
            left.update(error["Code"] for error in response.get("Errors", ()))
            last = keys[-1]["Key"]
