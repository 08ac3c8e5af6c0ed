"""An exported folder as a repository of the Hugging Face hub: private unless asked otherwise.

The token comes from the environment or from `hf auth login`; it is never an argument, never printed, never written
down. Only what `etude export` wrote is uploaded: data sets and models. Tasks are not, for they hold hidden tests.
"""

from pathlib import Path
from typing import Any, Literal

from etude.errors import EtudeError, InputError, MissingError
from etude.exchange.places import MARK
from etude.records import Json

Kind = Literal["dataset", "model"]


def push(folder: Path, repository: str, kind: Kind, *, public: bool = False) -> dict[str, Json]:
    """Creates the repository where there is none, and uploads the folder as one commit.

    Args:
        repository: `OWNER/NAME`.
        public: Anybody may read it. A repository that is there already keeps its visibility.

    Returns:
        `repository`, `url` and `commit`.

    Raises:
        InputError: The name is not `OWNER/NAME`.
        MissingError: huggingface_hub is not installed, there is no token, it was refused, or the hub is out of reach.
    """
    require_name(repository)
    try:
        from huggingface_hub import HfApi, errors, get_token
    except ImportError:
        raise MissingError("huggingface_hub is not installed", fix="pip install 'etude[hub]'") from None
    if not get_token():
        raise _unknown("there is no token for the Hugging Face hub")
    api = HfApi(library_name="etude")
    try:
        place = api.create_repo(repository, repo_type=kind, private=not public, exist_ok=True)
        done = api.upload_folder(
            folder_path=folder,
            repo_id=place.repo_id,
            repo_type=kind,
            commit_message="Written by etude export",
            ignore_patterns=[MARK],
        )
    except errors.HfHubHTTPError as error:
        raise _refused(error, repository) from None
    except errors.HFValidationError as error:
        raise InputError(f"{repository!r} cannot name a repository: {_line(error)}", expected="OWNER/NAME") from None
    except Exception as error:  # no network, no name server, offline mode, a broken line: all mean the same to the user
        raise MissingError(
            f"the Hugging Face hub cannot be reached ({type(error).__name__}: {_line(error)}); {folder} is written",
            fix=f"hf upload {repository} {folder} --repo-type {kind}, where there is a network",
        ) from None
    return {"repository": place.repo_id, "url": str(place), "commit": done.oid}


def require_name(repository: str) -> None:
    """Refuses a name that no repository can have, before anything is written.

    Raises:
        InputError: It is not `OWNER/NAME`.
    """
    owner, slash, name = repository.partition("/")
    if not (owner and slash and name) or "/" in name or repository != repository.strip():
        raise InputError(f"no name of a repository: {repository!r}", expected="--push OWNER/NAME")


def _unknown(what: str) -> EtudeError:
    return MissingError(
        what,
        expected="HF_TOKEN in the environment, or a login",
        fix="hf auth login, with a token that may write",
    )


def _refused(error: Any, repository: str) -> EtudeError:
    """The hub's answer in a user's words; its own are kept to a line, and hold no token."""
    status = getattr(error.response, "status_code", 0)
    if status in (401, 403):
        return _unknown(f"the Hugging Face hub refused to write {repository} ({status})")
    reason = getattr(error, "server_message", "") or _line(error)
    return MissingError(f"the Hugging Face hub did not take {repository} ({status}): {reason}", fix="try again later")


def _line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")[:200]
