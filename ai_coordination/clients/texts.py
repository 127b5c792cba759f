"""The bucket of the large texts."""

from collections import Counter

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination.clients.aws import CONFIG, clients
from ai_coordination.errors import TextUnavailable, Throttled

# Addressed so, a presigned url names the bucket's region: elsewhere S3 would redirect the reader.
_CONFIG = CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))


class TextBucket:
    """Texts by key. Raises Throttled where S3 does not take or give one, after its repeats."""

    def __init__(self, name: str) -> None:
        self._name = name

    def put(self, key: str, text: str) -> None:
        """Writes a text. The same key always gets the same text, so twice is as once."""
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
        """The text of a key. Raises TextUnavailable where S3 says that it has none.

        S3 says so only to callers that may list the bucket: to others a missing text is forbidden.
        """
        client = clients("s3", _CONFIG)
        try:
            found = client.get_object(Bucket=self._name, Key=key)
            return str(found["Body"].read(), "utf-8")
        except client.exceptions.NoSuchKey as error:
            raise TextUnavailable("A large text is missing: it is not in the bucket") from error
        except (BotoCoreError, ClientError) as error:
            raise Throttled("A large text could not be read: try again later") from error

    def url(self, key: str, seconds: int) -> str:
        """A presigned URL of the text, valid for so many seconds for anyone who has it."""
        given = {"Bucket": self._name, "Key": key}
        client = clients("s3", _CONFIG)
        return str(client.generate_presigned_url("get_object", Params=given, ExpiresIn=seconds))

    def delete_all(self, prefix: str) -> None:
        """Deletes every text whose key begins so. What S3 refuses keeps none of the others.

        Raises Throttled where some may be left: then it has to be called again.
        """
        try:
            left = self._delete_all(prefix)
        except (BotoCoreError, ClientError) as error:
            raise Throttled("Large texts could not be deleted: try again later") from error
        if left:
            raise Throttled(f"S3 has not deleted {sum(left.values())} texts: {dict(left)}")

    def _delete_all(self, prefix: str) -> Counter[str]:
        """How many could not be deleted, by S3's codes: its answer is no error then."""
        client = clients("s3", _CONFIG)
        left: Counter[str] = Counter()
        last = ""
        while True:
            found = client.list_objects_v2(Bucket=self._name, Prefix=prefix, StartAfter=last)
            keys = [{"Key": one["Key"]} for one in found.get("Contents", ())]
            if not keys:
                return left
            given = {"Objects": keys, "Quiet": True}
            answer = client.delete_objects(Bucket=self._name, Delete=given)
            left.update(one["Code"] for one in answer.get("Errors", ()))
            last = keys[-1]["Key"]
