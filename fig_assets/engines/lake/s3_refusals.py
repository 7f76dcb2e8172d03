"""What S3 or the way to it refuses -> an error with the environment's name and the mend.

Nothing of credentials is ever told, not even in the words of boto3.
"""

from fig_assets.errors import EngineError

KEYS = (
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "RequestExpired",
    "AuthFailure",
)
REGION = ("PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraint")
DENIED = ("AccessDenied", "403", "Forbidden", "AllAccessDisabled")
NO_KEYS = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError")
LOGIN = ("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError")


def told(refusal: Exception, environment: str, address: str, right: str) -> EngineError:
    """Say what was refused where, and the mend.

    Args:
        refusal: What boto3 raised.
        environment: The name of the environment.
        address: The object or the prefix that was asked for.
        right: The action of a policy that allows what was asked.
    """
    where = f"environment '{environment}': " if environment else ""
    message, fix = _words(refusal, environment, address, right)
    return EngineError(f"{where}{address}: {message}\n  fix: {fix}")


def _words(refusal: Exception, environment: str, address: str, right: str) -> tuple[str, str]:
    response = getattr(refusal, "response", None)
    error = response.get("Error", {}) if isinstance(response, dict) else {}
    code = str(error.get("Code", ""))
    bucket = address.removeprefix("s3://").partition("/")[0]
    file = f"environments/{environment}.json" if environment else "the environment's file"
    if not code:
        return _on_the_way(type(refusal).__name__, file)
    if code in KEYS:
        return (
            f"the credentials are refused ({code})",
            "log in again, or mend AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or "
            f'"profile" of "s3" in {file}',
        )
    if code in DENIED:
        return (
            f"access is denied ({code})",
            f"allow {right} on bucket '{bucket}' to who runs this, or log in as somebody else",
        )
    if code == "NoSuchBucket":
        return (
            f"there is no bucket '{bucket}'",
            f'make it: aws s3 mb s3://{bucket}; or mend "path" in {file}',
        )
    if code in REGION:
        return f"the bucket is in another region ({code})", f'mend "region" of "s3" in {file}'
    if code in ("NotImplemented", "501"):
        return (
            "the server does not know conditional writes, without which writers lose each other's "
            "columns",
            "use Amazon S3, or a server that honours If-Match and If-None-Match",
        )
    words = str(error.get("Message", "")) or code
    return f"refused: {words} ({code})", "see what the server says, then run it again"


def _on_the_way(name: str, file: str) -> tuple[str, str]:
    """Tell what went wrong before there was an answer."""
    if name in NO_KEYS:
        return (
            "no credentials were found",
            "log in (aws sso login), export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a "
            f'"profile" under "s3" in {file}',
        )
    if name in LOGIN:
        return "the login has expired", "log in again: aws sso login"
    if name == "ProfileNotFound":
        return (
            "there is no such profile on this machine",
            f'mend AWS_PROFILE or "profile" of "s3" in {file}, or: aws configure --profile <name>',
        )
    if name in ("NoRegionError", "InvalidRegionError"):
        return "no region is known", f'write "region": "..." under "s3" in {file}'
    if name in ("InvalidEndpoint", "ValueError"):
        return "the endpoint is no address", f'mend "endpoint" of "s3" in {file}'
    return (
        f"the server cannot be reached, or went away ({name})",
        f'see that it runs and that "endpoint" of "s3" in {file} is right, then run it again: '
        "each stored day is whole, the old or the new one",
    )
