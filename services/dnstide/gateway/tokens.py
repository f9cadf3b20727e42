"""Tokens that callers have to bring: who each belongs to, until when it is good, and how many questions at
once it may ask. The file holds hashes, so that reading it lets nobody in.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import stat
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from dnstide.model.errors import AccessDenied, ServerBusy
from dnstide.model.vocabulary import TOKEN_NAME
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

log = logging.getLogger(__name__)

_SCHEME = "bearer "
"""How the metadata `authorization` begins, in any case (RFC 6750)."""


class TokensError(Exception):
    """The file of tokens cannot be used; the text says why."""


class Token(BaseModel):
    """One token: the SHA-256 of its text, the moment from which it is refused, and the most questions at
    once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    expires: AwareDatetime | None = None
    concurrency: int | None = Field(None, ge=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tokens: dict[Annotated[str, StringConstraints(pattern=TOKEN_NAME)], Token]


class Tokens:
    """Those of a TOML file, which is read anew when it changes. Belongs to one event loop."""

    def __init__(self, path: Path) -> None:
        """Raises TokensError."""
        self._path = path
        self._tokens = read_tokens(path)
        self._seen = self._look()
        self._asking: Counter[str] = Counter()

    def caller(self, authorization: str | bytes | None) -> str:
        """The name of the token that the metadata `authorization` of a call brings. Raises AccessDenied."""
        self._refresh()
        if not isinstance(authorization, str) or not authorization.lower().startswith(_SCHEME):
            raise AccessDenied("this server asks for a token: bring one (--token-file, DNSTIDE_TOKEN)")
        told = hashlib.sha256(authorization[len(_SCHEME) :].strip().encode()).hexdigest()
        # All are compared, so that the time tells nothing of which are alike.
        found = [name for name, token in self._tokens.items() if hmac.compare_digest(token.sha256, told)]
        if not found:
            raise AccessDenied("the server does not know this token")
        expires = self._tokens[found[0]].expires
        if expires is not None and expires <= datetime.now(UTC):
            raise AccessDenied(f"the token {found[0]} has expired at {expires.isoformat()}")
        return found[0]

    @contextmanager
    def asking(self, name: str) -> Iterator[None]:
        """Around a question of that caller. Raises ServerBusy where it asks as many as it may."""
        token = self._tokens.get(name)
        limit = None if token is None else token.concurrency
        if limit is not None and self._asking[name] >= limit:
            raise ServerBusy(
                f"{limit} questions of the token {name} are under way, which is all that it may ask"
            )
        self._asking[name] += 1
        try:
            yield
        finally:
            self._asking[name] -= 1

    def _look(self) -> object:
        try:
            status = self._path.stat()
        except OSError as error:
            return error.errno
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _refresh(self) -> None:
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._tokens = read_tokens(self._path)
        except TokensError as error:
            log.error("tokens stay as they were: %s", error)
        else:
            log.info("%s: %d tokens are let in", self._path, len(self._tokens))


def read_tokens(path: Path) -> dict[str, Token]:
    """The tokens of a file by their names. Raises TokensError, also where any user may write to it."""
    try:
        if path.stat().st_mode & stat.S_IWOTH:
            raise TokensError(f"{path}: any user can write to it: chmod o-w {path}")
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise TokensError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TokensError(f"{path} is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise TokensError(f"{path} is not TOML: {error}") from error
    try:
        return _File.model_validate(content).tokens
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise TokensError(f"{path}: {'; '.join(problems)}") from error
