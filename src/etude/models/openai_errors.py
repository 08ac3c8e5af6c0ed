"""What a server's errors mean to the user: what was found, what was expected, what to do.

Keys never appear: not in a message, not in a choice.
"""

import os
from contextlib import suppress
from typing import Any, Protocol

from etude.errors import EtudeError, InputError, MissingError
from etude.models.openai_asking import NEVER_CAME, PATIENCE, pause_of

SHOWN = 300  # characters of the server's own words
NAMED = 12  # models that are listed


class Place(Protocol):
    """Where a model is served."""

    url: str
    model: str
    key: str
    endpoint: Any
    timeout: float


def probed(place: Place, client: Any) -> None:
    """Asks the server for its models, once and quickly; a server that has no such list is fine.

    Raises:
        MissingError: Nobody listens there, or the key is refused.
    """
    import openai

    try:
        client.with_options(max_retries=0, timeout=min(place.timeout, 20.0)).models.list()
    except openai.APITimeoutError:
        return  # busy, perhaps loading
    except (openai.APIConnectionError, openai.AuthenticationError) as error:
        raise explain(error, place, client) from None
    except Exception:
        return  # its list is not what we came for


def explain(error: Exception, place: Place, client: Any) -> EtudeError:
    """The user's error for one of the client's."""
    import openai

    if isinstance(error, EtudeError):
        return InputError(hidden(error.found, place), expected=error.expected, choices=error.choices, fix=error.fix)
    if isinstance(error, openai.APITimeoutError):
        return MissingError(
            f"the server at {place.url} gave no answer within {place.timeout:g} seconds",
            expected="an answer in time",
            fix="set a longer timeout, a lower concurrency, or fewer max_tokens",
        )
    if isinstance(error, openai.APIConnectionError) and type(error.__cause__).__name__ not in NEVER_CAME:
        return MissingError(
            f"the server at {place.url} cut the connection each time: {_cause(error)}",
            expected="a whole answer",
            fix="look at the server's own log, and run again (nothing is lost)",
        )
    if isinstance(error, openai.APIConnectionError):
        return MissingError(
            f"there is no server at {place.url}: {_cause(error)}",
            expected="a server that speaks the OpenAI protocol",
            fix=f"start it (vllm serve {place.model}), or correct the url",
        )
    if isinstance(error, (openai.AuthenticationError, openai.PermissionDeniedError)):
        return _key_refused(error, place)
    if isinstance(error, openai.APIStatusError):
        return _status(error, place, client)
    return InputError(
        f"the server at {place.url} gave no readable answer ({type(error).__name__})",
        expected="what the OpenAI protocol says",
        fix="check the url: most servers want it to end in /v1",
    )


def _key_refused(error: Any, place: Place) -> EtudeError:
    held = f"the key in {place.key}" if place.key else "a request without a key"
    return InputError(
        f"the server at {place.url} refuses {held} (status {error.status_code})",
        expected="a key that it knows",
        fix=f"export {place.key or 'SERVER_KEY'}=..." + ("" if place.key else ' and set key = "SERVER_KEY"'),
    )


def _status(error: Any, place: Place, client: Any) -> EtudeError:
    code = error.status_code
    if code == 429 or code >= 500:
        pause = pause_of(error.response.headers) or 0.0
        return MissingError(
            f"the server at {place.url} still answers with status {code} after all retries: {_words(error, place)}"
            if pause <= PATIENCE
            else f"the server at {place.url} answers with status {code} and asks for a pause of {pause:g} seconds",
            expected="an answer",
            fix="run again later (nothing is lost), or set a lower concurrency and more retries",
        )
    offered = _offered(client)
    if code in (400, 404) and offered and place.model not in offered:
        return MissingError(
            f"the server at {place.url} has no model {place.model!r}",
            expected="one that it serves",
            choices=_nearest(place.model, offered),
            fix="set model to one of these",
        )
    other = "chat" if place.endpoint == "completions" else "completions"
    fix = {
        404: f'check the url (most end in /v1), or set endpoint = "{other}"',
        405: f'check the url (most end in /v1), or set endpoint = "{other}"',
    }
    return InputError(
        f"the server at {place.url} refuses the request (status {code}): {_words(error, place)}",
        expected="settings that it takes",
        fix=fix.get(code, "change the setting that it names; a prompt that is too long wants a lower budget"),
    )


def _offered(client: Any) -> list[str]:
    """The models that the server lists; none where it does not say."""
    with suppress(Exception):
        return [str(item.id) for item in client.with_options(max_retries=0, timeout=10.0).models.list().data]
    return []


def _nearest(name: str, offered: list[str]) -> tuple[str, ...]:
    import difflib

    close = difflib.get_close_matches(name, offered, n=NAMED, cutoff=0.4)
    return tuple([*close, *(item for item in offered if item not in close)][:NAMED])


def hidden(text: str, place: Place) -> str:
    """The text without the key: a server may repeat it in what it says."""
    key = os.environ.get(place.key, "").strip() if place.key else ""
    return text.replace(key, "…") if key else text


def _words(error: Any, place: Place) -> str:
    """The server's own words, on one line, without the key."""
    body = error.body
    told = body.get("message") or body.get("detail") or body.get("error") if isinstance(body, dict) else body
    return " ".join(hidden(str(told or error.message), place).split())[:SHOWN]


def _cause(error: BaseException) -> str:
    inner: BaseException = error
    while inner.__cause__ is not None:
        inner = inner.__cause__
    return " ".join(str(inner).split())[:SHOWN] or type(inner).__name__
