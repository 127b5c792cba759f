"""Valid and invalid URIs of input files."""

from ai_coordination.services import uris
from tests.support.cases import each
from tests.support.ids import short


@each(
    "uri",
    [
        "https://example.com/rfq.pdf?version=2#page=3",
        "https://EXAMPLE.com:8443/a%20b",
        "HTTPS://a/",
        "https://[2001:db8::1]:8443/a",
        "https://192.0.2.1",
        "s3://bucket/a/b.csv",
        "s3://my.bucket-1",
        "gs://my_bucket/ärger/価格.csv",
        "s3://bucket/" + "k" * 8_000,
    ],
)
def test_an_address_of_a_known_kind_is_taken(uri: str) -> None:
    assert uris.problem(uri) is None


@each(
    "uri",
    [
        "javascript:alert(document.cookie)",
        "data:text/plain,hello",
        "file:///etc/passwd",
        "http://example.com/",
        "ftp://example.com/",
        "//example.com/a",
        "/a/b",
        "bucket/key",
        "s3:bucket/key",
        "s3:///key",
        "s3://bucket:80/key",
        "s3://-bucket/key",
        "https://",
        "https:///a",
        "https://?a",
        "https://:443/a",
        "https://a:/b",
        "https://a:99999/",
        "https://a:b/",
        "http://[::1",
        "https://[::1",
        "https://[::1]x/",
        "https://exa%6Dple.com/",
        "https://a\\b/",
        "https://" + "a" * 254,
        "https://user:pw@host/",
        "https://user@host/",
        "https://@host/",
        "s3://bucket/a b",
        "s3://bucket/a\nb",
        "s3://bucket/a\tb",
        "https://a/\x00",
        "https://a/\x7f",
        "https://a/\u00a0",
        "https://a/\u200b",
        "https://a/\u2028",
        "https://a/\u202efdp.exe",
        " https://a/",
    ],
    ids=short,
)
def test_anything_else_is_refused(uri: str) -> None:
    assert uris.problem(uri)


@each("uri", ["https://exämple.com/", "https://xn--exmple-cua.com/"])
def test_a_host_is_written_in_ascii(uri: str) -> None:
    assert (uris.problem(uri) is None) == uri.isascii()
